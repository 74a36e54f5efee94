"""Every lesson that is there is proven: what `tracedemo workshop dev check` says of it, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tracedemo.analysis.study import Study
from tracedemo.analysis.walk import Walk
from tracedemo.workshop import own, proving
from tracedemo.workshop.catalogue import find_lesson, lessons
from tracedemo.workshop.checking import check
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.own import rules_of
from tracedemo.workshop.rules.endings import FIRST

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


@pytest.mark.parametrize("which", [0, 3], ids=["handed out", "wrong"])
@EVERY_LESSON
def test_complaint_leads_to_its_line(lesson: Lesson, which: int, tmp_path: Path) -> None:
    """The step that a complaint names is on the line that it names."""
    wrong = [answer for answer in proving.answers(lesson) if answer.rule is not None]
    file = proving.place(lesson, wrong[which], tmp_path)
    found = next(verdict for verdict in check(lesson, file, seed=3) if not verdict.passed)
    first = found.complaints[0]
    if found.trace is None or first.event is None:
        return
    event = Walk(Study(found.trace)).event(first.event - 1)

    assert first.line in (None, event.place and event.place.line)


def test_the_call_that_ended_it_is_shown(tmp_path: Path) -> None:
    """Of calls that failed the one is named whose exception ended the program, and none that merely failed after it."""
    many = find_lesson("many")
    file = proving.place(many, proving.answers(many)[1], tmp_path)
    found = next(verdict for verdict in check(many, file, seed=3) if not verdict.passed)
    first = found.complaints[0]

    assert "ends/well" == first.rule
    assert found.trace is not None
    assert first.event is not None
    assert "recv" == Walk(Study(found.trace)).event(first.event - 1).op


@EVERY_LESSON
def test_an_empty_program_passes_no_scenario(lesson: Lesson, tmp_path: Path) -> None:
    """In each scenario some rule wants something of the program: one that does nothing at all passes none of them."""
    file = proving.place(lesson, proving.Answer("nothing", "", ""), tmp_path)

    assert [] == [verdict.scenario.name for verdict in check(lesson, file, seed=1) if verdict.passed]


def test_each_rule_is_of_use() -> None:
    """Every rule is named by a scenario, but for those that are looked at in each of them."""
    named = {name for lesson in lessons() for scenario in lesson.scenarios for name in scenario.rules}
    there = {name for lesson in lessons() for name in rules_of(lesson)}

    assert {rule.name for rule in FIRST} == there - named


def test_no_lesson_takes_the_name_of_a_common_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lesson whose own rule has the name of a common one is refused: a reader would take the one for the other."""
    first = lessons()[0]
    monkeypatch.setattr(
        own, "_module", lambda _: SimpleNamespace(RULES={"ends/well": own.COMMON["ends/well"]})
    )

    with pytest.raises(ValueError, match="two rules have one name"):
        rules_of(first)


def every_draw() -> Iterator[object]:
    for lesson in lessons():
        for values in proving.draws(lesson):
            words = ",".join(f"{name}={value}" for name, value in values.items())
            yield pytest.param(lesson, values, id=f"{lesson.folder_name}-{words}")


@pytest.mark.parametrize(("lesson", "values"), list(every_draw()))
def test_exactly_one_option_is_right(lesson: Lesson, values: dict[str, int], tmp_path: Path) -> None:
    """Whatever is drawn, the lesson's run says that one of the options is right, and none of the others."""
    assert list(proving.asked(lesson, values, tmp_path)) == []
