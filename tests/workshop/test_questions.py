"""Predictions, and what a run says to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.workshop.tiny import tiny_lesson
from tracedemo.analysis.study import Study
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions
from tracedemo.workshop.lesson import Option
from tracedemo.workshop.questions import choices, filled, fits, outcome


def study(pieces: int) -> Study:
    """A fetch of an answer in so many pieces."""
    server = ServerOptions(pace="lockstep", pieces=pieces)
    return Study(run(find_target(["selector"]), RunOptions(requests=1, capture=True, server=server)).trace)


@pytest.mark.parametrize(
    ("option", "answer", "values", "fit"),
    [
        (Option(thinks="", formula="k + 1"), 6, {"k": 5}, True),
        (Option(thinks="", formula="k + 1"), 5, {"k": 5}, False),
        (Option(thinks="", formula="k + 1"), "6", {"k": 5}, False),
        (Option(thinks="", says="send"), "send", {}, True),
        (Option(thinks="", says="recv"), "send", {}, False),
        (Option(thinks="", least="2", most="k"), 2, {"k": 5}, True),
        (Option(thinks="", least="2", most="k"), 5, {"k": 5}, True),
        (Option(thinks="", least="2", most="k"), 6, {"k": 5}, False),
        (Option(thinks="", least="2"), 10**9, {}, True),
        (Option(thinks="", least="2"), 1, {}, False),
        (Option(thinks="", most="2"), 0, {}, True),
    ],
)
def test_what_fits(option: Option, answer: int | str, values: Mapping[str, int], fit: bool) -> None:
    """An option fits if its value, its text or its range is what was measured."""
    assert fits(option, answer, values) is fit


def test_choices_show_what_was_drawn(tmp_path: Path) -> None:
    """Each choice has a letter, and its formula with the value for what was drawn."""
    (question,) = tiny_lesson(tmp_path).questions

    assert [(choice.letter, choice.text) for choice in choices(question, {"k": 5})] == [
        ("a", "k + 1 = 6"),
        ("b", "1"),
        ("c", "2 * k = 10"),
    ]


def test_the_run_answers(tmp_path: Path) -> None:
    """The same prediction comes true with one run, and not with another: the trace decides, and nothing else."""
    lesson = tiny_lesson(tmp_path)
    (question,) = lesson.questions
    right = outcome(lesson, question, [study(5)], {"k": 5}, "a")
    other = outcome(lesson, question, [study(3)], {"k": 5}, "a")
    none = outcome(lesson, question, [study(5)], {"k": 5})

    assert right.met
    assert right.answer == 6
    assert not other.met
    assert other.answer == 4
    assert none.chosen is None
    assert not none.met


def test_filled_leaves_other_brackets() -> None:
    """Only names that were drawn are put in."""
    assert filled("{k} of {address} {", {"k": 5}) == "5 of {address} {"
