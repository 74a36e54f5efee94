"""A program cannot tell whether it is traced: whatever it prints, raises, holds and leaves is the same.

Each script runs twice, bare and traced, and must say the same word for word. What is not compared, since it does differ:
* `type(socket.socket.recv)`, its `__module__`, and where its code lies: a wrapper is a Python function;
* the frame that a signal handler gets when it interrupts a call, and `sys._getframe()` in what a call runs: ours is there;
* `sys.meta_path`, at whose head our finder stands; `tracedemo.*` and what it needs in `sys.modules`;
* the number of variables in a `contextvars.Context` of asyncio: one of them is ours;
* on 3.15 the types `select.epoll` and `select.poll`, for which proxies stand in.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from tests.recorders.conftest import Record, WriteScript
from tracedemo.events import PYTHON
from tracedemo.recorders.inprocess.patchpoints import POINTS
from tracedemo.runner import ADDRESS, RunOptions, find_target, run
from tracedemo.server import ServerOptions


class Said(NamedTuple):
    """What a program left behind."""

    exit_code: int
    """As a shell sees it."""
    output: str
    complaints: str


def plain(text: str) -> str:
    """Addresses in memory are nobody's business."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", text)


def bare(path: Path, *words: str, module: bool = False) -> Said:
    """Run a script as its user would, with its output in files, as the runner has it."""
    command = [sys.executable, *(["-m", path.stem] if module else [str(path)]), *words]
    with (path.parent / "out").open("w+b") as out, (path.parent / "err").open("w+b") as err:
        # `env`: readline, which pytest may import, sets COLUMNS where os.environ does not see it.
        environment = dict(os.environ)
        code = subprocess.run(
            command, stdout=out, stderr=err, check=False, close_fds=False, env=environment
        ).returncode
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(plain(file.read().decode()))
    return Said(128 - code if code < 0 else code, *texts)


def traced(
    path: Path, *words: str, module: bool = False, pace: Literal["clock", "lockstep"] = "clock"
) -> Said:
    """Run it under the recorder; in lock-step it gets our server's address as one more argument."""
    words = (*words, ADDRESS) if pace == "lockstep" else words
    target = find_target(["-m", path.stem, *words] if module else [str(path), *words])
    done = run(target, RunOptions(capture=True, slots=1 << 12, server=ServerOptions(pace=pace)))
    assert not [note for note in done.trace.header.notes if "stand-ins" not in note]
    return Said(done.exit_code, plain(done.output), plain(done.complaints))


