"""The output of dtruss, the system call tracer of macOS, as a `Log`: bytes in, calls out.

dtruss is a shell script around a D script, and prints a row when a system call returns. What it cannot know shapes what is
made of it here:

* **No time of day.** RELATIVE is the CPU time that the thread has used, which stands still while it sleeps; it is not
  read as a time. Calls are laid end to end instead, in the order of the rows: `t0` comes one after the end of the row
  before, and `t1 - t0` is ELAPSD, the true duration, where that column is there, else 0 (then `t0` is the number of the
  row). So order and durations are right within a thread, calls of one thread never overlap, and nothing else is true of
  these times: `Log.clock` is `ROWS`, on which no join can be made, and a note says so.
* **Three registers** for most calls, whatever they take: see `dtruss_args`. What read and write moved is not kept (see
  `shapes`), and how much they moved is told by what they returned, never by the text, behind which lies rubbish.
* **One stream** for rows, for the complaints of DTrace, and for the standard error of the traced program. Rows are known by
  their form; a line that looks like a row and is none is `misread`; others are the program's own, and are counted.
* A call that never returned has no row. The table of -c counts calls that began, and tells how many there were.

Source of the formats: the printf formats of Apple's DTTk/dtruss and the errno handling of xnu's bsd/dev/dtrace/systrace.c.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tracedemo.recorders.kernel import macos
from tracedemo.recorders.kernel.calls import Log, SystemCall
from tracedemo.recorders.kernel.dtruss_args import decode

NAME = "dtruss"
ROWS = "rows"
"""The clock of such a Log: no clock at all, only an order."""

LONGEST = 4096
"""Characters of a row: it shows at most 256 bytes of a string, each as four characters.  More is other output."""

COLUMNS = ("RELATIVE", "ELAPSD", "CPU")
_WIDTHS = {"RELATIVE": 9, "ELAPSD": 8, "CPU": 7}
"""Of each column with the blank behind it: by them columns are told apart where the header is missing."""

ERESTART, EJUSTRETURN = -1, -2
"""The kernel begins the call again; it returns without touching registers (bsd/sys/errno.h)."""

_ROW = re.compile(
    r"(?:[ \t]*(?P<pid>\d+)/0x(?P<tid>[0-9a-f]+):[ \t]{1,2}+)?+"
    r"(?P<columns>(?:[ \t]*+-?\d++:?(?=[ \t])){0,3}+)[ \t]*+"  # colons: the first row of a forked child
    r"(?P<name>[a-z_]\w*+)\((?P<args>.*)\)[ \t]++= "
    r"(?P<value>-?\d+|0x[0-9A-Fa-f]+)(?: (?P<word>Err#)?(?P<errno>-?\d+))?\s*+",
    re.ASCII,
)
_THREAD = re.compile(r"\d+/0x[0-9a-f]+:[ \t]", re.ASCII)
_ROW_LIKE = re.compile(r"\s*\d+/0x[0-9a-f]+:\s|.*\)\t\t = ", re.ASCII)
_HEADER = re.compile(r"\s*(?:PID/THRD\s+)?((?:(?:RELATIVE|ELAPSD|CPU)\s+)*)SYSCALL\(args\)\s*= return\s*")
_COUNT_HEAD = re.compile(r"CALL\s+COUNT\s*")
_COUNT = re.compile(r"([a-z_]\w*)\s+(\d{1,19})\s*", re.ASCII)
_FRAME = re.compile(r"\s+(?:[^\s`]+`.+|0x[0-9a-f]+\s*)")
_LOST_ROW = re.compile(r"dtrace: error on enabled probe ID \d+ \(ID \d+: (?:[^:)]*:){2}(\w*):")
_LOST = re.compile(r"dtrace: (\d{1,19}) ([\w ]*drops?)\b", re.ASCII)


class Row(NamedTuple):
    """One row, cut in pieces."""

    pid: int | None
    tid: int
    columns: str
    """The numbers between thread and name, as they stand there: their widths tell what they are."""
    header: tuple[str, ...] | None
    """What the header before it said that they are."""
    name: str
    args: str
    value: int
    errno: int | None
    marked: bool
    """`Err#` stood before the errno.  It is often lost where System Integrity Protection is on."""

    @property
    def numbers(self) -> list[int]:
        """What stands in the columns."""
        return [int(number.rstrip(":")) for number in self.columns.split()]


@dataclass(slots=True)
class Reading:
    """The lines of one output, sorted by what they are."""

    rows: list[Row] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    """The table of -c: calls that began."""
    lost: Counter[str] = field(default_factory=Counter)
    """By call: rows that DTrace could not make."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By kind: what DTrace had no room for."""
    said: list[str] = field(default_factory=list)
    """What DTrace said besides."""
    others: list[str] = field(default_factory=list)
    """The program's own standard error, and whatever else went there."""
    misread: list[str] = field(default_factory=list)
    _header: tuple[str, ...] | None = None
    _in_table: bool = False
    _in_stack: bool = False

    def take(self, line: str) -> None:
        """Sort one line in, without its newline."""
        if self._in_stack and _FRAME.fullmatch(line):
            return
        self._in_stack = False
        if self._in_table and (count := _COUNT.fullmatch(line)):
            self.counted[count[1]] += int(count[2])
            return
        self._in_table = _COUNT_HEAD.fullmatch(line) is not None
        if self._in_table or not line.strip() or self._is_header(line) or self._is_notice(line):
            return
        self._in_stack = self._is_row(line)
        if not self._in_stack:
            (self.misread if _ROW_LIKE.match(line[:LONGEST]) else self.others).append(line)

    def _is_header(self, line: str) -> bool:
        header = _HEADER.fullmatch(line)
        if header:
            self._header = tuple(name for name in COLUMNS if name in header[1])
        return header is not None

    def _is_notice(self, line: str) -> bool:
        if lost := _LOST_ROW.match(line):
            self.lost[_plain(lost[1])] += 1
        elif dropped := _LOST.match(line):
            self.dropped[dropped[2].strip()] += int(dropped[1])
        elif line.startswith("dtrace: "):
            self.said.append(line.removeprefix("dtrace: "))
        else:
            return False
        return True

    def _is_row(self, line: str) -> bool:
        row = self._row(line) if len(line) <= LONGEST else None
        if row is None:
            # The program may have left its own line open, and the row came behind it.
            start = max(len(line) - LONGEST, 1)
            behind = next(_THREAD.finditer(line, start), None)
            row = self._row(line[behind.start() :]) if behind else None
            if row is None or behind is None:
                return False
            self.others.append(line[: behind.start()])
        self.rows.append(row)
        return True

    def _row(self, line: str) -> Row | None:
        match = _ROW.fullmatch(line)
        if match is None:
            return None
        pid, tid, columns, name, args, value, word, errno = match.groups()
        row = Row(
            pid=int(pid) if pid else None,
            tid=int(tid, 16) if tid else 0,
            columns=columns,
            header=self._header,
            name=_plain(name),
            args=args,
            value=_signed(value),
            errno=int(errno) if errno else None,
            marked=word is not None,
        )
        # A line of the program that has the form of a row, but neither thread nor the columns of this output.
        foreign = not pid and self._header is not None and len(row.numbers) != len(self._header)
        contradictory = row.errno is not None and row.errno > 0 and not row.marked and row.value != -1
        return None if foreign or contradictory else row


