"""`dev record`: what lessons show on machines that record no system calls, recorded anew where that is possible.

A recording begins with the program's first call: what the interpreter's start and its imports ask of the kernel is hundreds
of system calls, and no matter of the lesson. It says so itself, among its notes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.errors import MachineError
from tracedemo.events import Event, Trace
from tracedemo.recorders.kernel import AUTO, choose
from tracedemo.tracefile.portable import portable
from tracedemo.workshop.lesson import Lesson, Run
from tracedemo.workshop.proving import answers, place
from tracedemo.workshop.running import execute

CHECKOUT = Path(__file__).resolve().parents[2]
TIMES = 3
"""Runs of which the quickest is kept: what else a machine does is not what is to be seen."""


def record(lesson: Lesson, tell: Callable[[str], None] = lambda _: None) -> None:
    """Record each run of a lesson that has a recording to stand in its place.

    Args:
        tell: told what was written.

    Raises:
        MachineError: this machine records no system calls.
        TargetError: a run recorded nothing.
    """
    engine, why = choose(AUTO)
    if engine is None:
        raise MachineError(why, "Record on a machine that can.")
    for run in lesson.runs:
        if run.recorded:
            text = recording(lesson, run, engine.NAME)
            (lesson.folder / run.recorded).write_text(text, encoding="utf-8")
            tell(f"recorded {lesson.folder_name}: {run.recorded}")


def recording(lesson: Lesson, run: Run, engine: str) -> str:
    """The text of one recording."""
    with TemporaryDirectory(prefix="tracedemo-lesson-") as folder:
        place(lesson, answers(lesson)[1], Path(folder))
        ran = [
            execute(lesson, run, {}, Path(folder), Path(folder), engine=engine, capture=True)
            for _ in range(TIMES)
        ]
    study = min((one.studies[-1] for one in ran), key=lambda study: study.summary.wall)
    lines = tracefile.lines(from_first_call(study))
    return portable("".join(f"{line}\n" for line in lines), CHECKOUT, Path(sys.base_prefix))


def from_first_call(study: Study) -> Trace:
    """A run from its program's first call on, numbered anew, with a note that says how much is left out."""
    kept = [event for event in study.events if event.t0 >= study.origin]
    left = len(study.events) - len(kept)
    header = study.trace.header
    note = (
        f"what came before the program's first call, {left} rows, nearly all of the interpreter's start,"
        " was left out of this recording"
    )
    counts = dict(Counter(event.lane for event in kept))
    told = replace(header, recorded=counts, notes=(*header.notes, note))
    return study.trace.replace(told, list(_numbered(kept)))


def _numbered(events: list[Event]) -> Iterator[Event]:
    """The same rows, numbered from 0 in each lane of each process."""
    seen: Counter[tuple[str, int]] = Counter()
    for event in events:
        key = event.lane, event.pid
        yield event._replace(seq=seen[key])
        seen[key] += 1
