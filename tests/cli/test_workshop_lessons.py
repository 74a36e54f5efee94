"""Every lesson, as it comes to a learner: its texts, its questions, and what a catch-up leaves."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Typed
from tests.tagged import wait_until_gone
from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.cli import main
from tracedemo.render.glyphs import UTF8
from tracedemo.workshop.catalogue import find_lesson, lessons
from tracedemo.workshop.checking import Verdict, check
from tracedemo.workshop.lesson import HINTS, Lesson, Question
from tracedemo.workshop.own import measure_of
from tracedemo.workshop.proving import draws
from tracedemo.workshop.questions import choices, fits
from tracedemo.workshop.running import execute

EVERY_LESSON = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.folder_name)
KEPT = sorted((Path(__file__).parents[2] / "docs" / "traces").glob("*.jsonl"))


# Through a pipe


def test_texts_fit_a_page(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every lesson no question, answer, hint, solution, list or note has a line over 80 columns; hints are three, and
    numbered.
    """
    monkeypatch.setenv("COLUMNS", "80")
    assert 0 == main(["workshop", "start"])
    monkeypatch.chdir("tracedemo-workshop")
    wide = []
    for lesson in lessons():
        said = {"next": typed("workshop", "next", lesson.name)}
        words = [
            [],
            ["predict"],
            ["predict", *"a" * len(lesson.questions)],
            *[["hint"]] * HINTS,
            ["solution"],
        ]
        words += [["status"], ["list"], *([["notes", lesson.name]] if "90" in lesson.minutes else [])]
        said |= {f"{place} {word}": typed("workshop", *word) for place, word in enumerate(words)}
        assert {0} == {done.returncode for done in said.values()}, said
        wide += [
            f"{lesson.folder_name}, {name}: {line}"
            for name, done in said.items()
            for line in done.stdout.splitlines()
            if len(line) > 80
        ]
        hints = [done.stdout for name, done in said.items() if name.endswith("['hint']")]
        assert all(f"Hint {number} of {HINTS}" in text for number, text in enumerate(hints, 1))

    assert [] == wide


@EVERY_LESSON
def test_any_encoding_can_say_it(lesson: Lesson) -> None:
    """What a lesson says is plain ASCII, but for our own signs, for which others can stand."""
    ours = {*UTF8.states.values(), UTF8.not_yet, UTF8.wakeup}
    said = [lesson.text(name) for name in ("lesson.toml", "learner.md", "instructor.md", "solution.py")]

    assert {sign for sign in "".join(said) if not sign.isascii()} <= ours


# The answers


READS_FIRST = """\
import selectors, socket
ours, theirs = socket.socketpair()
with ours, theirs, selectors.DefaultSelector() as selector:
    theirs.send(b"x")
    selector.register(ours, selectors.EVENT_READ)
    selector.select()
    selector.unregister(ours)
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Sequence[Study]]:
    """Traces of other runs: each alone, each pair; among them one that ends in silence, and one that only reads."""
    studies = [Study(tracefile.read(path).trace) for path in KEPT if path.stem != "thousands"]
    make = find_lesson("make")
    place = tmp_path_factory.mktemp("silent")
    program = place / "reads.py"
    program.write_text(READS_FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        silent = execute(make, make.runs[1], draws(make)[0], place, place, capture=True).studies
        assert 0 == main(["run", "-o", str(place / "reads.jsonl"), str(program)])
    studies.append(Study(tracefile.read(place / "reads.jsonl").trace))
    return [silent, *([one] for one in studies), *([one, other] for one in studies for other in studies)]


EVERY_QUESTION = [
    pytest.param(lesson, question, id=f"{lesson.folder_name}-{question.measure}-{number}")
    for lesson in lessons()
    for number, question in enumerate(lesson.questions)
]


@pytest.mark.parametrize(("lesson", "question"), EVERY_QUESTION)
def test_another_trace_another_answer(
    lesson: Lesson, question: Question, kept: Sequence[Sequence[Study]]
) -> None:
    """With another trace in the place of the run another option is right, or none: the answer is in the trace alone."""
    values, measure = draws(lesson)[0], measure_of(lesson, question.measure)
    verdicts = {tuple(right(question, answer, values)) for answer in answers(measure, kept)}

    assert () in verdicts or len(verdicts) > 1


def answers(measure: object, kept: Sequence[Sequence[Study]]) -> Iterator[int | str]:
    assert callable(measure)
    for studies in kept:
        try:
            yield measure(studies).answer
        except (ValueError, IndexError):  # nothing of what is asked for happened there
            continue


def right(question: Question, answer: int | str, values: dict[str, int]) -> Iterator[str]:
    """Letters of the options that say so."""
    return (one.letter for one in choices(question, values) if fits(one.option, answer, values))


# Caught up


class CaughtUp(NamedTuple):
    """A folder in which somebody has caught up with everything, and what the checks said then."""

    verdicts: dict[str, Sequence[Verdict]]
    limits: tuple[object, object]
    """Of this process, before and after the checks."""
    left: Sequence[str]


@pytest.fixture(scope="module")
def caught_up(tmp_path_factory: pytest.TempPathFactory) -> CaughtUp:
    """To the last lesson, and behind it."""
    place = tmp_path_factory.mktemp("caught-up")
    tag = f"TRACEDEMO_TEST={place}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        patch.setenv(*tag.split("=", 1))
        assert 0 == main(["workshop", "start", "here"])
        patch.chdir(place / "here")
        assert 0 == main(["workshop", "catch-up", lessons()[-1].name])
        assert 0 == main(["workshop", "catch-up"])
        before = limits()
        verdicts = {
            lesson.name: list(check(lesson, Path(lesson.folder_name, lesson.file), seed=0))
            for lesson in lessons()
        }
        after = limits()
    return CaughtUp(verdicts, (before, after), wait_until_gone(tag))


def limits() -> dict[str, tuple[int, int]]:
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: resource.getrlimit(getattr(resource, name)) for name in names}


@EVERY_LESSON
def test_catch_up_leaves_checks_passing(lesson: Lesson, caught_up: CaughtUp) -> None:
    """Whoever has caught up has a program in every lesson that passes its check."""
    verdicts = caught_up.verdicts[lesson.name]

    assert len(lesson.scenarios) == len(verdicts)
    assert [] == [str(complaint) for verdict in verdicts for complaint in verdict.complaints]


def test_checks_leave_nothing(caught_up: CaughtUp) -> None:
    """After the checks of all lessons, in which limits are set, our own limits are as before, and no process is left."""
    before, after = caught_up.limits

    assert any(scenario.files for lesson in lessons() for scenario in lesson.scenarios)
    assert before == after
    assert [] == caught_up.left
