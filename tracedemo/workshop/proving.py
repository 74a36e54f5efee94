"""`dev check`: proof that a lesson does what it says.  Whatever is wrong with a lesson is found here, and not in the room.

its texts are there, and whole                      the unsolved file, an empty and a commented one fail
the solution passes, and so does every right answer each wrong answer fails, with the rule that it names
of each question exactly one option is what the run measures, whatever is drawn, and rows are shown that say so; of one
about system calls, both where they are recorded and where a recording stands in
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tracedemo.analysis.filters import matching, parse
from tracedemo.recorders.kernel import AUTO, choose
from tracedemo.workshop.checking import check, draw
from tracedemo.workshop.evidence import evidence
from tracedemo.workshop.lesson import Lesson, Question
from tracedemo.workshop.measures import At, Measured
from tracedemo.workshop.own import measure_of, rule_of
from tracedemo.workshop.questions import choices, fits
from tracedemo.workshop.running import Ran, execute

SECTIONS = {
    "learner.md": ("Goal", "Run", "See", "Exercise"),
    "instructor.md": ("Say", "Watch", "Drop"),
}
"""Headings that a text must have."""

LEAST_WRONG, LEAST_RIGHT = 5, 1
FAILS = re.compile(r"# fails: (\S+)\n")
MOST_DRAWS = 20
"""Sets of drawn values with which the questions are tried."""


class Answer(NamedTuple):
    """A program for the exercise, and what must come of it."""

    name: str
    text: str
    rule: str | None
    """The rule that it breaks first; None: it passes; empty: any."""


def answers(lesson: Lesson) -> Sequence[Answer]:
    """All programs with which the exercise is tried."""
    marked = lesson.marked()
    commented = "".join(f"# {line}" for line in marked.solved().splitlines(keepends=True))
    found = [
        Answer("the solution", marked.solved(), None),
        Answer("the exercise as it is handed out", marked.unsolved(), ""),
        Answer("an empty file", "", ""),
        Answer("a file of comments", commented, ""),
    ]
    for name, text in _kept(lesson, "right"):
        found.append(Answer(name, marked.filled(text), None))
    for name, text in _kept(lesson, "wrong"):
        named = FAILS.match(text)
        found.append(Answer(name, marked.filled(text), named[1] if named else "(none named)"))
    return found


def _kept(lesson: Lesson, folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((lesson.folder / folder).glob("*.py")):
        yield f"{folder}/{path.name}", path.read_text(encoding="utf-8")


def prove(lesson: Lesson, tell: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """What is wrong with a lesson, a sentence each; nothing: it is proven.

    Args:
        tell: told what is tried.
    """
    yield from texts(lesson)
    yield from names(lesson)
    yield from recordings(lesson)
    with TemporaryDirectory(prefix="tracedemo-lesson-") as folder:
        for answer in answers(lesson):
            tell(f"{lesson.folder_name}: {answer.name}")
            yield from tried(lesson, answer, Path(folder))
        tell(f"{lesson.folder_name}: questions")
        yield from questions(lesson, Path(folder))
        engine = engine_for(lesson)
        if engine:
            tell(f"{lesson.folder_name}: questions, with system calls recorded here by {engine}")
            yield from questions(lesson, Path(folder), 1, engine=engine)


def texts(lesson: Lesson) -> Iterator[str]:
    """What is missing among the texts."""
    for name, sections in SECTIONS.items():
        text = lesson.text(name)
        for section in sections:
            if not re.search(rf"^## {section}\n+(?!#)\S", text, re.MULTILINE):
                yield f"{name} has no section {section}, or an empty one"
    solution = {line.strip() for line in lesson.marked().solution.splitlines() if len(line.strip()) > 10}
    if solution and all(line in lesson.hints[-1] for line in solution):
        yield "the third hint contains the whole solution"
    for folder, least in (("wrong", LEAST_WRONG), ("right", LEAST_RIGHT)):
        there = len(list((lesson.folder / folder).glob("*.py")))
        if there < least:
            yield f"{folder}/ holds {there} answers, at least {least} are needed"


def recordings(lesson: Lesson) -> Iterator[str]:
    """What is wrong with the recordings that stand in for runs: each run with system calls needs one."""
    for run in lesson.runs:
        if run.kernel and not (run.recorded and (lesson.folder / run.recorded).is_file()):
            yield f"there is no recording for: {' '.join(run.words)}"
        elif run.recorded and any(f"{{{name}}}" in word for name in lesson.draw for word in run.words):
            yield f"a recording cannot know what is drawn: {' '.join(run.words)}"


def engine_for(lesson: Lesson) -> str | None:
    """What records system calls here, if the lesson wants them; None: nothing does, or it does not want them."""
    engine = choose(AUTO)[0] if any(run.kernel for run in lesson.runs) else None
    return engine.NAME if engine else None


def names(lesson: Lesson) -> Iterator[str]:
    """Whatever is named must be there: rules and measures; otherwise FileError."""
    for scenario in lesson.scenarios:
        for name in scenario.rules:
            rule_of(lesson, name)
    for question in lesson.questions:
        measure_of(lesson, question.measure)
    yield from ()


def tried(lesson: Lesson, answer: Answer, folder: Path, seed: int | None = None) -> Iterator[str]:
    """What came out wrong when a program was checked."""
    file = place(lesson, answer, folder)
    broken = next(
        (verdict.complaints for verdict in check(lesson, file, seed=seed) if not verdict.passed), ()
    )
    first = broken[0] if broken else None
    if answer.rule is None and first is not None:
        yield f"{answer.name} must pass, and fails: {first}"
    elif answer.rule is not None and first is None:
        yield f"{answer.name} must fail, and passes"
    elif answer.rule and first is not None and first.rule != answer.rule:
        yield f"{answer.name} must fail with {answer.rule}, and fails with: {first}"


def place(lesson: Lesson, answer: Answer, folder: Path) -> Path:
    """Lay a program down, with those that belong beside it."""
    for path in lesson.programs():
        (folder / path.name).write_bytes(path.read_bytes())
    file = folder / lesson.file
    file.write_text(answer.text, encoding="utf-8")
    return file


def draws(lesson: Lesson, most: int = MOST_DRAWS) -> Sequence[Mapping[str, int]]:
    """Sets of values to try: all that can be drawn, if these are not too many; else so many of them, the same each time."""
    ranges = {name: range(least, high + 1) for name, (least, high) in lesson.draw.items()}
    if prod(map(len, ranges.values())) <= most:
        return [dict(zip(ranges, values, strict=True)) for values in product(*ranges.values())]
    drawn = random.Random(0)  # noqa: S311  # numbers of pieces are no secret
    return [draw(lesson, drawn) for _ in range(most)]


def questions(
    lesson: Lesson, folder: Path, most: int = MOST_DRAWS, engine: str | None = None
) -> Iterator[str]:
    """Questions that the runs do not answer as they should: with exactly one of the options, whatever is drawn.

    Args:
        most: sets of drawn values to try.
        engine: the kernel engine for runs that want one; None: the lesson's recording stands in.
    """
    for values in draws(lesson, most):
        yield from asked(lesson, values, folder, engine)


def asked(
    lesson: Lesson, values: Mapping[str, int], folder: Path, engine: str | None = None
) -> Iterator[str]:
    """The same for one set of values."""
    place(lesson, answers(lesson)[1], folder)
    ran = [execute(lesson, run, values, folder, folder, engine=engine, capture=True) for run in lesson.runs]
    for question in lesson.questions:
        found = measure_of(lesson, question.measure)(ran[question.of].studies)
        answer = found.answer
        there = choices(question, values)
        right = [choice.letter for choice in there if fits(choice.option, answer, values)]
        if len(right) != 1:
            said = "; ".join(f"{choice.letter} {choice.text}" for choice in there)
            yield f"{values}: {question.text} The run says {answer}; {len(right)} options do: {said}"
        yield from (
            f"{values}: {question.text} {fault}" for fault in unproven(question, found, ran[question.of])
        )


def unproven(question: Question, found: Measured, ran: Ran) -> Iterator[str]:
    """What is wrong with the rows that are shown for an answer: there must be some, and the filter must show them, too."""
    if not question.proof:
        return
    shown = [item for item in evidence(found) if isinstance(item, At)]
    if not shown:
        yield "No row of the run is shown for the answer"
    for at in shown:
        study = ran.studies[at.run]
        above = study.join.parent.get(at.row) if study.join else None
        if not {at.row, above} & set(matching(study.trace, parse(question.proof, study.trace))):
            yield f"The filter {question.proof} leaves out what is shown: {study.events[at.row].op}"