def parse(data: bytes) -> Log:
    """What dtruss wrote, its standard error whole; any bytes at all.  Calls stand in the order of the rows."""
    reading = sort_lines(data)
    guess = _guessed(reading.rows)
    return Log(
        engine=NAME,
        version="",
        calls=list(_calls(reading.rows, guess)),
        clock=ROWS,
        misread=reading.misread,
        notes=list(_notes(reading, guess)),
    )


def sort_lines(data: bytes) -> Reading:
    """The lines by what they are, for those who want the program's own output back."""
    reading = Reading()
    for line in data.decode("utf-8", "backslashreplace").split("\n"):
        reading.take(line.removesuffix("\r"))
    return reading


def _plain(name: str) -> str:
    """connect_nocancel is connect, called by a library that is no place to be cancelled in (bsd/kern/syscalls.master)."""
    return name.removesuffix("_nocancel")


def _signed(value: str) -> int:
    """A result; mmap and its like print theirs as an unsigned number in hexadecimal."""
    if not value.startswith("0x"):
        return int(value)
    number = int(value, 16)
    return number - (1 << 64) if 1 << 63 <= number < 1 << 64 else number


def _calls(rows: Iterable[Row], guess: tuple[str, ...]) -> Iterator[SystemCall]:
    clock = 0
    for row in rows:
        failed = row.errno is not None and row.errno > 0
        restarted = row.errno == ERESTART
        result = None if failed or restarted else row.value
        begin = clock + 1
        clock = begin + _elapsed(row, guess) * 1000
        yield SystemCall(
            tid=row.tid,
            t0=begin,
            t1=clock,
            name=row.name,
            args=decode(row.name, row.args, result),
            result=result,
            errno=macos.errno_name(row.errno) if failed and row.errno else None,
            restarted=restarted,
            pid=row.pid,
        )


