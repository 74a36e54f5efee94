"""The lessons: whether a check always says the same, whether a lesson's runs always count the same, and how long one waits.

Both are tried on a quiet machine, and beside six busy loops: whatever depends on the clock comes out there.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from table import Row, show

from tracedemo.analysis.study import Study
from tracedemo.errors import MachineError, UsageError
from tracedemo.recorders.kernel import choose
from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.checking import check, draw
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.proving import answers, place
from tracedemo.workshop.questions import outcome
from tracedemo.workshop.running import execute

RUNS, QUICK_RUNS = 200, 10
VERDICTS, QUICK_VERDICTS = 20, 1
BUSY = 6
IDLE_S, LOADED_S = 3.0, 10.0
"""Within which a check answers, 95 of 100 times."""
UNCOUNTED = frozenset({"lesson_07_partial", "lesson_10_thousands", "lesson_12_make"})
"""Lessons of which a run shows what the clock or the kernel decides: how much room a send finds, how long a full queue
keeps a connect waiting, which deadlines are over at one wakeup. They ask what happened there, and not how often. Of them
the answers are compared, of the others the counts, too.
"""


class Tried(NamedTuple):
    """The checks of one answer."""

    wrong: Sequence[str]
    """Verdicts that should have been others."""
    took: Sequence[float]
    """Seconds, each."""


def measure(*, quick: bool) -> bool:
    """Try, and print the tables; True when nothing depended on the machine."""
    runs, verdicts = (QUICK_RUNS, QUICK_VERDICTS) if quick else (RUNS, VERDICTS)
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for way, bound, busy in (("quiet", IDLE_S, 0), (f"beside {BUSY} busy loops", LOADED_S, BUSY)):
            with busy_loops(busy):
                rows += [*_verdicts(folder, verdicts, way, bound), *_counts(folder, runs, way)]
    return show(f"Lessons: {verdicts} checks of each answer, {runs} runs of each command, each way", rows)


@contextmanager
def busy_loops(number: int) -> Iterator[None]:
    """So many processes that do nothing but use the processor."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def _verdicts(folder: Path, times: int, way: str, bound: float) -> Iterator[Row]:
    tried = [try_answers(lesson, folder, times) for lesson in lessons()]
    wrong = [text for one in tried for text in one.wrong]
    took = [seconds for one in tried for seconds in one.took]
    for text in wrong:
        print(f"    {way}: {text}")
    yield Row(f"wrong verdicts, {way}", f"{len(wrong)} of {len(took):,}", "0", not wrong)
    slow = quantiles(took, n=20)[-1]
    text = f"{slow:.1f} s (the longest {max(took):.1f} s)"
    yield Row(f"a check, 95 of 100 times, {way}", text, f"{bound:g} s", slow <= bound)


def try_answers(lesson: Lesson, folder: Path, times: int) -> Tried:
    """Check each answer of a lesson, again and again."""
    wrong, took = [], []
    for answer in answers(lesson):
        file = place(lesson, answer, folder)
        for _ in range(times):
            begin = time.monotonic()
            broken = next((verdict.complaints for verdict in check(lesson, file) if not verdict.passed), ())
            took.append(time.monotonic() - begin)
            said = broken[0].rule if broken else None
            if (said is None) != (answer.rule is None) or (answer.rule and said != answer.rule):
                wrong.append(f"{lesson.name}, {answer.name}: {said}")
    return Tried(wrong, took)


def _counts(folder: Path, times: int, way: str) -> Iterator[Row]:
    """Of each lesson the sets of counts, or answers, that its commands gave: one, if nothing depends on the machine."""
    for lesson in lessons():
        place(lesson, answers(lesson)[1], folder)
        uncounted = lesson.folder.name in UNCOUNTED
        values = draw(lesson, random.Random(0))  # noqa: S311  # the same each time
        seen: Counter[tuple[object, ...]] = Counter()
        engine = engine_here(folder)
        for _ in range(times):
            ran = [
                execute(lesson, run, values, folder, folder, engine=engine, capture=True)
                for run in lesson.runs
            ]
            answers_of = [
                outcome(lesson, one, ran[one.of].studies, values).answer for one in lesson.questions
            ]
            counted = () if uncounted else tuple(counts(study) for one in ran for study in one.studies)
            seen[*answers_of, counted] += 1
        yield Row(
            f"sets of {'answers' if uncounted else 'counts'} of lesson {lesson.number:02}, {way}",
            f"{len(seen)} in {times}",
            "1",
            len(seen) == 1,
        )


def counts(study: Study) -> tuple[tuple[str, int], ...]:
    """How often each call was made, and each "not yet" answer came."""
    found = study.summary
    return (*sorted(found.by_op.items()), *sorted(found.not_yet.items()), ("wakeups", found.wakeups))


def engine_here(folder: Path) -> str | None:
    """The kernel engine of this machine, if it has one."""
    try:
        engine, _ = choose("auto", folder)
    except (MachineError, UsageError):
        return None
    return engine.NAME if engine else None
