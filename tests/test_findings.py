"""What findings say of real programs: for each kind one that must trigger it, and one nearly the same that must not.

Each script is run by the runner. Nothing in them is a matter of luck: both ends of a pair are in one hand, a server is a
thread of the same program, and what is to take long burns processor time until the clock says so.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from tracedemo.analysis.findings import KINDS, Finding
from tracedemo.analysis.study import Study
from tracedemo.runner import ADDRESS, RunOptions, find_target, run
from tracedemo.server import ServerOptions

ROOT = Path(__file__).parents[1]


def findings(path: Path, *words: str, **options: object) -> list[Finding]:
    """What a run of a script tells."""
    done = run(find_target([str(path), *words]), RunOptions(**{"capture": True, "slots": 1 << 14} | options))
    assert (0, "") == (done.exit_code, done.complaints)
    return list(Study(done.trace).findings)


def of_variant(name: str, requests: int = 3) -> list[str]:
    """The kinds that a lock-step run of a variant tells."""
    options = RunOptions(capture=True, requests=requests, server=ServerOptions(pace="lockstep"))
    done = run(find_target([name]), options)
    assert 0 == done.exit_code, done.complaints
    return [finding.kind for finding in Study(done.trace).findings]


LOOP = """
    import asyncio, socket, threading, time
    a, b = socket.socketpair()
    a.setblocking(False)
    def burn(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
"""
"""What scripts of event loops begin with."""

END = """
    a.close(), b.close()
"""

SERVER = """
    import socket, threading
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    def serve(times, answers, stays):
        for _ in range(times):
            peer, _ = listener.accept()
            with peer:
                for _ in range(answers):
                    peer.recv(100)
                    peer.send(b"answer")
                if stays:
                    peer.recv(1)
    def start(times, answers=1, stays=True):
        thread = threading.Thread(target=serve, args=(times, answers, stays))
        thread.start()
        return thread
"""
"""A server in a thread: after its answers it stays until the client closes, or goes first."""


class Pair(NamedTuple):
    """Two programs, nearly the same."""

    kind: str
    bad: str
    good: str
    before: str = ""
    after: str = ""


PAIRS = {
    "one fails all": Pair(
        "one-fails-all",
        """
        try:
            for sock in socks:
                select.select([sock], [], [])
                sock.recv(10)
        except OSError:
            pass
        """,
        """
        for sock in socks:
            select.select([sock], [], [])
            with sock:
                try:
                    sock.recv(10)
                except OSError:
                    pass
        """,
        """
        import select, socket, struct
        listener = socket.create_server(("127.0.0.1", 0))
        socks = [socket.create_connection(listener.getsockname()) for _ in range(2)]
        peers = [listener.accept()[0] for _ in range(2)]
        for sock in socks:
            sock.setblocking(False)
            sock.send(b"question")
            try:
                sock.recv(10)
            except BlockingIOError:
                pass
        peers[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peers[0].close()
        peers[1].send(b"answer")
        """,
        """
        peers[1].close(), listener.close()
        """,
    ),
    "blocking call": Pair(
        "blocking-call",
        """
        async def main():
            b.setblocking(True)
            a.send(b"x")
            b.recv(1)
        asyncio.run(main())
        """,
        """
        async def main():
            b.setblocking(False)
            a.send(b"x")
            await asyncio.get_running_loop().sock_recv(b, 1)
        asyncio.run(main())
        """,
        LOOP,
        END,
    ),
    "blocking call that waits": Pair(
        "blocking-call",
        """
        asked = threading.Event()
        def answer():
            asked.wait()
            burn(0.001)
            a.send(b"x")
        async def main():
            asked.set()
            b.recv(1)
        thread = threading.Thread(target=answer)
        thread.start()
        asyncio.run(main())
        thread.join()
        """,
        """
        asked = threading.Event()
        def answer():
            asked.wait()
            burn(0.001)
            a.send(b"x")
        async def main():
            asked.set()
            await asyncio.to_thread(b.recv, 1)
        thread = threading.Thread(target=answer)
        thread.start()
        asyncio.run(main())
        thread.join()
        """,
        LOOP,
        END,
    ),
    "lookup": Pair(
        "lookup-in-loop",
        """
        async def main():
            socket.getaddrinfo("localhost", 80)
        asyncio.run(main())
        """,
        """
        async def main():
            await asyncio.get_running_loop().getaddrinfo("localhost", 80)
            socket.getaddrinfo("127.0.0.1", 80)
        asyncio.run(main())
        """,
        LOOP,
        END,
    ),
    "long turn": Pair(
        "long-turn",
        """
        async def main():
            burn(0.08)
        asyncio.run(main())
        """,
        """
        async def main():
            await asyncio.to_thread(burn, 0.08)
        asyncio.run(main())
        """,
        LOOP,
        END,
    ),
    "busy loop": Pair(
        "busy-loop",
        """
        asked = 0
        while asked < 300:  # who loses the processor for over 1 ms begins anew
            try:
                a.recv(1)
            except BlockingIOError:
                asked += 1
        """,
        """
        import select
        for _ in range(30):
            b.send(b"x")
            select.select([a], [], [])
            a.recv(9)
            try:
                a.recv(9)
            except BlockingIOError:
                pass
        """,
        LOOP,
        END,
    ),
    "woken again": Pair(
        "woken-again",
        """
        import selectors
        with selectors.DefaultSelector() as selector:
            selector.register(a, selectors.EVENT_READ)
            b.send(b"xyz")
            for _ in range(3):
                selector.select()
        a.recv(9)
        """,
        """
        import selectors
        with selectors.DefaultSelector() as selector:
            selector.register(a, selectors.EVENT_READ)
            b.send(b"xyz")
            for _ in range(3):
                selector.select()
                a.recv(1)
        """,
        LOOP,
        END,
    ),
    "woken again by select": Pair(
        "woken-again",
        """
        import select
        b.send(b"xyz")
        for _ in range(2):
            select.select([a], [], [])
        a.recv(9)
        """,
        """
        import select
        b.send(b"xyz")
        for _ in range(3):
            select.select([a], [], [], 0)
        a.recv(9)
        """,
        LOOP,
        END,
    ),
    "SO_ERROR": Pair(
        "no-so-error",
        """
        sock.send(b"x")
        """,
        """
        assert 0 == sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        sock.send(b"x")
        """,
        """
        import select, socket
        listener = socket.create_server(("127.0.0.1", 0))
        sock = socket.socket()
        sock.setblocking(False)
        try:
            sock.connect(listener.getsockname())
        except BlockingIOError:
            select.select([], [sock], [])
        """,
        """
        sock.close(), listener.close()
        """,
    ),
    "connection for each request": Pair(
        "connection-per-request",
        """
        thread = start(4)
        for _ in range(4):
            with socket.create_connection(address) as sock:
                sock.send(b"question")
                sock.recv(100)
        thread.join()
        """,
        """
        thread = start(1, answers=4)
        with socket.create_connection(address) as sock:
            for _ in range(4):
                sock.send(b"question")
                sock.recv(100)
        thread.join()
        """,
        SERVER,
        """
        listener.close()
        """,
    ),
    "connection for each request, ended by the server": Pair(
        "connection-per-request",
        """
        thread = start(4)
        for _ in range(4):
            with socket.create_connection(address) as sock:
                sock.send(b"question")
                sock.recv(6)
        thread.join()
        """,
        """
        thread = start(4, stays=False)
        for _ in range(4):
            with socket.create_connection(address) as sock:
                sock.send(b"question")
                while sock.recv(100):
                    pass
        thread.join()
        """,
        SERVER,
        """
        listener.close()
        """,
    ),
    "byte by byte": Pair(
        "one-byte-reads",
        """
        b.send(b"x" * 40)
        for _ in range(40):
            a.recv(1)
        """,
        """
        for _ in range(40):
            b.send(b"x")
            a.recv(40)
        """,
        LOOP,
        END,
    ),
    "register each wait": Pair(
        "register-each-wait",
        """
        import selectors
        with selectors.DefaultSelector() as selector:
            for _ in range(4):
                b.send(b"x")
                selector.register(a, selectors.EVENT_READ)
                selector.select()
                selector.unregister(a)
                a.recv(9)
        """,
        """
        import selectors
        with selectors.DefaultSelector() as selector:
            selector.register(a, selectors.EVENT_READ)
            for _ in range(4):
                b.send(b"x")
                selector.select()
                a.recv(9)
            selector.unregister(a)
        """,
        LOOP,
        END,
    ),
    "never closed": Pair(
        "never-closed",
        """
        sock = socket.socket()
        """,
        """
        with socket.socket() as sock:
            pass
        """,
        LOOP,
        END,
    ),
    "garbage": Pair(
        "never-closed",
        """
        import warnings
        warnings.simplefilter("ignore")
        sock = socket.socket()
        del sock
        """,
        """
        sock = socket.socket()
        sock.close()
        del sock
        """,
        LOOP,
        END,
    ),
}  # fmt: skip
"""Of each kind at least one: a program with the mistake, and the same without."""


def write(folder: Path, pair: Pair, text: str) -> Path:
    path = folder / "program.py"
    path.write_text("".join(map(textwrap.dedent, (pair.before, text, pair.after))), encoding="utf-8")
    return path


def test_every_kind_is_tried() -> None:
    """No kind is without its two programs."""
    # A wait without a deadline has no end, and these programs have: tests/test_faults.py has those.
    assert {kind.name for kind in KINDS} - {"no-deadline"} == {pair.kind for pair in PAIRS.values()}


@pytest.mark.parametrize("name", PAIRS)
def test_bad_program(name: str, tmp_path: Path) -> None:
    """A program with the mistake triggers its finding, whose evidence names lines of the script."""
    path = write(tmp_path, PAIRS[name], PAIRS[name].bad)
    found = {finding.kind: finding for finding in findings(path)}

    assert PAIRS[name].kind in found
    assert {str(path)} == {place.site.file for place in found[PAIRS[name].kind].places}


@pytest.mark.parametrize("name", PAIRS)
def test_good_program(name: str, tmp_path: Path) -> None:
    """The same program without the mistake triggers nothing of that kind."""
    path = write(tmp_path, PAIRS[name], PAIRS[name].good)
    # On a busy machine another program may have the processor for longer than any turn may take; not each time.
    tries = [[finding.kind for finding in findings(path)] for _ in range(5 if name == "long turn" else 1)]

    assert any(PAIRS[name].kind not in found for found in tries)
    assert all(set(found) <= {"long-turn"} for found in tries)


@pytest.mark.parametrize(
    ("variant", "kinds"),
    [
        ("blocking", []),
        ("threads", []),
        ("nonblocking", ["busy-loop"]),
        ("selector", ["no-so-error", "register-each-wait"]),
        ("asyncio_sock", ["register-each-wait"]),
        ("asyncio_streams", []),
    ],
)
def test_variants(variant: str, kinds: list[str]) -> None:
    """Of the programs of the post only those with a weak point are told to have it."""
    assert kinds == [kind for kind in of_variant(variant) if kind != "long-turn"]


@pytest.mark.parametrize("pace", ["lockstep", "clock"])
def test_good_client(pace: str) -> None:
    """About docs/examples/good_client.py there is nothing to say."""
    path = ROOT / "docs" / "examples" / "good_client.py"
    server = ServerOptions(pace=pace, delay_ms=1, gap_ms=1)
    found: list[Finding] = []
    # Another program may have had the processor for longer than a turn may take; hardly so three times.
    for _ in range(3):
        found = findings(path, ADDRESS, server=server)
        if not found:
            break

    assert [] == found


def test_good_client_fetches() -> None:
    """The good client does what it says: three pages over one connection."""
    path = ROOT / "docs" / "examples" / "good_client.py"
    done = run(
        find_target([str(path), ADDRESS, "-n", "3"]),
        RunOptions(capture=True, server=ServerOptions(pace="lockstep")),
    )

    assert "#1  1200 bytes\n#2  1200 bytes\n#3  1200 bytes\n" == done.output
    assert 1 == sum(socket.peer is not None for socket in Study(done.trace).connections)
