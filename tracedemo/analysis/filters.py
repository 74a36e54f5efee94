"""`--only recv,EAGAIN,fd=5`: which events to show.

A word is an operation (`recv`), a system call (`epoll_wait`), a Step (`yield`, `sent`), an errno (`EAGAIN`), an exception
(`BlockingIOError`), an option of a socket (`SO_ERROR`), a lane, a phase, or one of a few more words. Where a word could be
two things (`connect` is a call and a phase), it is the operation; `phase=connect` says the other.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tracedemo.analysis.phases import UNKNOWN, phases
from tracedemo.errors import UsageError
from tracedemo.events import KERNEL, LANES, MARKS, Event, Trace
from tracedemo.syscalls import ERRNO_MEANINGS, OPERATIONS, PHASES, STEPS, SYSTEM_CALLS

ANSWERS: Mapping[str, Callable[[Event], bool]] = {
    "not-yet": lambda event: event.not_yet,
    "failed": lambda event: event.failed,
    "unreturned": lambda event: event.t1 is None,
    "importing": lambda event: "importing" in event.args,
}
"""Words about a call and its answer that are no errno."""

_NUMBERS = ("fd", "conn", "pid", "tid")
FIELDS = ("op", "lane", "owner", "phase", "errno", "exc", "mark", *_NUMBERS)
"""What can stand before an equals sign."""

FIXED = {"lane": LANES, "phase": (*PHASES, UNKNOWN), "mark": MARKS}
"""Fields of which all values are known."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms by field.  Those of one field are alternatives, and all fields must agree: `recv,send,fd=5` is a recv or a
    send, and on fd 5.
    """

    terms: Mapping[str, tuple[str, ...]]
    """By field; `answer` holds errno names, exceptions and the words `not-yet`, `failed`, `unreturned`, `importing`;
    `option` the name of a socket's option."""

    def matches(self, event: Event, phase: str | None = None) -> bool:
        """Whether an event is wanted; `phase` is its entry of `Phases.of_row`."""
        return all(
            any(_agrees(event, phase, field, value) for value in values)
            for field, values in self.terms.items()
        )


def parse(text: str, trace: Trace | None = None) -> Filter:
    """A filter from the words of the command line, separated by commas; an empty text wants everything.

    Args:
        trace: if given, operations that occur in it are known words, too.

    Raises:
        UsageError: a word is none of the known ones; the remedy lists what is possible.
    """
    operations = {row.name for row in OPERATIONS} | {row.name for row in STEPS}
    operations.update(row.name for row in SYSTEM_CALLS)
    if trace is not None:
        operations.update(str(name) for name in trace.column("op"))
    terms: dict[str, tuple[str, ...]] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        field, value = _term(word, operations)
        terms[field] = (*terms.get(field, ()), value)
    return Filter(terms)


def matching(trace: Trace, only: Filter) -> list[int]:
    """Rows of an identified Trace that the filter wants, ascending."""
    if "phase" not in only.terms:
        return [row for row, event in enumerate(trace) if only.matches(event)]
    of_row = phases(trace).of_row
    return [row for row, event in enumerate(trace) if only.matches(event, of_row[row])]


def _term(word: str, operations: set[str]) -> tuple[str, str]:
    """(field, value) of one word."""
    field, equals, value = (part.strip() for part in word.partition("="))
    if equals:
        if field not in FIELDS:
            raise UsageError(f"--only: there is no field {field!r}", f"Fields: {', '.join(FIELDS)}.")
        if field in _NUMBERS and not (value.isascii() and value.isdigit()):
            raise UsageError(f"--only: {word!r}: {field} is a number", f"Write {field}=5, for example.")
        if field in FIXED and value not in FIXED[field]:
            raise UsageError(
                f"--only: there is no {field} {value!r}", f"Possible: {', '.join(FIXED[field])}."
            )
        return ("answer" if field in ("errno", "exc") else field), value
    if word in operations:
        return "op", word
    if word in ANSWERS or word in ERRNO_MEANINGS or _is_errno(word) or _is_exception(word):
        return "answer", word
    for name, values in FIXED.items():
        if word in values:
            return name, word
    if _OPTION.fullmatch(word):
        return "option", word
    raise UsageError(f"--only: what is {word!r}?", _possible(word, operations))


_OPTION = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
"""Names of what setsockopt() sets and getsockopt() asks for: `TCP_NODELAY`."""


def _is_errno(word: str) -> bool:
    return len(word) > 2 and word[0] == "E" and word.isascii() and word.isalnum() and word.isupper()


def _is_exception(word: str) -> bool:
    """True for the exceptions of Python, and for what looks like one: `SSLWantReadError`."""
    found = getattr(builtins, word, None)
    if isinstance(found, type) and issubclass(found, BaseException):
        return True
    return word.isidentifier() and word[0].isupper() and word.endswith(("Error", "Exception"))


def _possible(word: str, operations: set[str]) -> str:
    """What a word can be, for the remedy: names that are near, and an example of each kind."""
    from difflib import get_close_matches

    others = [name for values in FIXED.values() for name in values]
    near = get_close_matches(word, sorted({*operations, *ANSWERS, *ERRNO_MEANINGS, *others}), 3)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return (f"{meant}Possible are a call (recv), an answer (EAGAIN, BlockingIOError, not-yet), an option (SO_ERROR), a "
            "lane (kernel), a phase (connect), a field (fd=5): tracedemo show --help")  # fmt: skip


def _polled(event: Event) -> tuple[Any, ...]:
    """The descriptors that a system call of the poll and select kind looks at: it has none of its own."""
    asked = event.args.get("fds") if event.lane == KERNEL and event.fd is None else None
    return tuple(each[0] if isinstance(each, list) and each else each for each in asked or ())


def _agrees(event: Event, phase: str | None, field: str, value: str) -> bool:
    match field:
        case "answer":
            about = ANSWERS.get(value)
            return about(event) if about else value in (event.errno, event.exc)
        case "phase" | "option":
            return value == (phase if field == "phase" else event.args.get("option"))
        case "owner":
            # A star stands for anything: `owner=fetch*`.
            return event.owner is not None and fnmatchcase(event.owner, value.replace("[", "[[]"))
        case "fd":
            return event.fd == int(value) or int(value) in _polled(event)
        case "conn" | "pid" | "tid":
            return bool(getattr(event, field) == int(value))
        case _:
            return bool(getattr(event, field) == value)
