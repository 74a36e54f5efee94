"""A lesson: one folder, read into one record.

A folder below `lessons/` holds all of it, and nothing outside knows its name:

    lesson.toml     title, goal, minutes, what is drawn, what is run, questions, exercise, hints (the fields below)
    learner.md      what the learner reads: ## Goal, ## Run, ## See, ## Exercise
    instructor.md   what the teacher reads: ## Say, ## Watch, ## Drop
    solution.py     the exercise and its solution in one file (`markers`)
    wrong/*.py      answers that must fail; the first line names the rule: # fails: connect/one-attempt
    right/*.py      other answers that must pass; the first line says why they are right
    lesson.py       measures and rules of its own, if it needs some (`measures`, `rules`)
    *.py            programs that it runs besides; they are copied beside the exercise
    *.jsonl         recorded traces, for what not every machine can record

In texts and words `{k}` stands for what was drawn, `{address}` for our server, `{file}` for the exercise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracedemo.errors import FileError
from tracedemo.workshop.markers import Marked, take_apart

TRACKS = ("90", "half", "self")
"""A workshop of 90 minutes, of half a day, and a learner alone."""

HINTS = 3
MARKED = "solution.py"
OWN = frozenset({MARKED, "lesson.py", "__init__.py"})
"""Python files of a lesson that are no programs for the learner."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """An answer that can be chosen: a formula, a text, or a range of numbers; and what somebody thinks who chooses it."""

    thinks: str
    """Why it is so, or seems so; one sentence."""
    formula: str = ""
    says: str = ""
    least: str = ""
    most: str = ""
    """Formulas of a range, both included; an empty one is open."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is predicted before the run, and which number of the run answers it."""

    text: str
    measure: str
    """Name of a measure (`measures.MEASURES`, or the lesson's own)."""
    options: tuple[Option, ...]
    of: int = -1
    """Which of the runs is measured: a place in `Lesson.runs`."""
    proof: str = ""
    """A filter (`--only`) that shows the rows behind the answer."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One command that the lesson runs, as a user would type it behind `tracedemo`."""

    words: tuple[str, ...]
    see: str = ""
    """What to look at; one sentence."""
    kernel: bool = False
    """Whether it needs the system calls: where they cannot be recorded, `recorded` is shown in its place."""
    recorded: str = ""
    """Name of a trace in the folder."""
    needs: str = ""
    """What Python's `select` must have here for it (`EPOLLET`): elsewhere `recorded` is shown; empty: nothing."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What the learner's program is put into, and the rules that its trace must keep."""

    name: str
    rules: tuple[str, ...]
    words: tuple[str, ...] = ("{address}",)
    """What the program is given."""
    server: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `ServerOptions`; numbers may be formulas."""
    files: int = 0
    """How many descriptors it may have; 0: as many as we."""
    sndbuf: int = 0
    """Bytes of its send buffers (set by the hook, marked `injected`); 0: the kernel's own."""
    cpu_s: int = 3
    """Seconds of processor time after which it is ended: a loop that makes no call is seen by nothing else."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """All of a lesson."""

    folder: Path
    name: str
    """Of the folder, without number: what is typed."""
    number: int
    title: str
    goal: str
    post: str
    """Heading of the post that it follows; empty: it shows what the post hides."""
    minutes: Mapping[str, int]
    """Planned, by track; a track that is not there does without it."""
    demo: tuple[str, ...]
    """Tracks in which the teacher shows it, and nobody writes code."""
    cut: int
    """The place in which it is dropped when time is short, from 1; 0: never."""
    drop: str
    """What is dropped then; one sentence."""
    draw: Mapping[str, tuple[int, int]]
    """What is drawn anew for each learner: name -> least and most."""
    runs: tuple[Run, ...]
    questions: tuple[Question, ...]
    file: str
    """What the learner's file is called."""
    scenarios: tuple[Scenario, ...]
    hints: tuple[str, ...]

    @property
    def folder_name(self) -> str:
        """Of the learner's folder: `02_nonblocking`."""
        return f"{self.number:02}_{self.name}"

    def text(self, name: str) -> str:
        """A file of the folder.

        Raises:
            FileError: it cannot be read.
        """
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(
                f"the lesson {self.name} lacks {name}: {error}", "Install tracedemo anew."
            ) from None

    def marked(self) -> Marked:
        """Exercise and solution."""
        return take_apart(self.text(MARKED), f"{self.name}/{MARKED}")

    def programs(self) -> Sequence[Path]:
        """Programs that are copied beside the exercise."""
        return sorted(path for path in self.folder.glob("*.py") if path.name not in OWN)


def read_lesson(folder: Path) -> Lesson:
    """Read the folder of a lesson.

    Raises:
        FileError: a field is missing, unknown, or makes no sense; the text names it.
    """
    path = folder / "lesson.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _lesson(folder, table)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, KeyError, ValueError) as error:
        raise FileError(f"{folder.name}/lesson.toml: {error}", "See docs/workshop/new-lesson.md.") from None


def _lesson(folder: Path, table: dict[str, Any]) -> Lesson:
    number, _, name = folder.name.removeprefix("lesson_").partition("_")
    exercise = dict(table.pop("exercise"))
    scenarios = tuple(Scenario(**_tuples(one)) for one in exercise.pop("scenario"))
    lesson = Lesson(
        folder=folder,
        name=name,
        number=int(number),
        runs=tuple(Run(**_tuples(one)) for one in table.pop("run")),
        questions=tuple(_question(one) for one in table.pop("question")),
        draw={key: (low, high) for key, (low, high) in table.pop("draw", {}).items()},
        scenarios=scenarios,
        **_tuples(exercise),
        **_tuples({"demo": [], "cut": 0, "drop": "", "post": "", **table}),
    )
    _check(lesson)
    return lesson


def _question(table: dict[str, Any]) -> Question:
    options = tuple(Option(**one) for one in table["option"])
    return Question(options=options, **{name: value for name, value in table.items() if name != "option"})


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _check(lesson: Lesson) -> None:
    if unknown := set(lesson.minutes) - set(TRACKS):
        raise ValueError(f"minutes: there is no track {min(unknown)!r}")
    if len(lesson.hints) != HINTS:
        raise ValueError(f"hints: there are {len(lesson.hints)}, and {HINTS} are promised")
    for question in lesson.questions:
        if len(question.options) < 3:
            raise ValueError(f"a question needs three options: {question.text}")
