"""The rows that are shown for an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracedemo.workshop import proving
from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.evidence import More, evidence
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.measures import At, Measured
from tracedemo.workshop.own import measure_of
from tracedemo.workshop.running import execute


def rows(*numbers: int, run: int = 0) -> list[At]:
    return [At(run, number) for number in numbers]


def test_few_rows_are_all_shown() -> None:
    """Rows that fit are shown whole, with those beside them in their place."""
    found = Measured(5, rows(1, 2, 4, 5, 6), rows(3))

    assert rows(1, 2, 3, 4, 5, 6) == evidence(found)


def test_of_many_rows_the_ends_are_shown() -> None:
    """Of many rows the first and the last are shown, how many stand between them is said, and those beside are whole."""
    found = Measured(20, rows(*range(10, 30)), rows(5, 40))

    assert [*rows(5, 10, 11, 12), More(16), *rows(29, 40)] == evidence(found)


def test_each_run_has_its_ends() -> None:
    """Where an answer comes from two programs, rows of both are shown."""
    found = Measured("more", [*rows(*range(6)), *rows(*range(7), run=1)])

    assert [*rows(0, 1, 2), More(2), *rows(5), *rows(0, 1, 2, run=1), More(3), *rows(6, run=1)] == evidence(
        found
    )


def test_rows_in_an_order_of_their_own() -> None:
    """A measure that puts the rows of one socket first has these shown."""
    found = Measured(8, rows(0, 4, 8, 1, 5, 9, 2, 6))

    assert [*rows(0, 4), *rows(6, 8), More(4)] == evidence(found)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.folder_name)
def test_shown_rows_made_the_answer(lesson: Lesson, tmp_path: Path) -> None:
    """For each question the rows that are shown are among those that the measure gave; a count is theirs."""
    values = proving.draws(lesson)[0]
    proving.place(lesson, proving.answers(lesson)[1], tmp_path)
    ran = [execute(lesson, run, values, tmp_path, tmp_path, capture=True) for run in lesson.runs]
    for question in lesson.questions:
        found = measure_of(lesson, question.measure)(ran[question.of].studies)
        shown = [item for item in evidence(found) if isinstance(item, At)]

        assert shown
        assert {*shown} <= {*found.counted, *found.beside}
        assert not {*found.counted} & {*found.beside}
        assert question.measure == "highest_descriptor" or found.answer in (
            len(found.counted),
            str(found.answer),
        )
