"""A program cannot tell whether it is traced: whatever it prints, raises, holds and leaves is the same.

Each script runs twice, bare and traced, and must say the same word for word. What does differ stands in bare_and_traced.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.recorders.conftest import WriteScript
from tests.recorders.inprocess.bare_and_traced import bare, traced
from tracedemo.recorders.inprocess.patchpoints import POINTS

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
