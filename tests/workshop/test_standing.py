"""There is always one next thing to do, and it is the right one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.standing import Step, standing, word_of
from tracedemo.workshop.state import LessonState, State

OPENED = {"opened": "t"}
PREDICTED = {**OPENED, "predicted": "t"}
RAN = {**PREDICTED, "ran": "t"}
PASSED = {**RAN, "passed": "t"}


@pytest.mark.parametrize(
    ("track", "current", "records", "step", "other"),
    [
        ("self", "first", {"first": OPENED}, Step.PREDICT, None),
        ("self", "first", {"first": PREDICTED}, Step.RUN, None),
        ("self", "first", {"first": RAN}, Step.CHECK, None),
        ("self", "first", {"first": {**OPENED, "ran": "t", "unpredicted": True}}, Step.CHECK, None),
        ("self", "first", {"first": PASSED}, Step.NEXT, "second"),
        ("self", "first", {"first": {**OPENED, "passed": "t"}}, Step.NEXT, "second"),
        ("half", "second", {"first": PASSED, "second": OPENED}, Step.PREDICT, None),
        ("half", "second", {"first": PASSED, "second": RAN}, Step.DONE, None),
        ("half", "second", {"first": {**OPENED, "skipped": True}, "second": RAN}, Step.BACK, "first"),
        ("half", "second", {"first": {**OPENED, "given": True}, "second": RAN}, Step.DONE, None),
        ("half", "second", {"first": PASSED, "second": {**OPENED, "given": True}}, Step.DONE, None),
        ("half", "first", {"first": {**OPENED, "given": True}}, Step.PREDICT, None),
        ("half", "third", {"first": PASSED, "second": RAN, "third": PASSED}, Step.DONE, None),
        ("half", "third", {"first": PASSED, "third": PASSED}, Step.BACK, "second"),
        ("self", "third", {"first": PASSED, "third": PASSED}, Step.BACK, "second"),
        ("self", "third", {"first": PASSED, "second": PASSED, "third": PASSED}, Step.DONE, None),
    ],
)  # fmt: skip
def test_next_step(
    track: str,
    current: str,
    records: dict[str, dict[str, str]],
    step: Step,
    other: str | None,
    folder: Folder,
) -> None:
    """First what is said, then what is seen, then what is written; then the next lesson, or one that was left out."""
    order = ["first", "second"] + ["third"] * (track == "self")
    lessons = {name: LessonState(**fields) for name, fields in records.items()}
    state = State(track=track, order=order, current=current, lessons=lessons)

    found = standing(folder, state)

    assert (step, other) == (found.step, found.other and found.other.name)
    assert records.keys() == state.lessons.keys()


@pytest.mark.parametrize(
    ("fields", "word"),
    [({}, "not opened"), (OPENED, "open"), ({**OPENED, "skipped": True}, "left out"), (RAN, "seen"), (PASSED, "passed"),
     ({**PASSED, "given": True}, "passed"), ({**OPENED, "given": True}, "given")],
)  # fmt: skip
def test_word_of_a_lesson(fields: dict[str, str], word: str, small: Sequence[Lesson]) -> None:
    """What has become of a lesson is said in a word."""
    lessons = {"second": LessonState(**fields)} if fields else {}

    assert word == word_of(small[1], State(track="half", current="second", lessons=lessons))
