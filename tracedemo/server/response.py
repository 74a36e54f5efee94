"""Request in, pieces of an answer out.  No socket here.

There is no Date header: the same request must get the same number of bytes, on any day.
"""

from __future__ import annotations

from tracedemo.server import faults
from tracedemo.server.plan import ASCII
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


_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of no bytes (FIPS 180-4), for a POST without a body."""

UTF_8 = "utf-8"
_NAMES = {"latin-1": "iso-8859-1"}
"""What Content-Type calls a charset that has another name there."""
_BEYOND = " \N{LATIN SMALL LETTER E WITH ACUTE}" * 8
"""Letters beyond ASCII for each line."""

FILL = 16 * 1024
"""Bytes of each piece of the headers of `huge-headers`: small enough for any kernel's buffer ..."""
FILLS = 8
"""... and how many there are: together twice as long as the longest line that `http.client` takes."""


FINISH = "finish"
"""After the last piece: close in order, or keep the connection if that was agreed."""
BREAK_OFF = "break off"
"""A reset."""
KEEP_SILENT = "keep silent"
"""Nothing, for ever."""
END_SENDING = "end sending"
"""The end of our side only."""
LEAVE_UNREAD = "leave unread"
"""A close over a request that was never read, which the kernel makes a reset."""


class Answer:
    """What is sent for one request, each piece in one send, perhaps none; then the connection is closed, or kept.

    `refused` says that the client may still be sending what nobody will read; `ending` is what follows the last piece.
    """

    __slots__ = ("close", "ending", "pieces", "refused")

    def __init__(
        self, pieces: tuple[bytes, ...], *, close: bool, refused: bool = False, ending: str = FINISH
    ) -> None:
        self.pieces = pieces
        self.close = close
        self.refused = refused
        self.ending = ending


UNREAD = Answer((), close=True, ending=LEAVE_UNREAD)
"""The answer to a request that nobody reads."""


class Responder:
    """Knows the one body of a run, and how it is cut."""

    __slots__ = ("_charset", "_kept", "_length", "_nonce", "_parting", "_parts", "_spelled", "body")

    def __init__(self, body: bytes, pieces: int, charset: str = ASCII, nonce: str = "") -> None:
        """Args: nonce: the word in the body, with which pages that have a number are made; empty: all are the same."""
        self.body = body
        self._nonce = nonce
        self._spelled = charset
        self._length = len(body)
        self._parts = cut(body, pieces, inside=charset == UTF_8)
        self._charset = _NAMES.get(charset, UTF_8)
        # Made once: with thousands of connections, a copy of the first piece for each would be dear.
        self._kept = self._page(self._parts, keep_alive=True)
        self._parting = self._page(self._parts, keep_alive=False)

    def answer(self, request: Request | Refusal, fault: str = "", number: int = 0, seed: int = 0) -> Answer:
        """The page for a GET, its headers for a HEAD, for a POST or PUT what came, else a sentence; a fault spoils it.

        Args:
            number: of the connection; it and the seed make the noise of `garbage`.
        """
        good = self._proper(request)
        return spoiled(good, fault, number, seed) if fault else good

    def _proper(self, request: Request | Refusal) -> Answer:
        if isinstance(request, Refusal):
            return _sentence(request.status, request.why, keep_alive=False, refused=True)
        if request.method == "GET":
            number = page_asked(request.line) if self._nonce else None
            if number is not None:
                return self._page(self._parts_of(number), keep_alive=request.keep_alive)
            return self._kept if request.keep_alive else self._parting
        if request.method == "HEAD":
            head = _head(200, self._length, keep_alive=request.keep_alive, charset=self._charset)
            return Answer((head,), close=not request.keep_alive)
        if request.method in ("POST", "PUT"):
            return _receipt(request)
        return _sentence(405, "only GET, HEAD, POST and PUT are answered here", keep_alive=request.keep_alive)

    def _page(self, parts: list[bytes], *, keep_alive: bool) -> Answer:
        head = _head(200, self._length, keep_alive=keep_alive, charset=self._charset)
        first, *others = parts
        return Answer((head + first, *others), close=not keep_alive)

    def _parts_of(self, number: int) -> list[bytes]:
        """The pieces of a page that has a number; made anew each time: there are as many as anybody asks for."""
        body = make_body(self._length, page_word(self._nonce, number), self._spelled)
        return cut(body, len(self._parts), inside=self._spelled == UTF_8)


_BLANK = b"\r\n\r\n"
"""The end of the headers."""


