"""docs/coverage.md, made of what was measured.  Pure: reports in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from catalogue import BEYOND, GROUPS, Program
from measure import Measured, Report

INTRODUCTION = """\
# What is seen of your libraries

<!-- Written by scripts/coverage: change that, not this page. -->

How much of what a program asks of the kernel does a trace show? Programs that use each library, unmodified, were run under
the recorder and under strace at the same time, against real servers on loopback (HTTP, HTTPS, SMTP and FTP of the standard
library, Debian's Redis). A cell tells the share of their system calls that lie inside a recorded Python call of the same
thread, and of how many.

**What is counted**: every system call on a socket or an epoll, by what strace says a descriptor is (`read`, `write`,
`close`, `ioctl`, `fcntl`, `fstat` and the like among them, where they are about a socket), and every poll and select; of
all threads, from the moment at which the interpreter has read the script to its end. A call is inside when it was entered
between the entry and the return of a Python call, to the nanosecond. **What is not counted**: files and pipes; other
programs that are started; the `fstat` by which the recorder itself looks, before `os.sendfile`, whether that is about a
socket. What goes through io_uring is hidden from strace, too.
"""


def page(
    reports: Sequence[Report], programs: Sequence[Program], pins: Mapping[str, str], day: str, redis: str
) -> str:
    """The whole page."""
    parts = [INTRODUCTION, _made_with(reports, pins, day, redis)]
    for group in GROUPS:
        rows = [program for program in programs if program.group == group]
        parts.append(f"## {group}\n\n{table(reports, rows)}")
    parts += [_rest(reports, programs), _nothing_changed(reports), _again()]
    return "\n".join(parts)


def _made_with(reports: Sequence[Report], pins: Mapping[str, str], day: str, redis: str) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in pins.items())
    straces = "; ".join(
        f"strace {strace} under {', '.join(each.python for each in reports if each.strace == strace)}"
        for strace in dict.fromkeys(report.strace for report in reports)
    )
    return f"Measured on {day}: CPython with {straces}; {redis or 'no Redis'}; {libraries}.\n"


def table(reports: Sequence[Report], programs: Sequence[Program]) -> str:
    """A row for each program, a column for each Python."""
    lines = [
        "| | " + " | ".join(report.python for report in reports) + " |",
        "|---|" + "---:|" * len(reports),
    ]
    for program in programs:
        cells = [cell(found(report, program)) for report in reports]
        lines.append(f"| {program.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def found(report: Report, program: Program) -> Measured | None:
    """What was measured of a program on a Python."""
    return next((each for each in report.measured if each.program == program.name), None)


def cell(measured: Measured | None) -> str:
    """`100 % of 122`; never rounded up."""
    if measured is None or measured.without:
        return "–"
    return f"{percent(measured.rate)} of {measured.all}"


def percent(rate: float) -> str:
    """`100 %`, `98.5 %`; rounded down, so that 100 % is said only of all."""
    tenths = int(rate * 1000 + 1e-9)
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10} %"


def _rest(reports: Sequence[Report], programs: Sequence[Program]) -> str:
    lines = ["## What is not seen, and why", ""]
    for program in programs:
        missed = [(report, one) for report in reports if (one := found(report, program)) and one.outside]
        if missed:
            report, worst = min(missed, key=lambda pair: pair[1].rate)
            why = program.why or "not explained: a fault of tracedemo."
            lines.append(f"* **{program.name}** (on {report.python} {calls(worst.outside)}): {why}")
    if len(lines) == 2:
        lines.append("Everything that was counted was seen.")
    lines += ["", *_absent(reports, programs)]
    return "\n".join(lines) + "\n"


def calls(outside: Mapping[str, int]) -> str:
    """`write ×6, read ×4`."""
    ordered = sorted(Counter(outside).items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"`{name}` ×{count}" for name, count in ordered)


def _absent(reports: Sequence[Report], programs: Sequence[Program]) -> Iterator[str]:
    """Why cells are empty, each reason once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        for program in programs:
            one = found(report, program)
            if one is not None and one.without:
                reasons.setdefault((report.python, one.without), []).append(program.name)
    if reasons:
        yield "Where a cell is empty:\n"
    for (python, reason), names in reasons.items():
        yield f"* {', '.join(names)} on {python}: {reason}"


def _nothing_changed(reports: Sequence[Report]) -> str:
    troubles = [
        f"* {one.program} on {report.python}: {one.trouble}"
        for report in reports
        for one in report.measured
        if one.trouble
    ]
    runs = sum(not one.without for report in reports for one in report.measured)
    head = f"## Whether the recorder changed anything\n\nOf {runs} programs each was run bare first, and then traced. "
    if not troubles:
        return f"{head}All wrote the same and ended with the same exit code.\n"
    return f"{head}In these something was different:\n\n" + "\n".join(troubles) + "\n"


def _again() -> str:
    return (
        "## Again\n\n`scripts/coverage` measures anew and writes this page; the programs are in"
        " `scripts/coverage_programs/programs/`. `scripts/coverage --check`, which CI runs, fails when one of the standard"
        " library is below 100 %, a library below what is promised of it (trio 98 %), or an output is changed."
        f" Nothing is promised of what stands under “{BEYOND}”.\n"
    )
