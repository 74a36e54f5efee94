"""Where a presentation is, for a second terminal: one small file, replaced at each step, and the clock beside the plan."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tracedemo.workshop.notes import Plan, clock

FILE = "place.json"


@dataclass(frozen=True)
class Place:
    """A step of a presentation."""

    track: str
    lesson: int
    """Its number; 0: the presentation has ended."""
    step: str
    """What was shown last, or comes next, in words."""
    began: float
    """When the presentation began, in seconds since 1970."""


def write(path: Path, place: Place) -> None:
    """Say where one is.  A convenience: where that cannot be written, nobody follows."""
    part = path.with_name(f".{os.getpid()}-{path.name}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(json.dumps(asdict(place)), encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def read(path: Path) -> Place | None:
    """Where the presentation is; None: nobody has said."""
    try:
        place = Place(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    kinds = (place.track, str), (place.lesson, int), (place.step, str), (place.began, (int, float))
    return place if all(isinstance(value, kind) for value, kind in kinds) else None


def minutes_gone(place: Place, now: float) -> int:
    """Whole minutes since it began."""
    return max(int(now - place.began) // 60, 0)


def beside_the_plan(timed: Plan, place: Place, now: float) -> str:
    """The clock, and what the plan has in the lesson that is shown: `0:19, planned 0:12 to 0:22: 02 Begun, ...`."""
    gone = minutes_gone(place, now)
    slot = next((slot for slot in timed.slots if slot.lesson and slot.lesson.number == place.lesson), None)
    if slot is None:
        return clock(gone)
    late = gone - slot.start - slot.minutes
    said = f"{clock(gone)}, planned {slot.clock} to {clock(slot.start + slot.minutes)}"
    return f"{said}: {late} min LATE" if late > 0 else said


def news(
    timed: Plan, before: tuple[Place | None, int], place: Place, now: float
) -> Iterator[tuple[str, str]]:
    """What is to be told since the last look: ("lesson", its number), ("step", a line), ("clock", a line).

    Args:
        before: what was seen then, and how many minutes had gone.
    """
    seen, minute = before
    if seen is None or seen.lesson != place.lesson:
        yield "lesson", str(place.lesson)
    if seen is None or (seen.lesson, seen.step) != (place.lesson, place.step):
        yield "step", f"{beside_the_plan(timed, place, now)}   {place.step}"
    elif minute != minutes_gone(place, now):
        yield "clock", beside_the_plan(timed, place, now)