def spoiled(good: Answer, fault: str, number: int, seed: int) -> Answer:
    """What a fault makes of an answer; those that are about something else than the answer leave it alone."""
    if fault in _ENDINGS:
        half, ending = _ENDINGS[fault]
        return Answer(first_half(good.pieces) if half else (), close=True, ending=ending)
    if fault == faults.GARBAGE:
        return Answer(tuple(faults.noise(seed, number, len(piece)) for piece in good.pieces), close=True)
    if fault == faults.HUGE_HEADERS:
        return Answer(_with_huge_headers(good.pieces), close=good.close, refused=good.refused)
    return good


_ENDINGS = {
    faults.RESET: (False, BREAK_OFF),
    faults.RESET_MID_BODY: (True, BREAK_OFF),
    faults.STALL: (True, KEEP_SILENT),
    faults.HALF_CLOSE: (False, END_SENDING),
    faults.TRUNCATED: (True, FINISH),
}
"""Fault -> whether half of the answer is sent before, and what follows."""


def first_half(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Head and the first half of the body, in the pieces in which they would go; the last of them may be cut."""
    head, _, body = b"".join(pieces).partition(_BLANK)
    left = len(head) + len(_BLANK) + len(body) // 2
    half = []
    for piece in pieces:
        half.append(piece[:left])
        left -= len(half[-1])
    return tuple(part for part in half if part)


def _with_huge_headers(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The same with one header more, of FILLS pieces, each of which ends in the middle of it."""
    head, _, rest = pieces[0].partition(_BLANK)
    fills = [b"x" * FILL] * (FILLS - 1)
    return (head + b"\r\nX-Fill: " + b"x" * FILL, *fills, _BLANK + rest, *pieces[1:])


def page_asked(line: str) -> int | None:
    """The number of the page that a request line asks for, as in `GET /3 HTTP/1.1`; None: a page without one."""
    target = line.split(" ")[1] if line.count(" ") > 1 else ""
    digits = target[1:]
    plain = target[:1] == "/" and digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS
    return int(digits) if plain else None


_MOST_DIGITS = 9


def page_word(nonce: str, number: int) -> str:
    """What stands in the lines of a page with a number in the place of the nonce: no two pages of a run are the same."""
    return f"{nonce} page {number}"


def make_body(size: int, nonce: str, charset: str = ASCII) -> bytes:
    """Exactly `size` bytes of text lines that carry the nonce; the last line is cut to fit, but no letter of it."""
    beyond = "" if charset == ASCII else _BEYOND
    lines: list[bytes] = []
    length = 0
    while length < size:
        lines.append(f"tracedemo {nonce} line {len(lines) + 1}{beyond}\n".encode(charset))
        length += len(lines[-1])
    whole = b"".join(lines)[: size - 1].decode(charset, "ignore").encode(charset)
    return whole + b"." * (size - 1 - len(whole)) + b"\n"


def cut(body: bytes, pieces: int, *, inside: bool = False) -> list[bytes]:
    """The body in so many pieces; their sizes differ by one byte at most, bigger ones first.

    Args:
        inside: whether each cut is moved on to a place inside a letter of UTF-8, if there is one before the next cut.
    """
    small, bigger = divmod(len(body), pieces)
    parts = []
    start = end = 0
    for number in range(pieces):
        end += small + (number < bigger)
        place = (
            next((at for at in range(end, end + small) if _continues(body[at : at + 1])), end)
            if inside
            else end
        )
        parts.append(body[start:place])
        start = place
    return parts


def _continues(byte: bytes) -> bool:
    """Whether a byte is one of the second to fourth of a letter in UTF-8 (RFC 3629)."""
    return b"\x80" <= byte < b"\xc0"


def _receipt(request: Request) -> Answer:
    """Length and digest of the body that came, in one piece, so that the client can compare."""
    body = f"{request.body} bytes  sha256 {request.digest or _NOTHING}\n".encode("ascii")
    head = _head(200, len(body), keep_alive=request.keep_alive)
    return Answer((head + body,), close=not request.keep_alive)


def _sentence(status: int, why: str, *, keep_alive: bool, refused: bool = False) -> Answer:
    body = f"{status} {_REASONS[status]}: {why}\n".encode("ascii")
    head = _head(status, len(body), keep_alive=keep_alive)
    return Answer((head + body,), close=not keep_alive, refused=refused)


def _head(status: int, length: int, *, keep_alive: bool, charset: str = UTF_8) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "Server: tracedemo",
        f"Content-Type: text/plain; charset={charset}",
        f"Content-Length: {length}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
    ]
    if status == 405:
        lines.append("Allow: GET, HEAD, POST, PUT")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
