"""Where a learner is: one JSON file, `.tracedemo/state.json`, that is replaced as a whole whenever something changes.

It is read, changed and written under a lock, so that a loop in one terminal and a command in another one lose nothing of
each other's. One that is broken is set aside, and never thrown away; one of an older tracedemo is taken over (`UPGRADES`);
one of a newer one is left alone.

Time: a command adds the time since the command before it to the lesson that is open, but never more than `LONGEST_GAP_S`:
who goes for lunch has not worked at the lesson. It is a measure of what lessons take, and no proof of anything.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from tracedemo.errors import FileError
from tracedemo.replacing import in_place_of

SCHEMA = 2
"""2: answers, hints and minutes by lesson; 1: that of the first drafts, which knew what was opened and what was passed."""

NAME, LOCK = "state.json", "lock"
LONGEST_GAP_S = 600.0
"""Seconds between two commands that count as work; what is longer counts as so much."""


@dataclass(slots=True)
class LessonState:
    """What has become of a lesson.  Times are ISO 8601 in UTC; an empty one: not yet."""

    values: dict[str, int] = field(default_factory=dict)
    """What was drawn for this learner."""
    opened: str = ""
    predicted: str = ""
    ran: str = ""
    passed: str = ""
    predictions: list[str] = field(default_factory=list)
    """Letters, one a question."""
    right: list[str] = field(default_factory=list)
    """The letters that the run gave; an empty one: none of the choices."""
    answers: list[int | str] = field(default_factory=list)
    """What the run measured."""
    hints: int = 0
    """How many were shown."""
    checks: int = 0
    looked: bool = False
    """Whether the solution was shown before the lesson was passed."""
    skipped: bool = False
    given: bool = False
    """Whether catch-up has laid the solution down."""
    unpredicted: bool = False
    """Whether it was run with --no-predict."""
    active_s: float = 0.0

    @property
    def met(self) -> int:
        """How many predictions came true."""
        return sum(
            bool(one) and one == other for one, other in zip(self.predictions, self.right, strict=False)
        )


@dataclass(slots=True)
class State:
    """All that is remembered."""

    track: str = "self"
    order: list[str] = field(default_factory=list)
    """Names of lessons, as they come."""
    current: str = ""
    lessons: dict[str, LessonState] = field(default_factory=dict)
    """Those that have been opened, by name."""
    last: float = 0.0
    """When the latest command was given, seconds since 1970."""
    said: str = ""
    """What the learner must be told of this file, behind "the workshop's"; it is not kept."""

    def of(self, name: str) -> LessonState:
        """That of a lesson; there is one from now on."""
        return self.lessons.setdefault(name, LessonState())

    def note_time(self, now: float) -> None:
        """A command is given.

        Args:
            now: seconds since 1970.
        """
        if self.last and self.current:
            self.of(self.current).active_s += min(max(now - self.last, 0.0), LONGEST_GAP_S)
        self.last = now


def moment(now: float) -> str:
    """A time as it is kept."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")


# Reading


_Made = TypeVar("_Made", State, LessonState)


class BrokenError(ValueError):
    """What is there is no state."""


def read(folder: Path) -> State | None:
    """The state in a folder; None: there is none.

    Raises:
        BrokenError: what is there is none.
        FileError: it is of a newer tracedemo, or cannot be read.
    """
    path = folder / NAME
    try:
        table = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(
            f"cannot read {path}: {error.strerror}", "Its folder is the workshop's own."
        ) from None
    except (ValueError, RecursionError) as error:  # text that is no JSON, bytes that are no text
        raise BrokenError(str(error)) from None
    return _understood(table, path)


def _understood(table: Any, path: Path) -> State:
    if not isinstance(table, dict) or type(table.get("schema")) is not int:
        raise BrokenError("there is no schema number")
    schema = table.pop("schema")
    if schema > SCHEMA:
        raise FileError(
            f"{path} is of a newer tracedemo (schema {schema}, here {SCHEMA})",
            "Install that one again, or begin elsewhere: tracedemo workshop start DIR",
        )
    try:
        while schema < SCHEMA:
            table = UPGRADES[schema](table)
            schema += 1
        lessons = {str(name): _typed(LessonState(), one) for name, one in table.pop("lessons").items()}
        state = _typed(State(), table)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenError(str(error)) from None
    state.lessons = lessons
    return state


def _typed(made: _Made, table: Any) -> _Made:
    """A new one of its class, with what the file says."""
    for name, value in table.items():
        if name not in _FIELDS or not hasattr(made, name) or not _FIELDS[name](value):
            raise BrokenError(f"{name}: {str(value)[:40]}")
        setattr(made, name, value)
    return made


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1 << 53 and math.isfinite(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _list_of(*checks: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(any(check(one) for check in checks) for one in value)


def _numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_count, value.values()))


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("track", "current", "opened", "predicted", "ran", "passed"), _text),
    **dict.fromkeys(("looked", "skipped", "given", "unpredicted"), _flag),
    **dict.fromkeys(("hints", "checks"), _count),
    **dict.fromkeys(("last", "active_s"), _seconds),
    **dict.fromkeys(("order", "predictions", "right"), _list_of(_text)),
    "answers": _list_of(_text, lambda value: type(value) is int),
    "values": _numbers,
}
"""What may stand in the file, and how it is told from nonsense."""


def _from_1(table: dict[str, Any]) -> dict[str, Any]:
    """Schema 1: {"track", "current", "opened": {lesson: time}, "passed": {lesson: time}}."""
    passed = table["passed"]
    lessons = {
        name: {"opened": when, "passed": passed.get(name, "")} for name, when in table["opened"].items()
    }
    return {"track": table["track"], "current": table["current"], "lessons": lessons}


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""Schema -> what makes of it a table of the next one."""


# Writing


def write(state: State, folder: Path) -> None:
    """Put it in the place of what is there; who is killed here leaves the one or the other, whole.

    Raises:
        FileError: it cannot be written.
    """
    table = {"schema": SCHEMA, **asdict(state)}
    del table["said"]
    try:
        with in_place_of(folder / NAME) as part, part.open("w", encoding="utf-8") as file:
            file.write(json.dumps(table, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileError(
            f"cannot write {folder / NAME}: {error.strerror}", "Make room, or see whose it is."
        ) from None


@contextmanager
def edit(folder: Path, rebuild: Callable[[], State]) -> Iterator[State]:
    """The state, to be changed; it is written when the `with` is left well.

    Args:
        rebuild: makes one of what else the learner's folder holds.

    Raises:
        FileError: it is of a newer tracedemo, or cannot be read or written.
    """
    with _locked(folder):
        _sweep(folder)
        try:
            state = read(folder)
            aside = None
        except BrokenError:
            state, aside = None, _set_aside(folder)
        if state is None:
            state = rebuild()
            state.said = "state was lost" if aside is None else f"state was broken, and is now {aside.name}"
        yield state
        write(state, folder)


def _set_aside(folder: Path) -> Path:
    number = 1
    while (aside := folder / f"{NAME}.broken-{number}").exists():
        number += 1
    (folder / NAME).rename(aside)
    return aside


def _sweep(folder: Path) -> None:
    """What was being written by commands that were killed."""
    for path in folder.glob(f".*-{NAME}"):
        path.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One at a time; where the system has no flock, people do not type in two terminals at once."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise FileError(f"cannot write in {folder}: {error.strerror}", "See whose it is.") from None
    with file:
        with contextlib.suppress(OSError):  # a file system that knows no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
