r"""Secrets in what went over a socket: the values of some HTTP headers and parameters are taken out before anything is
kept.

Theory
    Buffers end anywhere: `Authorization: Bea` may be one send and `rer abc` the next, `tok` one and `en=abc` the next.
    So each direction of a connection is a `_Stream` that remembers how its last buffer ended: inside of which kind of
    secret, or else with which unfinished line, as that may hold the beginning of a name.
    Of a long buffer only the beginning was kept, and nobody knows where the next one begins. If the cut lies inside a
    secret, or in the head of an HTTP message, the next buffer is hidden up to the end of its first line (LOST). Behind a
    cut in a body nothing is hidden: bodies are long, and a secret that begins where nothing was kept is not found.
    What was not moved (a send that failed or was short, a look with MSG_PEEK) comes again: a stream does not advance by it.

    Text is that of `quoting.escaped`, where the end of a line is the four characters \r\n. It is searched in a form of
    the same length in which no escape looks like a letter (`_plain`).

What is hidden is said: `[hidden]` stands in its place. What is not in the lists is not known to be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tracedemo.recorders.kernel.quoting import CUT

HIDDEN = "[hidden]"
HEADERS = frozenset((
    "authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate", "proxy-authenticate",
    "x-api-key", "api-key", "apikey", "x-auth", "x-auth-token", "x-access-token", "x-amz-security-token", "x-csrf-token",
    "x-xsrf-token", "x-goog-api-key", "x-functions-key", "x-gitlab-token", "x-vault-token", "private-token",
))  # fmt: skip
PARAMETERS = frozenset((
    "access_key", "access_token", "accesstoken", "api-key", "api_key", "apikey", "auth", "auth_token", "authtoken",
    "client-secret", "client_secret", "clientsecret", "csrf_token", "id_token", "jwt", "passphrase", "passwd",
    "password", "private_key", "pwd", "refresh_token", "refreshtoken", "secret", "secret_key", "session",
    "session_token", "sessionid", "sessiontoken", "sig", "signature", "token", "x-amz-credential",
    "x-amz-security-token", "x-amz-signature",
))  # fmt: skip

_ELSEWHERE = re.compile(
    r"((?<=://)[^\s/@:\"\\]{1,64}:)[^\s/@\"\\]{1,256}(?=@)"  # user:password in a URL
    r"|((?:^|\\n)(?:PASS|AUTH PLAIN|AUTH LOGIN) )(?:(?!\\[rn]).)+",  # of FTP, POP and SMTP
    re.IGNORECASE,
)
_HEX = re.compile(r"\\x..")


def _plain(text: str) -> str:
    """Text of the same length: an end of line ends with a newline, and no other escape is a letter or a quote."""
    if "\\" not in text:
        return text
    text = text.replace("\\\\", "\0\0").replace("\\n", "\v\n").replace("\\r", "\v\r").replace("\\t", "\v\t")
    return _HEX.sub("\1\1\1\1", text)


_NEWLINE, _CR, _TAB = map(_plain, ("\\n", "\\r", "\\t"))

# Kinds of secrets, by how they end
LINE, LOST = "line", "lost"
"""With the line; and the same of nobody knows what."""
FOLD = "fold"
"""It has ended with its line, but goes on if the next one begins with a blank (RFC 9112, section 5.2)."""
EQUALS, COLON = "equals", "colon"
"""It has not begun yet: behind the = or the : it may have a quote."""
QUOTED, ESCAPED, BARE = "quoted", "escaped", "bare"
"""With a quote, unless a backslash stands before it; the same just behind such a backslash; with a separator."""

_EOL = re.compile("(?:\v\r)?\v\n")
_SPACES, _BLANKS = re.compile(" *"), re.compile(r"\s*")
_IN_QUOTES = re.compile('(?:\0\0(?:\0\0|[^\0])|[^"\0])*+')
_ONE_MORE = re.compile("\0\0|[^\0]")
_UNQUOTED = re.compile(r'[^&;\s"]*')
_KEY = re.compile(r'(?<![\w-])([\w-]{3,20})(?:(=)|( {0,8}:)|("\s{0,16}:))')

_START = re.compile(r"[A-Z]{3,12} \S+ HTTP/\d|HTTP/\d")
_MAYBE = re.compile(r"[A-Z]{1,12}|[A-Z]{3,12} \S*(?: (?:H\S*)?)?|HTTP/.*")
"""A line that is not finished, and may become the first one of a message."""
_FIELD = re.compile(rf"[^\s:]+ {{0,8}}:| |{_TAB}")
_UNIT = re.compile(r"\\x..|\\.|.")
_BEFORE = 64
"""Characters of an unfinished line that are remembered: a name may have been cut in two."""


class _Stream(NamedTuple):
    """How a direction of a connection has ended so far."""

    tail: str = _NEWLINE
    """The end of an unfinished line, from its newline on if that is near."""
    inside: str = ""
    """The kind of secret that goes on; empty: none."""
    head: bool = False
    """In the head of a message, or in what may be one."""


def without_secrets(text: str) -> str:
    """A text that stands by itself, such as an argument of a program or a request line, without the values of headers and
    parameters that hold secrets.
    """
    return Redactor()(None, text)


class Redactor:
    """Hides secrets in the buffers of one run, which must be given in their order."""

    def __init__(self) -> None:
        self._streams: dict[object, _Stream] = {}
        self.hidden = 0
        """How often something was hidden."""

    def __call__(self, stream: object, text: str, moved: int | None = None) -> str:
        """The text of a buffer without its secrets.

        Args:
            stream: whose it is, and which way it went: buffers of one stream continue each other.
            moved: how many bytes of it went over, if not all; the others will come again.
        """
        state = self._streams.get(stream, _Stream())
        if moved is None:
            self._streams[stream], shown = self._step(state, text)
            return self._elsewhere(shown)
        size = _length(text, moved)
        self._streams[stream], shown = self._step(state, text[:size])
        return self._elsewhere(shown + self._step(self._streams[stream], text[size:])[1])

    def _elsewhere(self, shown: str) -> str:
        """Without what is secret by its place and not by a name; if two buffers share it, it is not found."""
        shown, times = _ELSEWHERE.subn(rf"\g<1>\g<2>{HIDDEN}", shown)
        self.hidden += times
        return shown

    def _step(self, state: _Stream, text: str) -> tuple[_Stream, str]:
        """How the stream goes on after this text, and what may be shown of it."""
        if not text:
            return state, ""
        kept = text.removesuffix(CUT)
        plain = _plain(kept)
        if state.inside == LOST and _START.match(plain):
            state = _Stream()
        spans, begin, inside = [], 0, ""
        if state.inside:
            start, begin, inside = _value(plain, 0, state.inside)
            spans.append((start, begin))
        tail = "" if begin else state.tail
        whole = tail + plain[begin:]
        if not inside:
            for start, end, kind in _secrets(whole):
                spans.append((max(start - len(tail), 0) + begin, end - len(tail) + begin))
                inside = kind
        head = _in_head(whole, head=state.head)
        cut = len(kept) < len(text)
        if cut and (inside or head or not kept):
            inside = LOST
        shown = self._without(kept, spans) + text[len(kept) :]
        return _Stream(_tail(whole, inside, cut=cut), inside, head), shown

    def _without(self, text: str, spans: Iterable[tuple[int, int]]) -> str:
        parts, at = [], 0
        for start, end in spans:
            if end > start:
                parts += [text[at:start], HIDDEN]
                at = end
                self.hidden += 1
        return "".join(parts) + text[at:]


def _length(text: str, moved: int) -> int:
    """How many characters stand for so many bytes."""
    return next((unit.start() for at, unit in enumerate(_UNIT.finditer(text)) if at == moved), len(text))


def _tail(whole: str, inside: str, *, cut: bool) -> str:
    if inside == FOLD or (cut and not inside):
        return _NEWLINE
    if inside:
        return ""
    line = whole[max(whole.rfind(_NEWLINE), 0) :]
    # A word that is cut in two here must not look like one that begins.
    return line if len(line) <= _BEFORE else f"x{line[-_BEFORE:]}"


def _secrets(whole: str) -> Iterator[tuple[int, int, str]]:
    """Where secrets begin and end, and what the last one is if it goes on."""
    at, kind = 0, ""
    while not kind and (key := _KEY.search(whole, at)):
        at = key.end()
        name, equals, field, _ = key.groups()
        if field and name.lower() in HEADERS and whole[max(key.start() - 1, 0)] == "\n":
            yield (found := _value(whole, _end(_SPACES, whole, at), LINE))
        elif not field and name.lower().lstrip("-") in PARAMETERS:
            yield (found := _value(whole, at, EQUALS if equals else COLON))
        else:
            continue
        _, at, kind = found


def _value(text: str, at: int, kind: str) -> tuple[int, int, str]:
    """Where the secret that begins here, or before, begins and ends; its kind then, if it may go on."""
    size = len(text)
    if kind == COLON:
        at = _end(_BLANKS, text, at)
    if at == size:
        return at, at, kind
    if kind in (EQUALS, COLON):
        quoted = text[at] == '"'
        at, kind = at + quoted, QUOTED if quoted else BARE
    if kind == FOLD and not text.startswith((" ", _TAB), at):
        return at, at, ""
    if kind in (LINE, LOST, FOLD):
        return at, *_line(text, at, LOST if kind == LOST else LINE)
    if kind == BARE:
        end = _end(_UNQUOTED, text, at)
    else:
        end = _end(_IN_QUOTES, text, at if kind == QUOTED else _end(_ONE_MORE, text, at))
        kind = QUOTED
        if end < size and text[end] == "\0":  # a backslash is the last that there is
            return at, size, ESCAPED
    return at, end, kind if end == size else ""


def _line(text: str, at: int, kind: str) -> tuple[int, str]:
    """Where a field ends, which goes on in the next line if that begins with a blank."""
    for eol in _EOL.finditer(text, at):
        if eol.end() == len(text):
            return eol.start(), FOLD
        if not text.startswith((" ", _TAB), eol.end()):
            return eol.start(), ""
    return len(text), kind


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _in_head(whole: str, *, head: bool) -> bool:
    """Whether the head of a message, or what may be one, has not ended."""
    _, *lines = whole.split(_NEWLINE)
    for line in lines[:-1]:
        if _START.match(line):
            head = True
        elif not _FIELD.match(line):
            head = False
    return head or bool(lines and _MAYBE.fullmatch(lines[-1].removesuffix(_CR)))