def _elapsed(row: Row, guess: tuple[str, ...]) -> int:
    """Microseconds from entry to return, 0 where that is not told."""
    names = guess if row.header is None else row.header
    told = dict(zip(names, row.numbers, strict=True)) if len(names) == len(row.numbers) else {}
    return max(told.get("ELAPSD", 0), 0)


def _guessed(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the columns are where no header says it: by the width that most rows have, in which no number was too long."""
    by_width = {
        sum(_WIDTHS[name] for name in names): names
        for names in (
            COLUMNS, COLUMNS[:2], COLUMNS[1:], (COLUMNS[0], COLUMNS[2]), COLUMNS[:1], COLUMNS[1:2], COLUMNS[2:],
        )
    }  # fmt: skip
    # Of the blanks behind the last number one is matched by what follows.
    widths = Counter(len(row.columns) + 1 for row in rows if row.header is None and ":" not in row.columns)
    return next((by_width[width] for width, _ in widths.most_common() if width in by_width), ())


def _notes(reading: Reading, guess: tuple[str, ...]) -> Iterator[str]:
    rows = reading.rows
    if rows:
        yield (
            "dtruss tells no time of day: calls stand in the order in which they returned, and only durations are measured"
            if any(_elapsed(row, guess) for row in rows)
            else "dtruss tells no time of day and this output no durations: calls stand in the order in which they returned"
        )
        yield "dtruss shows numbers only: addresses, data and what a kevent changed are not known"
    if any(row.pid is None for row in rows):
        yield "this output does not tell threads apart (options -l or -f would): they all stand as thread 0"
    if any(row.header is None and row.columns for row in rows):
        yield f"the header line is missing: the columns were taken for {', '.join(guess) or 'nothing we know'}"
    yield from _losses(reading)
    yield from (f"dtrace said: {text}" for text in dict.fromkeys(reading.said))
    if reading.others:
        yield f"{_many(len(reading.others), 'line')} of other output stood in between, such as the program's own errors"


def _losses(reading: Reading) -> Iterator[str]:
    if reading.lost:
        yield f"DTrace could not show {_many(reading.lost.total(), 'call')}: {_listed(reading.lost)}"
    if reading.dropped:
        yield f"DTrace lost data, and calls may be missing: {_listed(reading.dropped)}; dtruss -b may help"
    begun: Counter[str] = Counter()
    for name, times in reading.counted.items():
        begun[_plain(name)] += times
    if missing := begun - Counter(row.name for row in reading.rows):
        yield f"{_many(missing.total(), 'call')} began and no row shows how they ended: {_listed(missing)}"


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counter.most_common())


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
