"""What the teacher holds in hand: the clock of a track, its breaks, what is to spare, and what goes when time runs short.

How long a lesson takes, whether it is shown only, and what is dropped of it stand in the lesson's own folder. What stands
around the lessons is the frame below. Estimates of time are known to be wrong by up to two times, and so no more than four
fifths of the time there is are planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from tracedemo.workshop.catalogue import lessons, on_track
from tracedemo.workshop.lesson import Lesson


class Frame(NamedTuple):
    """What stands around the lessons of a track; all times are minutes."""

    slot: int
    """What there is, breaks included."""
    most: int
    """What may be planned, breaks not included."""
    opening: int
    closing: int
    breaks: Mapping[int, int]
    """Number of the lesson behind which there is a break -> how long it is."""


FRAMES: Mapping[str, Frame] = {
    "90": Frame(slot=90, most=70, opening=6, closing=4, breaks={}),
    "half": Frame(slot=210, most=165, opening=8, closing=6, breaks={5: 10, 9: 10}),
}
"""The tracks that have a teacher."""

LESSON, FRAME, BREAK = "lesson", "frame", "break"

OPENING = (
    "Everybody installs from the stick (python3 install.py) or has tracedemo already, and types `tracedemo doctor`. What"
    " stands behind MEND is mended now; who lacks only the kernel's side lacks nothing: recordings stand in for it. Then"
    " `tracedemo workshop start`, in a folder of their own. Meanwhile say what the post is (a blog article, whose programs"
    " the lessons use; nobody needs to have read it), and that k and n are numbers, drawn anew for each learner. Whoever is"
    " ready reads the first lesson, and predicts."
)
CLOSING = (
    "Ask which prediction was furthest off, and let somebody show the line of the trace that refuted it. Name the lessons"
    " that were left out: `tracedemo workshop next` opens them at home, and every check works without you. Ask for"
    " `tracedemo workshop status`: the minutes it tells are what the plan of the next workshop is made of."
)


class Slot(NamedTuple):
    """One line of the plan."""

    start: int
    """Minutes since the beginning."""
    minutes: int
    kind: str
    title: str
    say: str = ""
    """What the teacher says, where there is no lesson that tells it."""
    lesson: Lesson | None = None
    demo: bool = False
    """Whether the lesson is shown only."""

    @property
    def clock(self) -> str:
        """When it begins: `1:05`."""
        return clock(self.start)


class Plan(NamedTuple):
    """A track, from the first minute to the last."""

    track: str
    frame: Frame
    slots: Sequence[Slot]

    @property
    def planned(self) -> int:
        """Minutes of all that is taught."""
        return sum(slot.minutes for slot in self.slots if slot.kind != BREAK)

    @property
    def breaks(self) -> int:
        """Minutes of all breaks."""
        return sum(slot.minutes for slot in self.slots if slot.kind == BREAK)

    @property
    def spare(self) -> int:
        """Minutes that are left; negative: it is too long."""
        return self.frame.slot - self.planned - self.breaks

    def cuts(self) -> Sequence[Lesson]:
        """Lessons that go when time runs short, the first one first."""
        there = [slot.lesson for slot in self.slots if slot.lesson is not None and slot.lesson.cut]
        return sorted(there, key=lambda lesson: (lesson.cut, lesson.number))

    def kept(self) -> Sequence[Lesson]:
        """Lessons that are never dropped whole."""
        return [slot.lesson for slot in self.slots if slot.lesson is not None and not slot.lesson.cut]

    def slot_of(self, lesson: Lesson) -> Slot | None:
        """When a lesson has its turn; None: it is not on this track."""
        return next((slot for slot in self.slots if slot.lesson == lesson), None)


def clock(minutes: int) -> str:
    """Hours and minutes: `1:05`."""
    return f"{minutes // 60}:{minutes % 60:02}"


def plan(track: str, among: Sequence[Lesson] | None = None) -> Plan:
    """The plan of a track.

    Args:
        track: one of FRAMES.
        among: the lessons that there are; None: all of tracedemo's.
    """
    frame = FRAMES[track]
    parts = list(_parts(track, frame, on_track(track, lessons() if among is None else among)))
    starts = accumulate((part.minutes for part in parts), initial=0)
    return Plan(
        track, frame, [part._replace(start=start) for part, start in zip(parts, starts, strict=False)]
    )


def _parts(track: str, frame: Frame, taught: Sequence[Lesson]) -> Iterator[Slot]:
    yield Slot(0, frame.opening, FRAME, "Set-up", OPENING)
    for before, lesson in zip([None, *taught], taught, strict=False):
        if before is not None:
            # A break stands behind a lesson; where that one is not taught, in the place where it would end: one there.
            due = [
                minutes for number, minutes in frame.breaks.items() if before.number <= number < lesson.number
            ]
            yield from (Slot(0, minutes, BREAK, "Break") for minutes in due[:1])
        yield Slot(0, lesson.minutes[track], LESSON, f"{lesson.number:02} {lesson.title}", lesson=lesson,
                   demo=track in lesson.demo)  # fmt: skip
    yield Slot(0, frame.closing, FRAME, "Wrap-up", CLOSING)


def shown_values(lesson: Lesson) -> Mapping[str, int]:
    """What a teacher shows a lesson with, where learners draw their own: the middle of what can be drawn."""
    return {name: (least + most) // 2 for name, (least, most) in lesson.draw.items()}
