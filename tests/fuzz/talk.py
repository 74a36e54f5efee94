"""Bytes that make no sense, over real sockets: to the server as requests, and to the variants as answers."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import re
import signal
import socket
import struct
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType, ModuleType

from tests.fuzz.mutations import Mutator
from tracedemo.server import ServerOptions, running_server
from tracedemo.server.request import MAX_HEAD, Refusal, Request, RequestParser
from tracedemo.variants import VARIANTS

Try = Callable[[Random], None]
PATIENCE_S = 60
"""After which a try counts as one that hangs."""
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
REQUESTS = (
    GET,
    GET * 3,
    b"HEAD /a?b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + GET,
    b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello" + GET,
    b"\r\n\r\nGET / HTTP/1.1\nHost: here\n\n",
    b"GET / HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
)
IN_HTTP = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b":", b"\0", b"\t", b"\xff\xfe", b"HTTP/1.1", b"HTTP/2.0", b"GET", b"chunked",
    b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n", b"\x16\x03\x01", b"x" * 70_000,
)  # fmt: skip
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n" + bytes(range(250)) * 36,
    b"",
)


def pieces(data: bytes, draw: Random) -> list[bytes]:
    """The same bytes, cut anywhere."""
    if not data or draw.randrange(3) == 0:
        return [data]
    cuts = sorted(draw.randrange(len(data) + 1) for _ in range(draw.choice((1, 3, 9))))
    return [data[first:end] for first, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if end > first]


@contextmanager
def requests() -> Iterator[Try]:
    """Bytes as requests: the same requests and refusals however they are cut, and nothing after a refusal."""

    def facts(portions: list[bytes]) -> list[tuple[object, ...]]:
        parser = RequestParser()
        found = [one for portion in portions for one in parser.feed(portion)]
        assert not any(isinstance(one, Refusal) for one in found[:-1])
        assert all(one.size <= MAX_HEAD + one.body for one in found if isinstance(one, Request))
        return [
            (one.status, one.why)
            if isinstance(one, Refusal)
            else (one.method, one.line, one.size, one.keep_alive)
            for one in found
        ]

    def attempt(draw: Random) -> None:
        data = Mutator(draw, IN_HTTP)(draw.choice(REQUESTS))
        assert facts([data]) == facts(pieces(data, draw))

    yield attempt


@contextmanager
def server() -> Iterator[Try]:
    """Bytes to a live server: it answers each request that was in them, or refuses, and serves the next client."""
    options = ServerOptions(delay_ms=0, gap_ms=0, pieces=2, size=300)
    with TemporaryDirectory() as name, running_server(options, Path(name)) as running:
        place = (running.host, running.port)
        number = 0

        def attempt(draw: Random) -> None:
            nonlocal number
            number += 1
            data = Mutator(draw, IN_HTTP)(draw.choice(REQUESTS))
            with socket.create_connection(place, PATIENCE_S) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not _exchange(client, pieces(data, draw), draw):
                    return
                answer = _read_all(client)
            asked = RequestParser().feed(data)
            _check_answers(answer, asked)
            if number % 20 == 0:
                with socket.create_connection(place, PATIENCE_S) as good:
                    good.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                    assert _read_all(good).endswith(running.body), "a good client got no answer"
                assert 0 == running.events().broken

        yield attempt
        assert [] == [event.detail for event in running.events() if "Traceback" in (event.detail or "")]
        assert "" == (Path(name) / "server.stderr").read_text()


def _exchange(client: socket.socket, portions: list[bytes], draw: Random) -> bool:
    """Send; False: the client left in the middle, or the server did, as it may after a refusal."""
    leaves = draw.randrange(5) == 0
    try:
        for portion in portions:
            client.sendall(portion)
        if leaves:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        client.shutdown(socket.SHUT_WR)
    except OSError:  # EPIPE, ECONNRESET, ENOTCONN
        return False
    return True


def _read_all(client: socket.socket) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            data += piece
    return data


def _check_answers(answer: bytes, asked: list[Request | Refusal]) -> None:
    """As many answers as requests up to the first that closes, each whole, with the status of its refusal, if it is one."""
    for one in asked:
        head, blank, answer = answer.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        assert blank, "an answer is missing"
        assert status, head
        assert length, head
        size = 0 if isinstance(one, Request) and one.method == "HEAD" else int(length[1])
        assert len(answer) >= size, "an answer is cut short"
        answer = answer[size:]
        if isinstance(one, Refusal):
            assert one.status == int(status[1])
        elif one.keep_alive:
            continue
        break
    assert answer == b"" or _refused(answer), answer[:80]


def _refused(answer: bytes) -> bool:
    """The end of a request that never came."""
    return answer.startswith(b"HTTP/1.1 4")


class Answering:
    """A server that answers with bytes that it is given, whatever it is asked: one for each try.

    A variant that fails may leave connections behind, which are not to be taken for those of the next try.
    """

    def __init__(self, script: Sequence[tuple[list[bytes], bool, bool]]) -> None:
        """Answer so many connections: pieces, whether the request is read first, whether it ends with a reset."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._script = script
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._listener, contextlib.suppress(OSError):
            for portions, listens, resets in self._script:
                client, _ = self._listener.accept()
                with client, contextlib.suppress(OSError):
                    client.settimeout(PATIENCE_S)
                    self._answer(client, portions, listens=listens, resets=resets)

    def _answer(self, client: socket.socket, portions: list[bytes], *, listens: bool, resets: bool) -> None:
        asked = b""
        while listens and b"\r\n\r\n" not in asked and (piece := client.recv(4096)):
            asked += piece
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for portion in portions:
            client.sendall(portion)
        if resets:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        """No more, if it still waits for somebody."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def clients() -> Iterator[Try]:
    """Bytes as answers to the variants: each prints what came, or fails in one line that says why; none hangs."""
    names = [variant.name for variant in VARIANTS if getattr(variant, "fetches", True)]
    modules = [import_module(f"tracedemo.variants.{name}") for name in names]

    def attempt(draw: Random) -> None:
        module = draw.choice(modules)
        count = draw.choice((1, 2))
        sent = [
            Mutator(draw, IN_HTTP)(draw.choice(ANSWERS)) if draw.randrange(4) else ANSWERS[0]
            for _ in range(count)
        ]
        answering = Answering(
            [(pieces(data, draw), draw.randrange(8) > 0, draw.randrange(8) == 0) for data in sent]
        )
        try:
            code, out, said = _run(module, answering.address, count)
        finally:
            answering.close()
        digests = Counter(re.findall(r"^#\d+  .*  (\d+) bytes  sha256 (\w+)$", out, re.MULTILINE))
        bodies = [data.partition(b"\r\n\r\n")[2] for data in sent]
        right = Counter((str(len(body)), hashlib.sha256(body).hexdigest()) for body in bodies)
        assert digests <= right, "what it prints is not what was sent"
        if code:
            why = said + (code if isinstance(code, str) else "")
            assert re.search(r"fetching (#\d+ )?from 127\.0\.0\.1:\d+ failed: .", why), (code, said)
            assert "Traceback" not in why
        else:
            assert digests == right, "not all that was sent is printed"

    yield attempt


def _run(module: ModuleType, address: str, count: int) -> tuple[object, str, str]:
    """What a variant exits with, and what it prints, and complains of."""
    argv, out, said = sys.argv, io.StringIO(), io.StringIO()
    code: object = 0
    sys.argv = [module.__name__, address, "-n", str(count)]
    with warnings.catch_warnings():  # the post's programs close no socket when they fail
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(said),
                _no_longer_than(PATIENCE_S),
            ):
                module.main()
        except SystemExit as end:
            code = end.code
        finally:
            sys.argv = argv
        if code:
            gc.collect()
    return code, out.getvalue(), said.getvalue()


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """A try that hangs fails."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
