"""Recordings that stand in the place of runs, and what says that they do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.story import MS, Story
from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.errors import MachineError
from tracedemo.workshop import proving, recording, running
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.own import measure_of

LESSON = find_lesson("01")


def told() -> Story:
    """System calls of a start, then a program's socket and its system call."""
    story = Story(notes=("before",), recorded={"python": 1, "kernel": 3})
    story.add("kernel", "openat", 1, 2)
    story.add("kernel", "read", 3, 4)
    story.socket(4, at=1 * MS)
    story.add("kernel", "socket", 1 * MS + 1, 1 * MS + 2, result=4)
    return story


def test_a_recording_begins_with_the_first_call() -> None:
    """Rows before the program's first call are left out, the others numbered anew, and a note says how many are missing."""
    cut = recording.from_first_call(Study(told().trace()))

    assert [("python", "socket", 0), ("kernel", "socket", 0)] == [
        (event.lane, event.op, event.seq) for event in cut
    ]
    assert {"python": 1, "kernel": 1} == dict(cut.header.recorded)
    before, note = cut.header.notes
    assert before == "before"
    assert "2 rows" in note


def recordings() -> list[Path]:
    return [LESSON.folder / run.recorded for run in LESSON.runs]


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_a_kept_recording_is_whole_and_tells_nothing_of_a_machine(path: Path) -> None:
    """Each recording can be read without a complaint, is small, and names no files but the system's and its run's own."""
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r'"(/[^"\\]+)', text))

    assert tracefile.read(path).problem == ""
    assert len(text) < 40_000
    assert not [file for file in named if not file.startswith(("/etc/", "/dev/shm/tracedemo-"))]


@pytest.mark.parametrize("capture", [True, False])
def test_a_recording_says_so_before_and_after(
    capture: bool,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Where nothing records system calls, the recording is shown, and the line above and below it says what it is."""
    ran = running.execute(LESSON, LESSON.runs[1], {}, tmp_path, tmp_path, capture=capture)
    first, *shown, last = (ran.output if capture else capfd.readouterr().out).splitlines()

    header = ran.studies[0].trace.header
    assert ran.recorded
    assert first == last
    assert first.startswith(f"RECORDED on {header.platform}, Python {header.python}, {header.engine}")
    assert any("looking up 'localhost'" in line for line in shown)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"recorded": ""}, "there is no recording"),
        ({"recorded": "gone.jsonl"}, "there is no recording"),
        ({"words": ("run", "blocking", "--pieces", "{k}")}, "cannot know what is drawn"),
    ],
)
def test_a_lesson_without_a_fitting_recording_is_not_proven(change: dict[str, object], says: str) -> None:
    """`dev check` names a run that wants system calls and has no recording, and one that depends on what is drawn."""
    broken = replace(LESSON, runs=(replace(LESSON.runs[0], **change),))  # type: ignore[arg-type]  # fields by name

    (sentence,) = proving.recordings(broken)
    assert says in sentence
    assert [] == list(proving.recordings(LESSON))


def test_who_records_nothing_cannot_record_a_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine `dev record` refuses, says why, and leaves the recordings as they are."""
    monkeypatch.setattr(recording, "choose", lambda _: (None, "no system calls can be shown here"))
    before = [path.read_bytes() for path in recordings()]

    with pytest.raises(MachineError, match="no system calls"):
        recording.record(LESSON)
    assert before == [path.read_bytes() for path in recordings()]


@pytest.mark.strace
def test_a_recording_is_made_by_running_the_lesson(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`dev record` writes each recording anew, and the lesson's questions are answered from it as from a run."""
    monkeypatch.setattr(recording, "TIMES", 1)
    mine: Lesson = replace(LESSON, folder=tmp_path)
    for name in ("solution.py", "lesson.toml"):
        (tmp_path / name).write_bytes((LESSON.folder / name).read_bytes())
    told: list[str] = []

    recording.record(mine, told.append)

    assert ["number.jsonl", "name.jsonl"] == [line.rpartition(" ")[2] for line in told]
    measure = measure_of(LESSON, "before_connect")
    number, name = (
        measure([Study(tracefile.read(tmp_path / run.recorded).trace)]).answer for run in mine.runs
    )
    assert number == 0
    assert isinstance(name, int)
    assert name > 0


ENGINES = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("strace", "ptrace")]


@pytest.mark.parametrize("engine", ENGINES)
def test_runs_answer_as_recordings_do(engine: str, tmp_path: Path) -> None:
    """Where system calls can be recorded, exactly one option of each question is what the lesson's own runs measure."""
    assert [] == list(proving.questions(LESSON, tmp_path, 1, engine=engine))
