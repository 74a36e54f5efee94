"""strace's output, line by line: whole calls, with their arguments as texts.  Pure: text in, `Line`s out.

Grammar (strace 5.10 to 7.2; strace(1), and what these versions print)
    line     = [pid] [stamp] (call | first half | second half | signal | exit | notice of strace itself)
    call     = name "(" arguments ")" spaces "= " result [errno "(" text ")"] [notes in parentheses] ["<" seconds ">"]
    first    = name "(" arguments so far "<unfinished ...>"
    second   = "<... " name " resumed>" rest of the call
    died     = name "(" arguments so far "<unfinished ...>) = ?"

Theory of operation
    A call ends where the bracket of its name is closed, which `brackets.py` finds without being fooled by what is sent.
    Halves are put together by thread: a thread is in one call at a time. Versions differ in which half the comma behind
    the last argument of the first half belongs to (since 6.16 the second), so halves are joined as text and cut up again.
    On a terminal strace leaves the thread out while there is only one, so that a half may have one and the other not; and a
    notice of its own may stand in the middle of a line, which goes on in the next.
    A thread that calls execve() comes back under the id of its process: strace says so in a "superseded" line.
    A file that ends without a newline was cut: `= 12` may have been `= 1234`, so its last line counts only if it shows that
    it is whole.
    Whatever does not fit is handed back as it stands, to be counted and shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from tracedemo.recorders.kernel.brackets import ANNOTATION, cut

NS = 10**9


class Line(NamedTuple):
    """A whole call."""

    tid: int
    t0: int
    """Entry, nanoseconds of the stamp's clock; 0: lines have no stamps."""
    t1: int | None
    """Return; None: it never returned, or nobody measured."""
    name: str
    args: list[str]
    result: str
    """`3`, `-1`, `0x7f..`, `?`."""
    what: str
    """What a descriptor in the result stands for, from -y: `socket:[123]`."""
    error: str
    """`EAGAIN`, `ERESTARTSYS`, or empty."""
    notes: str
    """What stands in parentheses behind the result, such as `([{fd=5, revents=POLLIN}])`."""


class _Half(NamedTuple):
    """A call that has begun."""

    t0: int
    begun: str
    """What strace had to say by then."""
    thread: int | None = None
    """Who has called it, if it goes on under another id."""


_NONE = _Half(0, "")
MANY = 100
"""More threads than this are never inside a call when strace leaves out which one it speaks of."""


class Reading:
    """Reads lines one after another, and keeps what it did not understand."""

    def __init__(self) -> None:
        self.misread: list[str] = []
        self.ends: dict[int, str] = {}
        """How threads ended, by tid."""
        self._halves: dict[int, _Half] = {}
        """Of threads inside a call."""
        self._never: list[tuple[int, _Half]] = []
        """Of threads that ended inside a call, without another word."""

    def lines(self, text: str) -> Iterator[Line]:
        """All calls of an output, in order of their return; last, those that never did."""
        *whole, rest = text.split("\n")
        for line in _mended(whole):
            if (found := self._line(line)) is not None:
                yield found
        if _WHOLE.search(rest, max(rest.rfind("<"), rest.rfind("+++"), 0)) is None:
            self._odd(rest)
        elif (found := self._line(rest)) is not None:
            yield found
        for tid in tuple(self._halves):
            self._give_up(tid)
        for tid, (t0, half, _) in self._never:
            if (found := _call(tid, t0, f"{half}) = ?", None)) is not None:
                yield found
            else:
                self.misread.append(half)
        self._never.clear()

    def _give_up(self, tid: int) -> None:
        """Nobody will tell how the call that this thread is in has ended."""
        if (half := self._halves.pop(tid, None)) is not None:
            self._never.append((tid, half))

    def _line(self, line: str) -> Line | None:
        head = _HEAD.match(line)
        if head is None:
            self._odd(line)
            return None
        pid, pid_in_brackets, seconds, fraction, hours, rest = head.groups()
        tid = int(pid or pid_in_brackets or 0)
        t = _stamp(seconds, fraction, hours)
        first = rest[0]
        if first == "<":
            return self._second_half(tid, t, rest, line)
        if first in "+-":
            self._end(tid, rest, line)
            return None
        if rest.endswith("<unfinished ...>"):
            self._give_up(tid)
            self._halves[tid] = _Half(t, rest[:-16].rstrip(" "))
            return None
        if rest.endswith(" ...>") and (changed := _CHANGED.search(rest)) is not None:
            # Before 6.2 an execve() from a thread has no second half that could be trusted, and none is needed: it is
            # told only of one that succeeded.
            self._give_up(tid)
            self._halves[tid] = _Half(t, f"{rest[: changed.start()].rstrip(' ')}) = 0")
            return None
        return self._known(_call(tid, t, rest, t), line)

    def _second_half(self, tid: int, t: int, rest: str, line: str) -> Line | None:
        match = _RESUMED.match(rest)
        begun_by = None if match is None else self._begun_by(tid, f"{match[1]}(")
        if match is None or begun_by is None:
            self._odd(line)
            return None
        t0, begun, thread = self._halves.pop(begun_by)
        if begun.endswith(") = 0"):
            return self._known(_call(thread or tid, t0, begun, t), line)
        tail = rest[match.end() :]
        # Before 6.16 the comma stood in the first half, and its blank has been taken off.
        whole = f"{begun} {tail}" if begun.endswith(",") else begun + tail
        call = _call(thread or tid or begun_by, t0, whole, t)
        if call is None:
            self.misread.append(begun)
        return self._known(call, line)

    def _begun_by(self, tid: int, name: str) -> int | None:
        """The thread whose call a second half ends: the same one, or, where one half names none, the one that fits."""
        half = self._halves.get(tid)
        if half is not None:
            return tid if half.begun.startswith(name) else None
        # Without a thread's number strace spoke of the only one there was; with one, of one that had none before.
        others = [0] if tid else list(islice(self._halves, MANY))
        fitting = [other for other in others if self._halves.get(other, _NONE).begun.startswith(name)]
        return fitting[0] if len(fitting) == 1 and len(others) < MANY else None

    def _known(self, call: Line | None, line: str) -> Line | None:
        """A call, or a line that was none."""
        if call is None:
            self._odd(line)
        return call

    def _end(self, tid: int, rest: str, line: str) -> None:
        """A signal, or the end of a thread."""
        if rest.startswith("--- "):
            return
        match = _END.fullmatch(rest)
        if match is None:
            self._odd(line)
            return
        gone = int(match[2]) if match[2] else None
        half = None if gone is None else self._halves.pop(gone, None)
        self._give_up(tid)
        if half is not None:
            # Its execve() goes on under this id; who has called it is still the thread.
            self._halves[tid] = half._replace(thread=gone)
        elif gone is None:
            self.ends[tid] = match[1]

    def _odd(self, line: str) -> None:
        """No line of a trace: strace speaks of itself, or something that we do not know."""
        if line and not _NOTICE.match(line):
            self.misread.append(line)