SCRIPTS = {
    "a plain one": """
        import sys
        print("out"); print("err", file=sys.stderr)
    """,
    "exit code": "import sys, socket; sys.exit(7)",
    "exit with a text": "import sys, socket; sys.exit('a text')",
    "exit with nothing": "raise SystemExit",
    "uncaught": """
        import socket
        def inner(sock):
            sock.connect(("127.0.0.1", 1))
        inner(socket.socket())
    """,
    "uncaught while another is handled": """
        import socket
        left, right = socket.socketpair()
        left.setblocking(False)
        try:
            left.recv(1)
        except BlockingIOError:
            socket.socket().getpeername()
    """,
    "syntax error": "import socket; def",
    "killed by itself": "import os, signal, socket; print('x', flush=True); os.kill(os.getpid(), signal.SIGTERM)",
    "a handler of signals": """
        import os, signal, socket
        left, right = socket.socketpair()
        signal.signal(signal.SIGALRM, lambda *_: right.send(b"alarm"))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        print(left.recv(9))
        def stop(number, frame):
            raise RuntimeError(number)
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        left.recv(9)
    """,
    "interrupted": """
        import os, signal, socket
        left, right = socket.socketpair()
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        left.recv(9)
    """,
    "atexit": """
        import atexit, socket, sys
        sock = socket.socket()
        atexit.register(lambda: print("last", sock.fileno(), sys.modules["__main__"].__name__))
        atexit.register(sock.close)
    """,
    "a thread that outlives main": """
        import socket, threading
        left, right = socket.socketpair()
        word = "a global"
        def late():
            threading.main_thread().join()
            right.recv(1)
            print(word, __name__, threading.current_thread().name)
        threading.Thread(target=late, name="late").start()
        left.send(b"x")
    """,
    "a thread that fails": """
        import socket, threading
        thread = threading.Thread(target=socket.socket().connect, args=(("127.0.0.1", 1),), name="one")
        thread.start(), thread.join()
    """,
    "arguments": """
        import sys
        import __main__
        print(sys.argv, __file__, __name__, __spec__ and __spec__.name, vars(__main__) is globals())
        print(sorted(name for name in globals()))
    """,
    "fork": """
        import os, socket
        left, right = socket.socketpair()
        if os.fork() == 0:
            left.send(b"from the child")
            os._exit(3)
        print(right.recv(99), os.waitstatus_to_exitcode(os.wait()[1]))
    """,
    "processes that are forked": """
        import multiprocessing, socket
        def work(name):
            return socket.socket().fileno() > 0, name
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(work, "abc"))
                print(pool.map(socket.inet_aton, ["127.0.0.1"]), pool.map(socket.gethostname.__call__.__class__, []))
                print(pool.map(socket.gethostbyname, ["127.0.0.1"]))
    """,
    "processes that are spawned": """
        import multiprocessing, socket, os
        def work(name):
            return socket.socket().fileno() > 0, name, sorted(key for key in os.environ if "TRACE" in key)
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(work, "ab"))
    """,
    "a child interpreter": """
        import os, subprocess, sys
        print(sorted(os.environ) == sorted(os.environb and [os.fsdecode(key) for key in os.environb]))
        code = "import os, sys, socket; print(sys.path, sorted(os.environ), type(socket.socket.recv).__name__)"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True))
    """,
    "environment and paths": """
        import os, sys
        for key in sorted(os.environ):
            print(key, os.environ[key])
        print(sys.path, sys.flags, sys.argv, sys.executable, sys.prefix, sys.warnoptions, sys.orig_argv[1:])
        print(sorted(set(vars(sys)) - {"setprofile"}), sys.getprofile(), sys.gettrace(), sys.getswitchinterval())
        print(sys.path_hooks, sys.excepthook, sys.displayhook, sys.dont_write_bytecode)
        import site
        print(site.ENABLE_USER_SITE, "sitecustomize" in sys.modules)
    """,
    "descriptors": """
        import os, select, selectors, socket, tempfile
        print([socket.socket().fileno() for _ in range(3)])
        kept = [socket.socket() for _ in range(3)]
        epoll, selector = select.epoll(), selectors.DefaultSelector()
        print([sock.fileno() for sock in kept], epoll.fileno(), selector.fileno(), os.pipe(), kept[0].dup().fileno())
        epoll.close(), selector.close()
        with tempfile.TemporaryFile() as file:
            print(file.fileno())
    """,
    "warnings": """
        import gc, socket, warnings
        warnings.simplefilter("always")
        def forget():
            socket.socket()
            sock = socket.socket()
            del sock
            cycle = [socket.socket()]
            cycle.append(cycle)
        forget()
        gc.collect()
        left, right = socket.socketpair()
        left = None
        kept = socket.socket()
    """,
    "life and death": """
        import gc, select, selectors, socket, sys, weakref
        gc.disable()
        def use():
            left, right = socket.socketpair()
            for sock in (left, right):
                sock.setblocking(False)
            try:
                left.recv(1)
            except BlockingIOError as error:
                kept = error
            left.send(b"x"), right.recv(9), right.recv_into if 0 else None
            try:
                left.connect("nowhere")
            except OSError:
                pass
            with selectors.DefaultSelector() as selector:
                selector.register(left, 3)
                selector.select(0)
            buffer = bytearray(9)
            left.send(b"y"), right.recv_into(buffer)
            buffer.clear()  # BufferError if anybody still holds it
            return [weakref.ref(sock) for sock in (left, right)], sys.getrefcount(left)
        print(use())
        print([ref() for ref in use()[0]])
        def count():
            use()
            gc.collect()
            return len(gc.get_objects())
        count(), count()
        print(count() - count())
        class Mine(socket.socket):
            def __del__(self):
                print("gone", self.fileno() >= 0)
                super().__del__()
        def mine():
            Mine()
        mine()
    """,
    "subclasses": """
        import socket
        class Loud(socket.socket):
            def send(self, data, *flags):
                print("send", data)
                return super().send(data, *flags)
            def fileno(self):
                print("fileno")
                return super().fileno()
            def gettimeout(self):
                print("gettimeout")
                return super().gettimeout()
            def getsockname(self):
                print("getsockname")
                return super().getsockname()
        class Number(int):
            def __index__(self):
                print("index")
                return 3
            __int__ = __index__
        class Text(str):
            def __repr__(self):
                print("repr")
                return "text"
        class Truth:
            def __index__(self):
                print("truth")
                return 0
            def __bool__(self):  # from 3.12 on this one is asked
                print("truth")
                return False
        loud = Loud(socket.AF_INET, socket.SOCK_DGRAM)
        loud.bind((Text("127.0.0.1"), 0))
        loud.setblocking(Truth())
        try:
            loud.recv(Number(9))
        except BlockingIOError as error:
            print(error)
        other = socket.socket(type=socket.SOCK_DGRAM)
        other.bind(("127.0.0.1", 0))
        loud.connect((Text("127.0.0.1"), other.getsockname()[1]))
        loud.send(b"x"), loud.sendall(bytearray(b"y")), loud.sendto(memoryview(b"z"), loud.getpeername())
        loud.close()
    """,
    "functions kept in a class": """
        import select, selectors, socket
        class Mine:
            look_up = socket.gethostbyname
            choose = select.select
            make = socket.socketpair
        mine = Mine()
        print(mine.look_up("127.0.0.1"), mine.choose([], [], [], 0))
        try:
            mine.make()
        except TypeError as error:
            print(error)
        except Exception as error:
            print(type(error))
        left, right = socket.socketpair()
        for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.DefaultSelector):
            with kind() as selector:
                selector.register(left, selectors.EVENT_READ)
                print(selector.select(0), selector.get_key(left).events)
    """,
    "captured functions": """
        import functools, operator, pickle, select, socket
        from socket import getaddrinfo, socketpair
        left, right = socketpair()
        left.sendall(b"abcdef")
        print(functools.partial(right.recv, 1)(), next(iter(lambda: right.recv(1), b"")), list(map(right.recv, [1, 1])))
        print(operator.methodcaller("recv", 1)(right), socket.socket.recv(right, 1), getaddrinfo("127.0.0.1", 80)[0][4])
        for function in (socket.gethostname, socket.socketpair, socket.socket.accept, select.select):
            print(pickle.loads(pickle.dumps(function)) is function, callable(function), bool(function))
        print(socket.socket.recv == socket.socket.recv, right.recv == right.recv, hash(right.recv) == hash(right.recv))
    """,
    "names and texts": """
        import inspect, select, selectors, socket, ssl, asyncio
        def tell(place, name):
            value = getattr(place, name, None)
            if value is None:
                return
            print(place.__name__, name, value.__name__, value.__qualname__, value.__doc__)
            try:
                print(inspect.signature(value))
            except (ValueError, TypeError) as error:
                print(type(error))
        for place, name in POINTS:
            tell(place, name)
        print(inspect.getsource(socket.socket.accept)[:40])
        print(inspect.iscoroutinefunction(asyncio.BaseEventLoop.create_task), help.__class__)
    """,
    "import machinery": """
        import importlib.util, sys
        for name in ("select", "socket", "ssl", "asyncio.base_events"):
            spec = importlib.util.find_spec(name)
            print(name, spec.name, spec.origin, spec.has_location, spec.loader.is_package(name) if name != "select" else "")
        import socket, ssl, select, asyncio.base_events
        for module in (socket, ssl, select, asyncio.base_events):
            print(module.__loader__ is module.__spec__.loader, type(module.__loader__), module.__spec__, module.__file__
                  if hasattr(module, "__file__") else "")
        import importlib, traceback
        importlib.reload(socket)
        try:
            socket.socket().getpeername()
        except OSError:
            print(traceback.format_exc())
    """,
    "asyncio": """
        import asyncio, contextvars, socket, traceback
        async def handle(reader, writer):
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        async def main():
            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"line\\n")
            print(await reader.read(), asyncio.current_task().get_name())
            writer.close()
            server.close()
            await server.wait_closed()
            context = contextvars.copy_context()
            async with asyncio.TaskGroup() as group:
                task = group.create_task(asyncio.sleep(0), name="named")
                other = group.create_task(asyncio.sleep(0), context=context)
            print(task.get_name(), other.get_name() != "named", type(context))
            try:
                await asyncio.open_connection("127.0.0.1", 1)
            except OSError:
                print(traceback.format_exc())
            loop = asyncio.get_running_loop()
            try:
                loop.create_task(5)
            except TypeError:
                print(traceback.format_exc())
            return loop
        loop = asyncio.run(main())
        coroutine = asyncio.sleep(0)
        try:
            loop.create_task(coroutine)
        except RuntimeError:
            print(traceback.format_exc())
        coroutine.close()
    """,
    "tls": """
        import socket, ssl, traceback
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        left, right = socket.socketpair()
        left.setblocking(False)
        client = context.wrap_socket(left, do_handshake_on_connect=False)
        print(client.fileno(), left.fileno())
        for call in (client.do_handshake, client.read, client.unwrap, client.sendto, client.dup, client.recvmsg):
            try:
                call()
            except Exception:
                print(traceback.format_exc())
        client.close()
    """,
}


