"""Bytes in, requests and refusals out: as much of HTTP/1 as a server of one page must read.  No socket here.

After RFC 9112, sections 2 to 6 and 9.3, with these simplifications:
- of a body, whose end its Content-Length tells, only length and digest are kept; a coded body (chunked) is
  refused with 501, since nobody wants it here;
- `Expect: 100-continue` is refused with 417, so that the client need not wait for a go-ahead;
- a missing Host header is forgiven: people type requests by hand;
- a bare LF ends a line as well as CRLF, and empty lines before a request are skipped (both are allowed by
  section 2.2).

After a refusal the rest of the connection cannot be told apart into requests, so the parser takes nothing
more.

What comes out does not depend on how the bytes were cut on their way in. To keep that true, every search
below stops at MAX_HEAD, and the request line is judged as soon as it is complete, however much follows it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import _Hash

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers together; more is answered 431."""

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PRINTABLE = frozenset(range(0x21, 0x7F))
_LINE = ("method", "target", "version")
_MAX_LENGTH_DIGITS = 18
_SHOWN = 60


class Request:
    """A complete request; `size` counts all its bytes, `line` is what it asked, readable.

    `body` counts those of its body; `digest` is their SHA-256 in hexadecimal, empty when there were none.
    """

    __slots__ = ("body", "digest", "keep_alive", "line", "method", "size")

    def __init__(self, method: str, line: str, body: int, *, keep_alive: bool) -> None:
        self.method = method
        self.line = line
        self.body = body
        self.digest = ""
        self.keep_alive = keep_alive
        self.size = 0


class Refusal:
    """What cannot be understood or will not be done; `status` is the HTTP status to answer with."""

    __slots__ = ("status", "why")

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        self.why = why


class _RefusedError(Exception):
    """Carries a Refusal from where it is found to `feed`."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.refusal = Refusal(status, why)


class RequestParser:
    """Reads one connection's bytes, in whatever portions they come."""

    __slots__ = ("_buffer", "_dead", "_hash", "_left", "_pending", "_searched")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # how far the buffer is known to hold no end of head
        self._pending: Request | None = None  # head read, body not yet over
        self._hash: _Hash | None = None  # of the body so far
        self._left = 0  # bytes of the body that are still to come
        self._dead = False

    @property
    def partial(self) -> bool:
        """A request has begun and is not complete."""
        return bool(self._buffer) or self._pending is not None

    def feed(self, data: bytes) -> list[Request | Refusal]:
        """Take the next bytes; give what they complete.  A Refusal is the last thing ever given."""
        found: list[Request | Refusal] = []
        if self._dead:
            return found
        self._buffer += data
        try:
            while (request := self._next()) is not None:
                found.append(request)
        except _RefusedError as refused:
            self._dead = True
            self._buffer.clear()
            found.append(refused.refusal)
        return found

    def _next(self) -> Request | None:
        if self._pending is None:
            self._pending = self._take_head()
        if self._pending is None:
            return None
        if self._left and not self._take_body():
            return None
        request, self._pending = self._pending, None
        if self._hash is not None:
            request.digest, self._hash = self._hash.hexdigest(), None
        return request

    def _take_body(self) -> bool:
        """Count and hash what has come of a body, and keep nothing of it.  True: that was all."""
        if self._hash is None:
            from hashlib import sha256  # few requests have a body, and a server is to start quickly

            self._hash = sha256()
        part = self._buffer[: self._left]
        del self._buffer[: self._left]
        self._hash.update(part)
        self._left -= len(part)
        return not self._left

    def _take_head(self) -> Request | None:
        """Cut a complete head off the buffer, or None: there is none yet."""
        buffer = self._buffer
        self._drop_empty_lines()
        if not buffer:
            return None
        if buffer[0] not in _TOKEN and buffer != b"\r":
            raise _RefusedError(400, f"no HTTP request begins with {bytes(buffer[:1])!r}")
        if self._searched == 0 and (line_end := buffer.find(b"\n", 0, MAX_HEAD)) >= 0:
            _request_line(bytes(buffer[:line_end]))
        end = self._end_of_head()
        if end < 0:
            if len(buffer) >= MAX_HEAD:
                raise _RefusedError(431, f"request line and headers are longer than {MAX_HEAD} bytes")
            return None
        head = bytes(buffer[:end])
        del buffer[:end]
        self._searched = 0
        request = _read_head(head)
        self._left = request.body
        request.size = end + request.body
        return request

    def _drop_empty_lines(self) -> None:
        buffer = self._buffer
        start = 0
        while True:
            if buffer.startswith(b"\n", start):
                start += 1
            elif buffer.startswith(b"\r\n", start):
                start += 2
            else:
                break
        del buffer[:start]

    def _end_of_head(self) -> int:
        """Where the head ends, its empty line included; -1: not within what is here."""
        start = max(0, self._searched - 2)  # the end may have been cut into portions
        ends = (
            place + len(mark)
            for mark in (b"\n\n", b"\n\r\n")
            if (place := self._buffer.find(mark, start, MAX_HEAD)) >= 0
        )
        end = min(ends, default=-1)
        # Only a complete request line makes `_searched` count, so that the line is judged exactly once.
        if end < 0 and b"\n" in self._buffer:
            self._searched = len(self._buffer)
        return end


