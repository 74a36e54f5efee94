"""The commands of a lesson: run as the learner would type them, in a process of their own, and recorded on the side."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.errors import TargetError
from tracedemo.workshop.lesson import Lesson, Run
from tracedemo.workshop.questions import filled


class Ran(NamedTuple):
    """A command that has been run."""

    run: Run
    command: str
    """As it would be typed."""
    studies: tuple[Study, ...]
    """What it recorded: a run for each program."""
    code: int
    output: str
    """What it printed, if that was captured."""
    recorded: bool = False
    """Whether this machine could not record it, and the lesson's own recording stands in its place."""
    files: tuple[Path, ...] = ()
    """Where what was recorded lies."""


def words_of(run: Run, values: Mapping[str, int], file: str = "") -> Sequence[str]:
    """What is typed behind `tracedemo`.  `{address}` stays: tracedemo itself puts that in."""
    return [filled(word, {**values, "file": file}) for word in run.words]


def typed(words: Sequence[str]) -> str:
    """A command as a person would type it."""
    return " ".join(["tracedemo", *(f'"{word}"' if " " in word or "{" in word else word for word in words)])


def execute(
    lesson: Lesson,
    run: Run,
    values: Mapping[str, int],
    folder: Path,
    traces: Path,
    *,
    engine: str | None = None,
    capture: bool = False,
) -> Ran:
    """Run a command of a lesson.

    Args:
        folder: where the lesson's programs are, and where it is run.
        traces: a folder for what it records.
        engine: the kernel engine to use for a run that wants system calls; None: there is none here.
        capture: whether its output is kept instead of shown.

    Raises:
        TargetError: it recorded nothing.
        FileError: what it recorded cannot be read.
    """
    if (run.kernel and engine is None) or not hasattr(select, run.needs or "select"):
        return _shown(lesson, run, values, capture=capture)
    words = list(words_of(run, values, lesson.file))
    number = lesson.runs.index(run) + 1
    base = traces / f"{lesson.folder_name}-{number}.jsonl"
    for old in _written(base):
        old.unlink()
    argv = _with_output([*words, "--engine", engine] if run.kernel and engine else words, base)
    done = subprocess.run([sys.executable, "-m", "tracedemo", *argv], cwd=folder, check=False, text=True,
                          capture_output=capture, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})  # fmt: skip
    found = _written(base)
    if not found:
        raise TargetError(f"{typed(words)} recorded nothing", "Run it by itself: it says why.")
    studies = tuple(Study(tracefile.read(path).trace) for path in found)
    return Ran(run, typed(words), studies, done.returncode, (done.stdout or "") + (done.stderr or ""),
               files=tuple(found))  # fmt: skip


def _with_output(words: list[str], base: Path) -> list[str]:
    """Our option goes behind the command's own name, before whatever is the program's."""
    return [words[0], "-o", str(base), *words[1:]]


def _written(base: Path) -> Sequence[Path]:
    """What a command wrote: one file, or one for each program, in the order in which they ran."""
    found = [base] if base.exists() else []
    return sorted(
        [*found, *base.parent.glob(f"{base.stem}-*.jsonl")], key=lambda path: path.stat().st_mtime_ns
    )


def label(study: Study) -> str:
    """What a recording says of itself wherever it stands in the place of a run."""
    header = study.trace.header
    engine = f", {header.engine} {header.engine_version or ''}".rstrip() if header.engine else ""
    return f"RECORDED on {header.platform}, Python {header.python}{engine}: this is no run on this machine."


def _shown(lesson: Lesson, run: Run, values: Mapping[str, int], *, capture: bool) -> Ran:
    """The lesson's own recording, shown between two lines that say that it is one."""
    path = lesson.folder / run.recorded
    study = Study(tracefile.read(path).trace)
    said = f"{label(study)}\n"
    argv = [sys.executable, "-m", "tracedemo", "show", str(path), "--view", "log"]
    if not capture:
        _say(said)
    done = subprocess.run(argv, check=False, text=True, capture_output=capture)
    if not capture:
        _say(said)
    output = f"{said}{done.stdout}{done.stderr}{said}" if capture else ""
    return Ran(
        run, typed(words_of(run, values, lesson.file)), (study,), done.returncode, output, True, (path,)
    )


def _say(text: str) -> None:
    """Write to the same stdout as the commands that we run, in the right order."""
    sys.stdout.write(text)
    sys.stdout.flush()