def source_of(name: str) -> str:
    """The script, with the list of all patched places where it wants that."""
    rows = ", ".join(sorted({
        f"({module}{'.' + place if place else ''}, {attribute!r})"
        for module, points in POINTS.items() if module in ("socket", "select", "selectors", "ssl")
        for place, attribute, _, _ in points
        if place not in ("poll", "kqueue", "DevpollSelector", "KqueueSelector") and module + place != "selectepoll"
    }))  # fmt: skip
    return SCRIPTS[name].replace("POINTS", f"[{rows}]")


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_output_and_exit_code(name: str, script: WriteScript) -> None:
    """A program says the same on stdout and stderr, and ends with the same exit code, bare and traced."""
    path = script(source_of(name))

    alone = bare(path, "one", "two words")
    assert alone == traced(path, "one", "two words")
    assert "wrappers.py" not in alone.complaints


PACED = ["uncaught while another is handled", "a handler of signals", "a thread that fails", "fork", "warnings",
         "life and death", "subclasses", "functions kept in a class", "captured functions", "asyncio", "tls",
         "descriptors", "processes that are forked"]  # fmt: skip


@pytest.mark.parametrize("name", PACED)
def test_same_output_and_exit_code_in_lock_step(name: str, script: WriteScript) -> None:
    """The pace, which lies between a wrapper and what it wraps, is not seen either."""
    path = script(source_of(name))

    assert bare(path) == traced(path, pace="lockstep")


