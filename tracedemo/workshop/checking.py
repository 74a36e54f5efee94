"""Checks: a learner's program is run in each scenario of its lesson, and its trace is held against the rules.

The program is run like any other: unmodified, in a child, recorded, in lock-step, so that no count depends on the machine.
What was drawn (the number of pieces, the word in the body) is drawn anew for each check: no answer can be written down.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tracedemo.analysis.walk import Walk
from tracedemo.errors import RecorderError
from tracedemo.events import Trace
from tracedemo.runner import Run, RunOptions, Target, run
from tracedemo.runner.sandbox import limited, small_buffers
from tracedemo.server import ServerOptions
from tracedemo.server.plan import LOCKSTEP
from tracedemo.workshop.case import Case
from tracedemo.workshop.formulas import value_of
from tracedemo.workshop.lesson import Lesson, Scenario
from tracedemo.workshop.own import rule_of
from tracedemo.workshop.questions import filled
from tracedemo.workshop.rules import Broken, Rule
from tracedemo.workshop.rules.endings import FIRST

LAST_NET_S = 30.0
"""Seconds after which a program is ended that nothing else has ended."""


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """A broken rule, ready to be said."""

    rule: str
    sentence: str
    remedy: str
    event: int | None = None
    """Number of the step, as `tracedemo step` counts them; None: nothing happened that could be pointed to."""
    fd: int | None = None
    line: int | None = None
    """Line of the learner's file."""

    def __str__(self) -> str:
        """In one line; `refused/no-send: event 5, fd 5, line 31: send() on ... . Ask how ... .` is one."""
        places = (("event", self.event), ("fd", self.fd), ("line", self.line))
        where = ", ".join(f"{name} {number}" for name, number in places if number is not None)
        return f"{self.rule}: {where}{': ' if where else ''}{self.sentence}. {self.remedy}"


class Verdict(NamedTuple):
    """What came of one scenario."""

    scenario: Scenario
    trace: Trace | None
    """None: there is no record."""
    output: str
    complaints: tuple[Complaint, ...]
    """One for each broken rule, in the order of the rules; none: it passed."""
    values: Mapping[str, int]
    """What was drawn."""
    errors: str = ""
    """What it wrote to stderr."""

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not self.complaints


def check(
    lesson: Lesson, file: Path, *, seed: int | None = None, tell: Callable[[str], None] | None = None
) -> Iterator[Verdict]:
    """Run a learner's program in each scenario; a verdict each, as they come.

    Args:
        seed: decides what is drawn; None: nobody knows.
        tell: told what a person who waits should know.
    """
    drawn = random.Random(seed)  # noqa: S311  # numbers of pieces are no secret
    for scenario in lesson.scenarios:
        values = draw(lesson, drawn)
        if tell is not None:
            tell(f"running {file.name}: {filled(scenario.name, values)}")
        yield judge(lesson, scenario, values, file)


def draw(lesson: Lesson, drawn: random.Random) -> Mapping[str, int]:
    """What a lesson draws."""
    return {name: drawn.randint(least, most) for name, (least, most) in lesson.draw.items()}


def judge(lesson: Lesson, scenario: Scenario, values: Mapping[str, int], file: Path) -> Verdict:
    """Run it in one scenario, and hold it against the rules.

    Raises:
        KeyboardInterrupt: somebody stopped the program: nothing can be said of it.
    """
    try:
        done = run_in(scenario, values, file)
    except RecorderError as error:  # the program is ours to judge even if it wiped its record
        gone = Complaint(
            rule="ends/recorded", sentence=error.message, remedy="Let the program end by itself."
        )
        return Verdict(scenario, None, "", (gone,), values)
    if done.trace.header.ended == "interrupted":  # by who waits for the verdict: then there is none
        raise KeyboardInterrupt
    case = Case(scenario, done, values, file.name)
    rules = [*FIRST, *(rule_of(lesson, name) for name in scenario.rules)]
    return Verdict(scenario, done.trace, done.output, tuple(complaints(case, rules, file)), values,
                   done.complaints)  # fmt: skip


def complaints(case: Case, rules: Sequence[Rule], file: Path) -> Iterator[Complaint]:
    """The broken rules; of each the first place.  Of a program that did not end by itself no other counts."""
    walk = Walk(case.study)
    for rule in rules:
        broken = next(iter(rule.broken(case)), None)
        if broken is not None:
            yield _complaint(case, walk, rule, broken, file)
            if rule in FIRST:
                return


def _complaint(case: Case, walk: Walk, rule: Rule, broken: Broken, file: Path) -> Complaint:
    event = None if broken.row is None else case.events[broken.row]
    site = event.place if event else None
    return Complaint(
        rule=rule.name,
        sentence=broken.sentence,
        remedy=broken.remedy or rule.remedy,
        event=None if broken.row is None else walk.step_of_row(broken.row) + 1,
        fd=broken.fd if broken.fd is not None else event.fd if event else None,
        line=broken.line or (site.line if site and Path(site.file).name == file.name else None),
    )


def run_in(scenario: Scenario, values: Mapping[str, int], file: Path) -> Run:
    """Run a program in a scenario.

    Raises:
        MachineError: a limit of this machine stands in the way.
        RecorderError: it left nothing that can be read.
    """
    words = [filled(word, {**values, "file": file.name}) for word in scenario.words]
    target = Target("script", file.name, (str(file), *words))
    return run(target, RunOptions(
        server=server_options(scenario.server, values), capture=True, duration=LAST_NET_S, steps=True, alone=True,
        prefix=limited(files=scenario.files, cpu_s=scenario.cpu_s), inject=small_buffers(scenario.sndbuf),
    ))  # fmt: skip


def server_options(fields: Mapping[str, Any], values: Mapping[str, int]) -> ServerOptions:
    """The server of a scenario: in lock-step, with formulas put in."""
    numbers = {name: value_of(fields[name], values) for name in ("pieces", "size", "seed") if name in fields}
    return ServerOptions(**{"pace": LOCKSTEP, **fields, **numbers})
