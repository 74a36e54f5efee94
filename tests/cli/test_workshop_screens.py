"""Every lesson on a terminal of 80 columns and 24 lines, and through a pipe: how wide, how long, in which words.

The commands of a lesson are run once, for real; whoever reads is a keyboard that answers what it is asked.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Typed
from tracedemo.cli import main
from tracedemo.cli.workshop import running, voice
from tracedemo.render.lines import width_of
from tracedemo.workshop import folder
from tracedemo.workshop import running as executing
from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.lesson import HINTS, TRACKS, Lesson, Run
from tracedemo.workshop.proving import Answer, draws, place
from tracedemo.workshop.running import Ran

EVERY_LESSON = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.folder_name)
COLUMNS, ROWS = 80, 22
"""What fits between two pauses: two lines of a screen of 24 stay free."""
PAUSE = "-- Enter: go on --"
STOP = re.compile(rf"{PAUSE} [^\n]*\n|q: end\): [^\n]*\n|q ends\): [^\n]*\n|(?<=press Enter to check\.)\n")
WISHES = [*"h" * HINTS, "s", "e", "n"]
"""What can be wished for while a file is watched: hints, solution, exercise, the next lesson."""
SEQUENCE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


# Who reads, and what was run


class Paper(io.TextIOWrapper):
    """A stream that keeps what was written to it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="", write_through=True)

    @property
    def text(self) -> str:
        """All that was written."""
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


class Reader:
    """A keyboard: Enter at each pause, a at each question, and wishes while a file is watched; q when these are used up."""

    def __init__(self, paper: Paper, wishes: list[str]) -> None:
        self._paper = paper
        self._wishes = iter(wishes)
        self._done = False

    def line(self, timeout: float | None = None) -> str:
        """What is typed, and shown as a terminal shows it."""
        typed = self._wish() if timeout is not None else self._answer(self._paper.text)
        self._paper.write(f"{typed}\n")
        return typed

    def _wish(self) -> str:
        wish = next(self._wishes, "q")
        self._done = wish in ("n", "q")
        return wish

    def _answer(self, text: str) -> str:
        if text.endswith(f"{PAUSE} "):
            return ""
        if self._done:
            return "q"
        return "a" if text.endswith("q ends): ") else ""


Journey = Callable[..., str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, int], Ran]:
    """The commands of all lessons, each run once, with the first numbers that are drawn."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(COLUMNS))
        for lesson in lessons():
            root = tmp_path_factory.mktemp(lesson.name)
            patch.setenv("XDG_STATE_HOME", str(root / "state"))
            place(lesson, Answer("", lesson.marked().unsolved(), None), root)
            for number, one in enumerate(lesson.runs):
                done = executing.execute(lesson, one, draws(lesson)[0], root, root, capture=True)
                found[lesson.name, number] = done
    return found


@pytest.fixture
def kept(ran: Mapping[tuple[str, int], Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs a lesson sees what was run before, with the numbers of then."""

    def execute(lesson: Lesson, one: Run, _values: Any, _place: Path, traces: Path, **_options: Any) -> Ran:
        done = ran[lesson.name, lesson.runs.index(one)]
        return done._replace(files=tuple(traces / path.name for path in done.files))

    monkeypatch.setattr(running, "execute", execute)
    monkeypatch.setattr(folder, "draw", lambda lesson, _drawn: dict(draws(lesson)[0]))


