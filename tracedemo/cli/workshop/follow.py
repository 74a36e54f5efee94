"""`tracedemo workshop notes --follow`: on the teacher's own screen, what belongs to the step that the room sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tracedemo.cli import last, tell
from tracedemo.errors import MachineError
from tracedemo.workshop import following
from tracedemo.workshop.following import FILE, Place, minutes_gone, news
from tracedemo.workshop.notes import FRAMES, Plan, plan

KEPT = "presented"
"""The folder, beside the last run, of what was recorded while presenting, and of where that is."""
PAUSE_S = 0.5
"""Between two looks."""


def kept_folder() -> Path | None:
    """Where recordings are kept from one presentation to the next; None: this user has no place for them."""
    try:
        return last.folder().parent / KEPT
    except RuntimeError:
        return None


def follow(track: str | None) -> int:
    """Tell what there is to tell at each step, until the presentation ends, or Ctrl-C comes.

    Args:
        track: whose plan is held beside the clock; None: that of the presentation.

    Raises:
        MachineError: there is no place where a presentation could say where it is.
    """
    folder = kept_folder()
    if folder is None:
        raise MachineError(
            "this user has no home, and so no presentation can be followed", "Set XDG_STATE_HOME."
        )
    tell("Waiting for `tracedemo workshop present` in another terminal.  Ctrl-C ends.")
    try:
        for line in told(folder / FILE, track):
            tell(line)
    except KeyboardInterrupt:
        tell("")
    return 0


def told(
    path: Path,
    track: str | None,
    now: Callable[[], float] = time.time,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[str]:
    """The lines, as they become due; a presentation that ended before we came is none."""
    before: tuple[Place | None, int] = (None, 0)
    while True:
        place = following.read(path)
        if place is not None and place.lesson:
            timed = plan(track or (place.track if place.track in FRAMES else "90"))
            for kind, text in news(timed, before, place, now()):
                yield from _notes(timed, place) if kind == "lesson" else [text]
            before = place, minutes_gone(place, now())
        elif place is not None and before[0] is not None:
            yield "The presentation has ended."
            return
        wait(PAUSE_S)


def _notes(timed: Plan, place: Place) -> Iterator[str]:
    from tracedemo.cli.workshop.notes import notes_of

    for slot in timed.slots:
        if slot.lesson is not None and slot.lesson.number == place.lesson:
            yield ""
            yield from notes_of(slot)
            yield ""
