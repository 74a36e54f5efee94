"""A lesson as a teacher shows it: cards to read out, commands that are really run, and what the run says to the questions.

What a command recorded is kept from one presentation to the next. Where it fails in the room, that recording is shown in
its place, or the one that the lesson brings; it is labelled with the system, the Python and the day it was made on.
"""

from __future__ import annotations

import select
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.errors import FileError, MachineError, TargetError
from tracedemo.events import Header
from tracedemo.recorders.kernel import AUTO, choose
from tracedemo.workshop.lesson import Lesson, Question, Run
from tracedemo.workshop.notes import shown_values
from tracedemo.workshop.proving import Answer, place
from tracedemo.workshop.questions import choices, filled, outcome
from tracedemo.workshop.running import Ran, execute, typed, words_of
from tracedemo.workshop.texts import sections


@dataclass(frozen=True)
class Card:
    """A text to be shown, and talked about."""

    title: str
    text: str
    """As in a lesson's texts: paragraphs, items, code."""


@dataclass(frozen=True)
class Command:
    """A command of the lesson, to be run."""

    run: Run
    command: str
    """As it is typed."""


@dataclass(frozen=True)
class Reveal:
    """What the run says to a question."""

    question: Question
    run: Run
    """The one that answers it."""


@dataclass(frozen=True)
class Evidence:
    """A command that shows the rows behind an answer, in what was recorded last."""

    words: tuple[str, ...]
    run: Run


Step = Card | Command | Reveal | Evidence


def steps_of(lesson: Lesson, *, demo: bool) -> Iterator[Step]:
    """A lesson, step by step; who only shows it, leaves out the exercise."""
    values = shown_values(lesson)
    told = {name: filled(text, values) for name, text in sections(lesson.text("learner.md")).items()}
    yield Card(f"{lesson.number:02} {lesson.title}", lesson.goal)
    for question in lesson.questions:
        yield Card("Predict", _asked(question, values))
    for run in lesson.runs:
        yield Command(run, typed(words_of(run, values, lesson.file)))
        yield from _answers(lesson, run)
    yield Card("See", told.get("See", ""))
    if not demo:
        yield Card("Exercise", told.get("Exercise", ""))
        yield Card("A solution", f"```\n{lesson.marked().solution.strip()}\n```")


def _answers(lesson: Lesson, run: Run) -> Iterator[Step]:
    """What a run says, as soon as it is over; and the rows that say it, once."""
    pointed: set[str] = set()
    for question in lesson.questions:
        if lesson.runs[question.of] == run:
            yield Reveal(question, run)
            if question.proof and question.proof not in pointed:
                pointed.add(question.proof)
                yield Evidence(("show", "--view", "log", "--only", question.proof), run)


def _asked(question: Question, values: Mapping[str, int]) -> str:
    there = [f"- {choice.letter}: {choice.text}" for choice in choices(question, values)]
    return "\n".join([filled(question.text, values), "", *there])


def revealed(lesson: Lesson, question: Question, studies: Sequence[Study]) -> str:
    """The question once more, what a run says to it, and what somebody thinks who chose that."""
    values = shown_values(lesson)
    came = outcome(lesson, question, studies, values)
    asked = filled(question.text, values)
    if came.right is None:
        return f"{asked}\n\nThe run says {came.answer}, which is none of the answers."
    why = filled(came.right.option.thinks, values)
    said = f"{came.answer:,}" if isinstance(came.answer, int) else came.answer
    return f"{asked}\n\nThe run says {said}: answer {came.right.letter}.\n\n{why}"


# Running


class Shown(NamedTuple):
    """What a command of the lesson showed."""

    studies: Sequence[Study]
    """Empty: nothing could be shown."""
    why: str = ""
    """Why this was not a run of now; empty: it was."""
    recording: tuple[Path, ...] = ()
    """What stands in its place."""
    failed: bool = False
    """Whether the command failed although this machine has what it needs."""

    def words(self, run: Run) -> Sequence[str]:
        """The command that shows the recording in the views that the run asks for."""
        asked = [word for pair in pairwise(run.words) if pair[0] in ("--view", "--only") for word in pair]
        return ["show", *map(str, self.recording), *asked]


@dataclass(frozen=True)
class Stage:
    """Where the commands of a lesson are run."""

    lesson: Lesson
    folder: Path
    """Holds its programs; and what they record, until it is kept."""
    kept: Path
    """A folder for recordings, which lasts from one presentation to the next."""
    engine: str | None = None
    """What records system calls; None: nothing does here."""
    without: str = ""
    """Why nothing does."""

    def set(self) -> None:
        """Lay the programs down: the learner's file as it is handed out."""
        place(self.lesson, Answer("", self.lesson.marked().unsolved(), None), self.folder)

    def run(self, run: Run) -> Shown:
        """Run a command at the terminal; where that cannot be, name the recording that stands in its place."""
        if why := self._lacking(run):
            return self._instead(run, why)
        values = shown_values(self.lesson)
        try:
            ran = execute(self.lesson, run, values, self.folder, self.folder, engine=self.engine)
        except (TargetError, MachineError, FileError) as error:
            return self._instead(run, error.message, failed=True)
        except KeyboardInterrupt:
            return self._instead(run, "it was interrupted", failed=True)
        self._keep(run, ran)
        return Shown(ran.studies)

    def _lacking(self, run: Run) -> str:
        """What the run needs, and this machine has not; empty: nothing."""
        needs = getattr(run, "needs", "")  # a name of the module select
        if needs and not hasattr(select, needs):
            return f"this system has no select.{needs}"
        return self.without if run.kernel and self.engine is None else ""

    def _instead(self, run: Run, why: str, *, failed: bool = False) -> Shown:
        own = self.lesson.folder / run.recorded
        found = (own,) if run.recorded and own.exists() else tuple(self._files(self.kept, run))
        try:
            studies = [Study(tracefile.read(path).trace) for path in found]
        except FileError:
            found, studies = (), []
        return Shown(studies, why, found, failed)

    def _keep(self, run: Run, ran: Ran) -> None:
        """Keep what it recorded in place of what it did before.  A convenience: a full disk is no reason to stop."""
        if not ran.studies or ran.recorded:
            return
        try:
            self.kept.mkdir(parents=True, exist_ok=True)
            for old in self._files(self.kept, run):
                old.unlink()
            for number, new in enumerate(self._files(self.folder, run), start=1):
                shutil.copyfile(new, self.kept / f"{self._stem(run)}-{number:03}.jsonl")
        except OSError:
            return

    def _stem(self, run: Run) -> str:
        return f"{self.lesson.folder_name}-{self.lesson.runs.index(run) + 1}"

    def _files(self, folder: Path, run: Run) -> Sequence[Path]:
        """The traces of a command: one, or one for each of its programs, in the order in which they ran."""
        alone = folder / f"{self._stem(run)}.jsonl"
        several = sorted(
            folder.glob(f"{self._stem(run)}-*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path)
        )
        return [*([alone] if alone.exists() else []), *several]


def kernel_engine() -> tuple[str | None, str]:
    """The engine that records system calls on this machine, or why none does."""
    engine, why = choose(AUTO)
    return (engine.NAME if engine else None), why


def label(header: Header) -> str:
    """What a recording is labelled with: that it is one, and what it was made on."""
    day = (
        f", {datetime.fromtimestamp(header.clock_start[1] / 1e9, UTC):%Y-%m-%d}"
        if header.clock_start[1]
        else ""
    )
    return f"RECORDED on {header.platform or 'an unknown system'}, Python {header.python or '?'}{day}"
