r"""Secrets in what went over a socket: the values of some HTTP headers and parameters are taken out before anything is
kept.

Theory
    Buffers end anywhere: `Authorization: Bea` may be one send and `rer abc` the next, and of a long buffer only the
    beginning was kept, so that nobody knows where in a header the next one begins. So what a connection said last is
    remembered, for each direction: an unfinished line is completed by the next buffer; after a buffer that was cut
    inside a head, the next one is hidden up to the end of its first line. Text is that of `quoting.escaped`: the end of
    a line is the four characters \r\n.

What is hidden is said: `[hidden]` stands in its place. What is not in the list is not known to be a secret.
"""

from __future__ import annotations

import re

from tracedemo.recorders.kernel.quoting import CUT

HIDDEN = "[hidden]"
HEADERS = (
    "authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate", "proxy-authenticate",
    "x-api-key", "api-key", "x-auth-token", "x-amz-security-token", "x-csrf-token", "x-xsrf-token",
)  # fmt: skip
PARAMETERS = ("access_token", "api_key", "apikey", "auth", "client_secret", "passwd", "password", "pwd", "refresh_token",
              "secret", "session", "sessionid", "sig", "signature", "token")  # fmt: skip

_EOL = r"(?:\\r)?\\n"
# A line ends at an escaped newline; nothing else that begins with a backslash ends it.
_REST = r"(?:(?!\\r\\n|\\n|…).)*"
_HEADER = re.compile(rf"((?:^|(?<=\\n))(?:{'|'.join(HEADERS)})\s*:\s*){_REST}", re.IGNORECASE)
_PARAMETER = re.compile(
    rf"((?:^|[?&;\s]|\\n|\x22)(?:{'|'.join(PARAMETERS)})(?:=|\x22\s*:\s*\x22?))[^&;\s\x22\\…]*", re.IGNORECASE
)
_FIRST_LINE = re.compile(rf"{_REST}(?={_EOL}|…|$)")
_REQUEST = re.compile(r"[A-Z]{3,12} \S|HTTP/\d")
_END_OF_HEAD = "\\r\\n\\r\\n"
_BEFORE = 64
"""Characters of an unfinished line that are remembered: the name of a header may have been cut in two."""


class Redactor:
    """Hides secrets in the buffers of one run, which must be given in their order."""

    def __init__(self) -> None:
        self._unfinished: dict[object, str] = {}
        """By stream: the end of a line whose rest has not come yet."""
        self._inside: set[object] = set()
        """Streams whose next buffer begins inside a secret, or may do."""
        self.hidden = 0
        """Values that were hidden."""

    def __call__(self, stream: object, text: str) -> str:
        """The text of a buffer without its secrets.

        Args:
            stream: whose it is, and which way it went: buffers of one stream continue each other.
        """
        before = self._unfinished.pop(stream, "")
        inside = stream in self._inside
        if _REQUEST.match(text):
            before, inside = "", False
        self._inside.discard(stream)
        whole = before + text
        if inside:
            shown = self._hide(_FIRST_LINE.sub(HIDDEN, text, count=1))
            self.hidden += 1
        else:
            shown = self._hide(whole).removeprefix(before)
        self._remember(stream, whole, inside=inside)
        return shown

    def _hide(self, text: str) -> str:
        text, headers = _HEADER.subn(rf"\g<1>{HIDDEN}", text)
        text, parameters = _PARAMETER.subn(rf"\g<1>{HIDDEN}", text)
        self.hidden += headers + parameters
        return text

    def _remember(self, stream: object, text: str, *, inside: bool) -> None:
        last = text.rpartition("\\n")[2]
        if text.endswith(CUT):
            # Somewhere in a head, and nobody knows where.
            lost = inside or (_REQUEST.match(text) is not None and _END_OF_HEAD not in text)
        else:
            lost = (inside and last == text) or _HEADER.match(last) is not None
            self._unfinished[stream] = last[-_BEFORE:]
        if lost:
            self._inside.add(stream)