def test_same_as_a_module(script: WriteScript, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-m module` finds the module, and tells it its arguments, as `python -m` does."""
    path = script(SCRIPTS["arguments"].rstrip() + "\n        print(sys.path)")
    monkeypatch.chdir(path.parent)

    alone = bare(path, "-x", module=True)
    assert "program" in alone.output
    assert alone == traced(path, "-x", module=True)


@pytest.mark.parametrize("value", ["", "one", "one:two", "one::two:"])
def test_same_with_a_path_and_sitecustomize_of_the_user(
    value: str, script: WriteScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's PYTHONPATH is as it was, and a sitecustomize and usercustomize in it run once."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "sitecustomize.py").write_text(
        "import sys; print('mine', __name__, __file__)\nword = 5\n"
    )
    path = script("import os, sys; print(sys.path, os.environ['PYTHONPATH'], getattr(sys.modules.get('sitecustomize'),"
                  " 'word', None))")  # fmt: skip
    folders = [str(tmp_path / name) if name else "" for name in value.split(":")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))

    alone = bare(path)
    assert ("mine" in alone.output) == ("one" in value)
    assert alone == traced(path)


def test_same_when_the_users_sitecustomize_fails(
    script: WriteScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the user's sitecustomize is reported as ever, without a line of ours."""
    (tmp_path / "sitecustomize.py").write_text("import nonsense_that_is_not_there\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = script("print('runs on')")

    assert bare(path) == traced(path)


def test_same_imports_in_the_same_order(script: WriteScript) -> None:
    """What a program imports is imported when it asks for it, and in the same order."""
    path = script("""
        import sys
        before = list(sys.modules)
        import asyncio, ssl, selectors, socketserver, http.client
        print("\\n".join(before + ["--"] + [name for name in sys.modules if name not in before]))
    """)

    alone, with_us = (said.output.split("--\n") for said in (bare(path), traced(path)))
    early = set(with_us[0].split()) - set(alone[0].split())
    assert {name.partition(".")[0] for name in early} <= {"tracedemo", *OUR_OWN}
    assert [name for name in alone[0].split() if name not in early] == [
        name for name in with_us[0].split() if name not in early
    ]
    ours = {name for name in with_us[1].split() if name.startswith("tracedemo")} | early
    assert [name for name in alone[1].split() if name not in ours] == [
        name for name in with_us[1].split() if name not in ours
    ]


OUR_OWN = {"__future__", "itertools", "mmap", "struct", "_struct", "_contextvars", "errno"}
"""What the hook needs before the program starts; none of it does anything when it is imported."""


WRONG = """
    import io, select, selectors, socket, ssl, sys, traceback

    ready, wakes = socket.socketpair()
    wakes.send(b"x" * 50)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def watching(maker):
        made = maker()
        made.register(ready, 1)
        return made

    OBJECTS = {
        "socket": socket.socket,
        "SSLSocket": lambda: context.wrap_socket(socket.socket()),
        "epoll": lambda: watching(select.epoll),
        "poll": lambda: watching(select.poll),
        "SelectSelector": lambda: watching(selectors.SelectSelector),
        "PollSelector": lambda: watching(selectors.PollSelector),
        "EpollSelector": lambda: watching(selectors.EpollSelector),
    }
    ARGUMENTS = [
        ((), {}), ((None,), {}), ((object,), {}), ((1.5,), {}), ((-1,), {}), ((1 << 70,), {}), ((b"x",), {}),
        ((None, None), {}), ((3, object), {}), ((b"x", b"y"), {}), (([], []), {}), ((object, 1, 2), {}),
        ((1, 2, 3), {}), ((1, 2, 3, 4), {}), ((1, 2, 3, 4, 5), {}), ((1,) * 9, {}), ((), {"nonsense": 1}),
        ((1,), {"nonsense": 1}), ((), {"fileno": -7}), (("127.0.0.1",), {}), ((("127.0.0.1", []),), {}),
        ((("127.0.0.1", "x"),), {}), ((("127.0.0.1", 70000),), {}), ((["127.0.0.1", 1],), {}), ((bytearray(3), -1), {}),
        ((bytearray(3), 9), {}), ((), {"buffer": bytearray(3)}), ((), {"timeout": "x"}), (([], [], [], "x"), {}),
        (([], [], [], -1), {}), ((), {"fileobj": 9999}), ((), {"events": 1, "fileobj": 9999}), ((9999, 0), {}),
    ]

    def attempt(what, call, args, kwargs):
        try:
            result = call(*args, **kwargs)
        except BaseException as error:
            frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
            chain = [type(one).__name__ for one in (error.__context__, error.__cause__) if one]
            print(what, args, kwargs, type(error).__name__, error, getattr(error, "errno", None), frames, chain)
            print(traceback.format_exc().splitlines()[-1])
        else:
            print(what, args, kwargs, "->", type(result).__name__)
            if isinstance(result, (socket.socket, selectors.BaseSelector)):
                result.close()

    def tried(name, attribute):
        for args, kwargs in ARGUMENTS:
            if name:
                thing = OBJECTS[name]()
                if attribute == "__init__":
                    # A second __init__ would take the descriptor from under the first.
                    attempt(name, type(thing), args, kwargs)
                else:
                    attempt((name, attribute), getattr(thing, attribute), args, kwargs)
                    attempt((name, attribute, "unbound"), getattr(type(thing), attribute), args, kwargs)
                if hasattr(thing, "close"):
                    thing.close()  # selectors are cycles, and fill the descriptors until they are collected
            elif not any(isinstance(one, str) for one in args):
                attempt(attribute, getattr(MODULE, attribute), args, kwargs)

    MODULE = sys.modules[sys.argv[1]]
    for row in ROWS:
        tried(*row)
"""


@pytest.mark.parametrize("pace", ["clock", "lockstep"])
@pytest.mark.parametrize("module", ["socket", "select", "selectors", "ssl"])
def test_same_words_for_wrong_arguments(
    module: str, pace: Literal["clock", "lockstep"], script: WriteScript
) -> None:
    """Every patched method and function has the same words for wrong arguments, and the same frames in the traceback.

    Not tried: `sethostname`, which would succeed; text for lookups, which would ask a resolver; calls that could wait.
    Not compared: whether a method says `recv() takes no keyword arguments` or `socket.recv() takes ...`. CPython says the
    former of a bound method and the latter of an unbound one, and the wrapper calls the unbound one.
    """
    rows = sorted({(place, attribute) for place, attribute, _, _ in POINTS[module]})
    if module == "socket":
        rows += [("", attribute) for _, attribute, _, _ in POINTS["_socket"] if attribute != "sethostname"]
    there = ("socket", "SSLSocket", "epoll", "poll", "SelectSelector", "PollSelector", "EpollSelector", "")
    missing = {("socket", "ioctl"), ("socket", "share")}
    rows = [row for row in rows if row[0] in there and row not in missing]
    path = script(WRONG.replace("ROWS", repr(rows)))

    alone = bare(path, module)
    assert (0, "") == (alone.exit_code, alone.complaints)
    with_us = traced(path, module, pace=pace)
    owner = re.compile(r"\b(?:socket|epoll|poll)\.(\w+\(\) takes no keyword)")
    assert owner.sub(r"\1", alone.output).splitlines() == owner.sub(r"\1", with_us.output).splitlines()
    assert alone[0::2] == with_us[0::2]
    assert alone.output.count("\n") > 30 * len(rows)


def test_the_wrong_calls_do_not_spoil_the_trace(record: Record) -> None:
    """A call with wrong arguments is shown with its exception, or not at all; the right ones beside it are all there."""
    done = record("""
        import socket
        sock = socket.socket()
        for args in ((), (None,), ("a", "b"), (("127.0.0.1", []),)):
            try:
                sock.connect(*args)
            except TypeError:
                sock.getsockname()
        sock.close()
    """)

    assert (0, "") == (done.exit_code, done.complaints)
    ops = [
        event.op
        for event in done.trace.lane(PYTHON)
        if event.op != "connect" and "importing" not in event.args
    ]
    assert ["socket", *["getsockname"] * 4, "close"] == ops
    assert {"TypeError"} >= {event.exc for event in done.trace.lane(PYTHON) if event.op == "connect"}
    assert () == done.trace.header.notes or all("stand-ins" in note for note in done.trace.header.notes)
