"""Who made a call: each call of a task, of asyncio or trio, and of a thread carries its name."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, PYTHON, Event, Trace
from tracedemo.runner import ADDRESS, RunOptions, find_target, run
from tracedemo.server import ServerOptions

MANY = 50
REQUEST = 'b"GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n"'


def recorded(folder: Path, source: str) -> Trace:
    """What a script does that fetches from our server, in lock-step; it must say nothing but "done"."""
    path = folder / "program.py"
    begin = "import sys\nhost, _, port = sys.argv[1].rpartition(':')\nport = int(port)\n"
    path.write_text(begin + textwrap.dedent(source).replace("REQUEST", REQUEST).replace("MANY", str(MANY)))
    done = run(
        find_target([str(path), ADDRESS]), RunOptions(capture=True, server=ServerOptions(pace="lockstep"))
    )
    assert ("done\n", "", 0) == (done.output, done.complaints, done.exit_code)
    return done.trace


def owners_by_connection(trace: Trace) -> dict[int, set[str | None]]:
    """Who made calls on each connection to the server."""
    fetched = {event.conn for event in trace if event.op in ("connect", "connect_ex") and event.conn}
    found: dict[int, set[str | None]] = defaultdict(set)
    for event in calls(trace):
        if event.conn in fetched:
            found[event.conn].add(event.owner)
    return found


def calls(trace: Trace) -> list[Event]:
    """The program's own calls."""
    return [event for event in trace if event.lane == PYTHON and event.mark is None]


ASYNCIO = {
    "streams": """
        async def fetch():
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(REQUEST)
            await reader.read()
            writer.close()
            await writer.wait_closed()
    """,
    "protocols": """
        class Reader(asyncio.Protocol):
            def __init__(self):
                self.ended = asyncio.get_running_loop().create_future()
            def connection_made(self, transport):
                transport.write(REQUEST)
            def connection_lost(self, error):
                self.ended.set_result(error)
        async def fetch():
            _, reader = await asyncio.get_running_loop().create_connection(Reader, host, port)
            await reader.ended
    """,
    "sockets": """
        import socket
        async def fetch():
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, (host, port))
                await loop.sock_sendall(sock, REQUEST)
                while await loop.sock_recv(sock, 4096):
                    pass
    """,
}
GATHERED = """
        async def main():
            tasks = [asyncio.create_task(fetch(), name=f"fetch-{n}") for n in range(MANY)]
            await asyncio.gather(*tasks)
"""
GROUPED = """
        async def main():
            async with asyncio.TaskGroup() as group:
                for n in range(MANY):
                    group.create_task(fetch(), name=f"fetch-{n}")
"""
NAMED_LATER = """
        async def main():
            tasks = [asyncio.ensure_future(fetch()) for n in range(MANY)]
            for n, task in enumerate(tasks):
                task.set_name(f"fetch-{n}")
            await asyncio.wait(tasks)
"""
SHARED = """
        import contextvars
        async def main():
            context = contextvars.copy_context()
            loop = asyncio.get_running_loop()
            await asyncio.wait([loop.create_task(fetch(), name=f"fetch-{n}", context=context) for n in range(MANY)])
"""
EAGER = """
        async def main():
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            await asyncio.gather(*[asyncio.create_task(fetch(), name=f"fetch-{n}") for n in range(MANY)])
"""
RUN = """
        asyncio.run(main())
        print("done")
"""
STARTS = {"gather": GATHERED, "TaskGroup": GROUPED, "named later": NAMED_LATER, "one context": SHARED}
if sys.version_info >= (3, 12):
    STARTS["eager"] = EAGER


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("kind", ASYNCIO)
def test_tasks(tmp_path: Path, kind: str, start: str) -> None:
    """Of fifty tasks each has a connection whose calls all carry its name, whatever started them and whatever they use."""
    trace = recorded(tmp_path, "        import asyncio\n" + ASYNCIO[kind] + STARTS[start] + RUN)
    found = owners_by_connection(trace)
    assert [{f"fetch-{n}"} for n in range(MANY)] == sorted(
        found.values(), key=lambda names: int(min(names)[6:])
    )
    others = {event.owner for event in calls(trace) if not (event.owner or "").startswith("fetch-")}
    assert {LOOP, None} >= others


def test_unnamed_tasks(tmp_path: Path) -> None:
    """A task that nobody named is told by its number and its coroutine."""
    start = "\n        async def main():\n            await asyncio.gather(fetch(), fetch())\n"
    trace = recorded(tmp_path, "        import asyncio\n" + ASYNCIO["streams"] + start + RUN)
    assert [{"Task-2 (fetch)"}, {"Task-3 (fetch)"}] == sorted(owners_by_connection(trace).values(), key=min)


@pytest.mark.skipif(importlib.util.find_spec("trio") is None, reason="trio is not installed")
def test_trio(tmp_path: Path) -> None:
    """Of fifty tasks of trio each has a connection whose calls all carry its name; helpers have their own."""
    source = """
        import trio
        async def fetch(n):
            sock = trio.socket.socket()
            await sock.connect((host, port))
            await sock.send(REQUEST)
            while await sock.recv(4096):
                pass
            sock.close()
        async def main():
            async with trio.open_nursery() as nursery:
                for n in range(MANY):
                    nursery.start_soon(fetch, n, name=f"fetch-{n}")
        trio.run(main)
        print("done")
    """
    found = owners_by_connection(recorded(tmp_path, source))
    assert [{f"fetch-{n}"} for n in range(MANY)] == sorted(
        found.values(), key=lambda names: int(min(names)[6:])
    )


def test_threads(tmp_path: Path) -> None:
    """Calls of threads, of a pool's too, carry the thread's name."""
    source = """
        import socket, threading
        from concurrent.futures import ThreadPoolExecutor
        def fetch():
            with socket.create_connection((host, port)) as sock:
                sock.sendall(REQUEST)
                while sock.recv(4096):
                    pass
        for n in range(3):
            thread = threading.Thread(target=fetch, name=f"fetch-{n}")
            thread.start()
            thread.join()
        with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            pool.submit(fetch).result()
        print("done")
    """
    found = owners_by_connection(recorded(tmp_path, source))
    assert [{"fetch-0"}, {"fetch-1"}, {"fetch-2"}, {"pool_0"}] == sorted(found.values(), key=min)


def test_wakeups_resume_tasks(tmp_path: Path) -> None:
    """A wakeup names the task that waited for the socket, and that goes on because of it."""
    start = "\n        async def main():\n            await asyncio.create_task(fetch(), name='the one')\n"
    trace = recorded(tmp_path, "        import asyncio\n" + ASYNCIO["streams"] + start + RUN)
    (connection,) = owners_by_connection(trace)
    woken = [
        wakeup for wakeup in Study(trace).wakeups if any(ready.conn == connection for ready in wakeup.ready)
    ]
    assert woken
    for wakeup in woken:
        assert [("the one")] == [ready.owner for ready in wakeup.ready]
        assert ["the one"] == [resumed.owner for resumed in wakeup.resumed]


def test_callbacks_do_not_overlap(tmp_path: Path) -> None:
    """A loop runs one callback at a time, and each has ended when the loop selects."""
    start = "\n        async def main():\n            await asyncio.gather(*[fetch() for n in range(5)])\n"
    trace = recorded(tmp_path, "        import asyncio\n" + ASYNCIO["streams"] + start + RUN)
    rows = [event for event in trace if event.lane == FLOW or event.op == "select"]
    assert {"callback", "select"} == {event.op for event in rows}
    for before, after in pairwise(rows):
        assert before.t1 is not None
        assert before.t1 <= after.t0