def _read_head(head: bytes) -> Request:
    line, *others = (one.removesuffix(b"\r") for one in head.split(b"\n"))
    method, text, minor = _request_line(line)
    headers = [_header(one) for one in others if one]
    _refuse_unwanted(headers)
    tokens = {
        token.strip().lower() for name, value in headers if name == "connection" for token in value.split(",")
    }
    keep_alive = "close" not in tokens and (minor >= 1 or "keep-alive" in tokens)
    return Request(method, text, _body_length(headers), keep_alive=keep_alive)


def _request_line(line: bytes) -> tuple[str, str, int]:
    """Method, the whole line as text, minor version; the line may still have its CR."""
    line = line.removesuffix(b"\r")
    method, target, version = words if len(words := line.split(b" ")) == len(_LINE) else (b"", b"", b"")
    if not (method and target and _TOKEN.issuperset(method) and _is_version(version)):
        raise _RefusedError(400, f"not a request line: {_readable(line)}")
    if not _PRINTABLE.issuperset(target):
        raise _RefusedError(400, f"not a target: {_readable(target)}")
    if version[5:6] != b"1":
        raise _RefusedError(505, f"only HTTP/1 is spoken here, not {version.decode('ascii')}")
    return method.decode("ascii"), line.decode("ascii"), int(version[7:8])


def _is_version(word: bytes) -> bool:
    shape = len(word) == len(b"HTTP/1.1") and word.startswith(b"HTTP/") and word[6:7] == b"."
    return shape and word[5:6].isdigit() and word[7:8].isdigit()


def _readable(data: bytes) -> str:
    """The beginning of it, in quotes and in ASCII whatever it is."""
    return ascii(data[:_SHOWN].decode("latin-1"))


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not (colon and name and _TOKEN.issuperset(name)) or b"\0" in value or b"\r" in value:
        raise _RefusedError(400, f"not a header: {_readable(line)}")
    return name.decode("ascii").lower(), value.decode("latin-1").strip(" \t")


def _refuse_unwanted(headers: list[tuple[str, str]]) -> None:
    names = {name for name, _ in headers}
    if "transfer-encoding" in names:
        raise _RefusedError(501, "a body must come with a Content-Length, not with a Transfer-Encoding")
    if "expect" in names:
        raise _RefusedError(417, "this server gives no go-ahead for a body; send it, or leave it out")


def _body_length(headers: list[tuple[str, str]]) -> int:
    lengths = {value for name, value in headers if name == "content-length"}
    if not lengths:
        return 0
    value = lengths.pop()
    if lengths or not (value.isascii() and value.isdigit() and len(value) <= _MAX_LENGTH_DIGITS):
        raise _RefusedError(400, f"not a Content-Length: {value[:_SHOWN]!a}")
    return int(value)
