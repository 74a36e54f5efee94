"""Where a learner stands in a lesson, and the one thing to do next."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.state import LessonState, State


class Step(StrEnum):
    """What comes next."""

    PREDICT = "predict"
    RUN = "run"
    CHECK = "check"
    NEXT = "next"
    BACK = "back"
    """All lessons have been opened, and one was left out."""
    DONE = "done"


class Standing(NamedTuple):
    """Where somebody stands."""

    step: Step
    lesson: Lesson
    """The one that is open."""
    record: LessonState
    other: Lesson | None
    """The lesson to go to, for NEXT and BACK."""


def standing(folder: Folder, state: State) -> Standing:
    """Find it out."""
    lesson = folder.current(state)
    record = state.of(lesson.name)
    after = folder.after(state, lesson)
    given_last = record.given and after is None  # behind it is nothing to which catch-up could have led
    if not given_last and (step := _in_lesson(lesson, record, state.track)) is not None:
        return Standing(step, lesson, record, None)
    left = next(iter(left_out(folder, state)), None)
    beyond = left is None and lesson.name not in state.order  # one for an evening, when the track is over
    if after is not None and not beyond:
        return Standing(Step.NEXT, lesson, record, after)
    return Standing(Step.BACK if left else Step.DONE, lesson, record, left)


def _in_lesson(lesson: Lesson, record: LessonState, track: str) -> Step | None:
    """The step within the lesson; None: it is done."""
    if not record.ran and not record.passed:
        asked = bool(lesson.questions) and not record.predicted
        return Step.PREDICT if asked else Step.RUN
    return None if record.passed or track in lesson.demo else Step.CHECK


def left_out(folder: Folder, state: State) -> Sequence[Lesson]:
    """The lessons of the track in which something is still to do, the one that is open among them."""
    return [one for one in folder.order(state) if not _needs_nothing(one, state)]


def is_done(lesson: Lesson, state: State) -> bool:
    """Whether nothing of a lesson is left to do: it was passed, or it is one that is only shown in this track."""
    record = state.lessons.get(lesson.name)
    return record is not None and bool(record.passed or (track_shows(lesson, state) and record.ran))


def _needs_nothing(lesson: Lesson, state: State) -> bool:
    """Whether nobody need come back to it: what catch-up has laid down is not asked for again."""
    record = state.lessons.get(lesson.name)
    return is_done(lesson, state) or (record is not None and record.given)


def track_shows(lesson: Lesson, state: State) -> bool:
    """Whether in this track the teacher shows the lesson, and nobody writes code."""
    return state.track in lesson.demo


def word_of(lesson: Lesson, state: State) -> str:
    """What has become of a lesson, in a word or two."""
    record = state.lessons.get(lesson.name)
    if record is None or not record.opened:
        return "not opened"
    words = (
        (bool(record.passed), "passed"),
        (record.given, "given"),
        (record.skipped, "left out"),
        (is_done(lesson, state), "seen"),
        (state.current == lesson.name, "open"),
    )
    return next((word for holds, word in words if holds), "opened")
