"""Predictions: what can be chosen, and what the trace says to it.

Nothing here knows which option is right. The answer is a measure of the run that came after the prediction, and an option
is right if its value is that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracedemo.analysis.study import Study
from tracedemo.workshop.formulas import value_of
from tracedemo.workshop.lesson import Lesson, Option, Question
from tracedemo.workshop.measures import Measured
from tracedemo.workshop.own import measure_of

LETTERS = "abcdefgh"


class Choice(NamedTuple):
    """An option, with what was drawn put in."""

    letter: str
    text: str
    """What is shown: "k + 1 = 6", "send", "2 to 40"."""
    option: Option


class Outcome(NamedTuple):
    """What the run said to a prediction."""

    measured: Measured
    """What was measured, with the rows that made it."""
    right: Choice | None
    """The choice that says so; None: none does."""
    chosen: Choice | None
    """What was predicted; None: nothing."""

    @property
    def answer(self) -> int | str:
        """What was measured."""
        return self.measured.answer

    @property
    def met(self) -> bool:
        """Whether the prediction came true."""
        return self.right is not None and self.right == self.chosen


def choices(question: Question, values: Mapping[str, int]) -> Sequence[Choice]:
    """What can be chosen, in the order of the lesson."""
    texts = (_text(option, values) for option in question.options)
    return [Choice(*three) for three in zip(LETTERS, texts, question.options, strict=False)]


def filled(text: str, values: Mapping[str, int | str]) -> str:
    """A text with what was drawn: `{k}`; other brackets stay."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _text(option: Option, values: Mapping[str, int]) -> str:
    if option.says:
        return filled(option.says, values)
    if option.formula:
        value = value_of(option.formula, values)
        return f"{value:,}" if option.formula.isdigit() else f"{option.formula} = {value:,}"
    least, most = (f"{value_of(text, values):,}" if text else "" for text in (option.least, option.most))
    if not most:
        return f"{least} or more"
    return least if least == most else f"{least or 0} to {most}"


def fits(option: Option, answer: int | str, values: Mapping[str, int]) -> bool:
    """Whether an option says what was measured."""
    if option.says:
        return filled(option.says, values) == answer
    if not isinstance(answer, int):
        return False
    if option.formula:
        return value_of(option.formula, values) == answer
    above = not option.least or value_of(option.least, values) <= answer
    return above and (not option.most or answer <= value_of(option.most, values))


def outcome(
    lesson: Lesson, question: Question, studies: Sequence[Study], values: Mapping[str, int], chosen: str = ""
) -> Outcome:
    """Hold a prediction against a run.

    Args:
        studies: what the question's command recorded.
        chosen: the letter; empty: none.
    """
    measured = measure_of(lesson, question.measure)(studies)
    there = choices(question, values)
    right = next((choice for choice in there if fits(choice.option, measured.answer, values)), None)
    return Outcome(measured, right, next((choice for choice in there if choice.letter == chosen), None))
