"""docs/calls.md: the whole table as a page.  `scripts/docs` writes it, and a test holds it against the table.

Nothing in it depends on the machine that writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tracedemo.analysis.explain import WAITS
from tracedemo.analysis.systems import SYSTEMS, number_text
from tracedemo.syscalls import (
    ERRNO,
    ERRNOS,
    EXCEPTIONS,
    GROUPS,
    NO_ERRNO,
    OPERATIONS,
    PHASES,
    STEPS,
    SYSTEM_CALLS,
)
from tracedemo.syscalls.seen import SEEN
from tracedemo.syscalls.spelled import SPELLED
from tracedemo.syscalls.words import PHASE_MEANINGS, WORDS

_HEAD = """\
# Calls, answers and words

What Python code can ask of the kernel, what the kernel answers, and what it means. `tracedemo explain NAME` says the
same of one name, with a command that shows it.

This page is made from `tracedemo/syscalls/`: change the table there, then run `scripts/docs`.
"""


def page() -> str:
    """The text of the page."""
    return "\n".join((_HEAD, *_sections()))


def _sections() -> Iterator[str]:
    yield "## Calls of Python code\n"
    for phase in PHASES:
        yield f"### {phase}\n\n{PHASE_MEANINGS[phase]}\n"
        yield _table("call, in Python, becomes, waits, meaning", (
            (_code(row.name), _codes(SPELLED[row.name]), _codes(row.system_calls) or "nothing by itself",
             WAITS[row.could_wait], row.meaning)
            for row in OPERATIONS if row.phase == phase
        ))  # fmt: skip
    yield "What is raised without an errno:\n"
    yield _table("calls, exception, when", (
        (family, _code(name), text) for family, answers in NO_ERRNO.items() for name, text in answers
    ))  # fmt: skip
    yield "## System calls\n"
    for group in GROUPS:
        yield f"### {group}\n"
        rows = [row for row in SYSTEM_CALLS if row.group == group]
        yield _table("system call, waits, meaning, where, usual answers", (
            (_code(row.name), WAITS[row.waits], row.meaning + (f" A variant of `{row.like}`." if row.like else ""),
             row.where, "; ".join(f"`{name}` {text}" for name, text in row.answers))
            for row in rows
        ))  # fmt: skip
    yield "## Errnos\n"
    yield _table(", ".join(("errno", *SYSTEMS, "raised as", "meaning", "what to do")), (
        (_codes((row.name, *row.also)), *(number_text(row, system) for system in SYSTEMS), _code(row.exception),
         row.meaning, row.remedy)
        for row in ERRNOS
    ))  # fmt: skip
    yield "## Exceptions\n"
    yield _table("exception, errnos, meaning", (
        (_codes((row.name, *row.also)), _codes(errno.name for errno in ERRNOS if errno.exception == row.name), row.meaning)
        for row in EXCEPTIONS
    ))  # fmt: skip
    yield "## Steps of the other lanes\n"
    yield _table("lane, step, meaning", ((row.lane, _code(row.name), row.meaning) for row in STEPS))
    yield "## Words\n"
    yield _table("word, meaning, see also", (
        (", ".join((row.name, *row.also)), row.meaning, ", ".join(map(_linked, row.see))) for row in WORDS
    ))  # fmt: skip
    yield "## Which variant shows what\n\nMeasured on x86-64 Linux, with the server's lock-step pace.\n"
    yield _table('variant, calls and steps, "not yet" answers, system calls', (
        (_code(" ".join(filter(None, (row.variant, row.options)))), _codes(sorted(row.names)),
         ", ".join(f"`{op}` {errno}" for op, errno in sorted(row.answers)), _codes(sorted(row.system_calls)))
        for row in SEEN
    ))  # fmt: skip


def _table(heads: str, rows: Iterable[Sequence[str]]) -> str:
    names = heads.split(", ")
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _code(name: str) -> str:
    return f"`{name}`"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _linked(name: str) -> str:
    return _code(name) if name in ERRNO else name
