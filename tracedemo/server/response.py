"""Request in, pieces of an answer out.  No socket here.

There is no Date header: the same request must get the same number of bytes, on any day.
"""

from __future__ import annotations

from tracedemo.server.request import Refusal, Request

_REASONS = {
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


class Answer:
    """What is sent for one request: each piece in one send; then the connection is closed, or kept.

    `refused` says that the client may still be sending what nobody will read.
    """

    __slots__ = ("close", "pieces", "refused")

    def __init__(self, pieces: tuple[bytes, ...], *, close: bool, refused: bool = False) -> None:
        self.pieces = pieces
        self.close = close
        self.refused = refused


class Responder:
    """Knows the one body of a run, and how it is cut."""

    __slots__ = ("_kept", "_length", "_parting", "_parts", "body")

    def __init__(self, body: bytes, pieces: int) -> None:
        self.body = body
        self._length = len(body)
        self._parts = cut(body, pieces)
        # Made once: with thousands of connections, a copy of the first piece for each would be dear.
        self._kept = self._page(keep_alive=True)
        self._parting = self._page(keep_alive=False)

    def answer(self, request: Request | Refusal) -> Answer:
        """The page for a GET, its headers for a HEAD, a sentence for all else."""
        if isinstance(request, Refusal):
            return _sentence(request.status, request.why, keep_alive=False, refused=True)
        if request.method == "GET":
            return self._kept if request.keep_alive else self._parting
        if request.method == "HEAD":
            head = _head(200, self._length, keep_alive=request.keep_alive)
            return Answer((head,), close=not request.keep_alive)
        return _sentence(405, "only GET and HEAD are answered here", keep_alive=request.keep_alive)

    def _page(self, *, keep_alive: bool) -> Answer:
        head = _head(200, self._length, keep_alive=keep_alive)
        first, *others = self._parts
        return Answer((head + first, *others), close=not keep_alive)


def make_body(size: int, nonce: str) -> bytes:
    """Exactly `size` bytes of text lines that carry the nonce; the last line is cut to fit."""
    lines: list[bytes] = []
    length = 0
    while length < size:
        lines.append(f"tracedemo {nonce} line {len(lines) + 1}\n".encode("ascii"))
        length += len(lines[-1])
    return b"".join(lines)[: size - 1] + b"\n"


def cut(body: bytes, pieces: int) -> list[bytes]:
    """The body in so many pieces; their sizes differ by one byte at most, bigger ones first."""
    small, bigger = divmod(len(body), pieces)
    parts = []
    start = 0
    for number in range(pieces):
        end = start + small + (number < bigger)
        parts.append(body[start:end])
        start = end
    return parts


def _sentence(status: int, why: str, *, keep_alive: bool, refused: bool = False) -> Answer:
    body = f"{status} {_REASONS[status]}: {why}\n".encode("ascii")
    head = _head(status, len(body), keep_alive=keep_alive)
    return Answer((head + body,), close=not keep_alive, refused=refused)


def _head(status: int, length: int, *, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "Server: tracedemo",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {length}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
    ]
    if status == 405:
        lines.append("Allow: GET, HEAD")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