_ATTACHED = re.compile(r"strace: Process \d{1,10} attached")


def _mended(lines: Iterable[str]) -> Iterator[str]:
    """The lines, with those in one piece that a notice of strace has broken in two."""
    before = ""
    for line in lines:
        if broken := _before_notice(line):
            before += broken
        elif before and _HEAD.match(line) is None:
            yield before + line
            before = ""
        else:
            if before:
                yield before
                before = ""
            yield line
    if before:
        yield before


def _before_notice(line: str) -> str:
    """What of a call stands before a notice that ends the line; empty if there is no call, or no notice."""
    at = line.rfind("strace: Process ") if line.endswith(" attached") else 0
    if at <= 0 or _ATTACHED.fullmatch(line, at) is None:
        return ""
    if line[at - 1] == "/":  # it calls itself as it was called
        at = 1 + max(map(line[:at].rfind, ' ,(){}"'))
    return line[:at] if line[at - 1 : at] != " " else ""


_HEAD = re.compile(
    r"(?:(\d{1,10}) +|\[pid +(\d{1,10})\] )?"
    # Seconds of which nanoseconds fit into 64 bits.
    r"(?:(\d{1,9}|[1-8]\d{9})\.(\d+) |(\d\d:\d\d:\d\d(?:\.\d+)?) )?"
    r"((?:[a-z_]\w*\(|<\.\.\. |\+\+\+ |--- ).*)",
    re.DOTALL,
)
_CHANGED = re.compile(r"<pid changed to \d{1,10} \.\.\.>\Z")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
_END = re.compile(r"\+\+\+ (superseded by execve in pid (\d{1,10})|.*) \+\+\+")
_NOTICE = re.compile(r"(?:(?:\[pid +\d+\]|\d+) +)?(?:\S*/)?(?:strace: |\[ Process PID=\d+ runs in )")
_WHOLE = re.compile(r"<(?:\d+\.\d+|unavailable|unfinished \.\.\.)>\Z|\+\+\+\Z|\A\Z")
"""How a line ends that nothing can follow; or there is none."""

_RESULT = re.compile(
    r" += (-?\d{1,18}|0x[0-9a-f]{1,16}|\?)"
    rf"({ANNOTATION})?(?:\(deleted\))?"
    r"(?: (E[A-Z0-9_]+|\(errno \d+\)) ?(?:\([^)]*\))?)?"
    r"( \([^\"]*\))?"
    r"(?: <(?:(\d{1,8})\.(\d+)|unavailable)>)?"
)


def _call(tid: int, t0: int, text: str, returned: int | None) -> Line | None:
    """A whole call from its text; None: it is none.

    Args:
        returned: the stamp of its last line, which is the time of return where strace did not measure it.
    """
    name, _, rest = text.partition("(")
    args: list[str] = []
    length = cut(rest, args)
    tail = _RESULT.fullmatch(rest, length) if length else None
    if tail is None:
        return None
    result, what, error, notes, seconds, fraction = tail.groups()
    t1 = None if result == "?" and not error else returned if seconds is None else t0 + _ns(seconds, fraction)
    return Line(tid, t0, t1, name, args, result, (what or "")[1:-1], error or "", notes or "")


def _stamp(seconds: str | None, fraction: str | None, hours: str | None) -> int:
    """Nanoseconds since the epoch; of a time of day, since midnight."""
    if seconds is not None:
        return _ns(seconds, fraction or "0")
    if hours is None:
        return 0
    clock, _, part = hours.partition(".")
    hour, minute, second = map(int, clock.split(":"))
    return _ns(str((hour * 60 + minute) * 60 + second), part or "0")


def _ns(seconds: str, fraction: str) -> int:
    return int(seconds) * NS + int(fraction[:9].ljust(9, "0"))
