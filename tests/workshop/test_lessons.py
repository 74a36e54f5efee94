"""Every lesson that is there is proven: what `tracedemo workshop dev check` says of it, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tracedemo.workshop import proving
from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.lesson import Lesson

EVERY_LESSON = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.folder_name)
ANSWERS = [
    pytest.param(lesson, answer, id=f"{lesson.folder_name}-{answer.name}")
    for lesson in lessons()
    for answer in proving.answers(lesson)
]


@EVERY_LESSON
def test_texts(lesson: Lesson) -> None:
    """A lesson has all its parts, and its third hint does not give the solution away."""
    assert list(proving.texts(lesson)) == []
    assert list(proving.names(lesson)) == []


@pytest.mark.parametrize(("lesson", "answer"), ANSWERS)
def test_answer(lesson: Lesson, answer: proving.Answer, tmp_path: Path) -> None:
    """The solution and each right answer pass; each wrong one, and a file with nothing done, fails by the rule it names."""
    assert list(proving.tried(lesson, answer, tmp_path)) == []


def every_draw() -> Iterator[object]:
    for lesson in lessons():
        for values in proving.draws(lesson):
            words = ",".join(f"{name}={value}" for name, value in values.items())
            yield pytest.param(lesson, values, id=f"{lesson.folder_name}-{words}")


@pytest.mark.parametrize(("lesson", "values"), list(every_draw()))
def test_exactly_one_option_is_right(lesson: Lesson, values: dict[str, int], tmp_path: Path) -> None:
    """Whatever is drawn, the lesson's run says that one of the options is right, and none of the others."""
    assert list(proving.asked(lesson, values, tmp_path)) == []