@pytest.fixture
def journey(kept: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """A function that leads a reader through a lesson, and gives what was on the terminal."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LINES", "24")

    def lead(lesson: Lesson, wishes: list[str], *, encoding: str = "utf-8", **environ: str) -> str:
        root = tmp_path / f"{encoding}-{'-'.join(environ)}"
        paper = Paper(encoding)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            for name, text in {"TERM": "xterm", **environ}.items():
                patch.setenv(name, text)
            patch.setattr(sys, "stdout", io.StringIO())
            assert 0 == main(["workshop", "start", str(root)])
            patch.chdir(root)
            assert 0 == main(["workshop", "next", lesson.name])
            patch.setattr(sys, "stdout", paper)
            patch.setattr(sys, "stderr", paper)
            patch.setattr(voice, "is_terminal", lambda _stream: True)
            patch.setattr(voice, "Keyboard", lambda: Reader(paper, wishes))
            assert 0 == main(["workshop"])
        return paper.text

    return lead


# How wide, and how long


@EVERY_LESSON
def test_programs_are_laid_out_in_79_columns(lesson: Lesson) -> None:
    """Whatever a lesson lays into the learner's folder, the solution too, has no line over 79 columns."""
    marked = lesson.marked()
    programs = [marked.solved(), marked.unsolved(), *(path.read_text() for path in lesson.programs())]

    assert [] == [line for text in programs for line in text.splitlines() if len(line) >= COLUMNS]


def rows_of(line: str) -> int:
    """How many rows of the terminal a line takes."""
    return max(1, -(-width_of(SEQUENCE.sub("", line)) // COLUMNS))


@EVERY_LESSON
def test_no_more_than_a_screen_between_two_pauses(lesson: Lesson, journey: Journey) -> None:
    """From one pause to the next are at most 22 rows, whatever is asked for: prediction, run, hints, solution, exercise,
    check and the next lesson; and no line is over 80 columns.
    """
    shown = journey(lesson, [*"h" * HINTS, "s", "e", "", "n"])
    parts = STOP.split(shown)

    assert all(words in shown for words in (f"Hint {HINTS} of", "The whole program:", "NOT YET"))
    assert [] == [part for part in parts if sum(map(rows_of, part.split("\n"))) > ROWS]
    assert [] == [line for line in shown.splitlines() if width_of(SEQUENCE.sub("", line)) > COLUMNS]


@EVERY_LESSON
def test_nothing_is_too_wide_for_a_pipe(lesson: Lesson, kept: None, typed: Typed) -> None:
    """Through a pipe no line of any step of a lesson is over 80 columns, refusals included."""
    typed("workshop", "start", ".")
    typed("workshop", "next", lesson.name)
    steps = [
        "run",
        "solution",
        "predict",
        "run --no-predict",
        "check",
        *["hint"] * HINTS,
        "solution",
        "status",
    ]
    done = [typed("workshop", *words.split()) for words in steps]

    assert [2, 2, 0, 0, 1] == [one.returncode for one in done][:5]
    assert [] == [line for one in done for line in (one.stdout + one.stderr).splitlines() if len(line) > 80]


# In which words


def again(ran: Mapping[tuple[str, int], Ran]) -> Callable[..., Ran]:
    """An `execute` that shows what was recorded before, in the colours of now."""

    def execute(lesson: Lesson, one: Run, _values: Any, _place: Path, traces: Path, **_options: Any) -> Ran:
        done = ran[lesson.name, lesson.runs.index(one)]
        asked = [word for pair in pairwise(one.words) if pair[0] in ("--view", "--only") for word in pair]
        paper = Paper()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", paper)
            assert 0 == main(["show", *map(str, done.files), *asked])
        return done._replace(output=paper.text, files=tuple(traces / path.name for path in done.files))

    return execute


@EVERY_LESSON
def test_same_words_without_colour(
    lesson: Lesson,
    journey: Journey,
    ran: Mapping[tuple[str, int], Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With NO_COLOR, and on a terminal that can do little, each step of a lesson says the same words, without a colour."""
    monkeypatch.setattr(running, "execute", again(ran))
    modes: list[dict[str, str]] = [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}]
    texts = [journey(lesson, WISHES, **mode) for mode in modes]

    assert [True, False, False] == ["\x1b[" in text for text in texts]
    coloured, *others = (words_of(text) for text in texts)
    assert len(coloured) > 200
    assert [coloured, coloured] == others


@EVERY_LESSON
def test_same_words_in_ascii(lesson: Lesson, journey: Journey) -> None:
    """Where the terminal has ASCII only, each step of a lesson says the same words, with other signs for ours."""
    ours, plain = (journey(lesson, WISHES, encoding=encoding) for encoding in ("utf-8", "ascii"))

    assert plain.isascii()
    assert words_of(ours) == words_of(plain)


def words_of(text: str) -> list[str]:
    """What is said, wherever lines and pauses are, with our signs spelled out."""
    spelled = SEQUENCE.sub("", text).replace(f"{PAUSE} \n", "").translate(voice._SPELLED)
    return [word for word in spelled.split() if word != "\\"]


# What is taken for known


@pytest.mark.parametrize("track", TRACKS)
def test_start_explains_its_words(track: str, typed: Typed) -> None:
    """Whoever begins is told what the post is, that nobody needs to have read it, and what k and n are; so is whoever has
    the handout only, or the page in the folder.
    """
    shown = " ".join(typed("workshop", "start", "--track", track).stdout.split())
    handout = Path(__file__).parents[2] / "docs" / "workshop" / "handout.md"
    pages = [Path("tracedemo-workshop", "README.md"), handout]

    for text in (shown, *(" ".join(page.read_text(encoding="utf-8").split()) for page in pages)):
        assert re.search(r'blog article, ["*]Unraveling an Async HTTP Request["*]', text)
        assert re.search(r"need not have read it", text)
        assert re.search(r"\bk\b.*pieces.*\bn\b.*number of fetches|\bk\b.*pieces.*\bn\b.*fetches", text)
        assert "drawn" in text
