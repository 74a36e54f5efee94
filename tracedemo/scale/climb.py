"""All rows, one after another: at each step every program, bare and recorded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tracedemo.analysis.scaling import Bare, Base, Row, Scaling
from tracedemo.errors import MachineError, TracedemoError
from tracedemo.events import Trace
from tracedemo.runner.guard import guarded_folder
from tracedemo.runner.machine import room_for
from tracedemo.runner.targets import RunOptions, Target
from tracedemo.scale.bare import run_bare
from tracedemo.scale.catalogue import Program
from tracedemo.scale.counted import Recorded, run_recorded
from tracedemo.scale.fleet import Fleet, fleet
from tracedemo.scale.ladder import delay_ms, rounded, steps
from tracedemo.scale.limits import Machine, Wall, brakes, servers_for, walls
from tracedemo.server import ServerOptions

AGAIN = 3
"""Times that a short run is measured; the quickest counts."""
SHORT = 1000
"""Fetches of which a run is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be measured."""

    programs: Sequence[Program]
    machine: Machine
    to: int | None = None
    """Fetches at the last step; None: as many as fit."""
    processes: int = 1
    kernel: str | None = None
    tell: Callable[[str], None] | None = None
    pieces: int = 3
    size: int = 1200
    notes: tuple[str, ...] = ()
    """What is known already."""

    def wall(self, program: Program) -> Wall | None:
        """The limit that is met first; None: none is known."""
        found = (
            walls(self.machine, threads=program.threads, processes=self.processes) if program.sockets else ()
        )
        return found[0] if found else None

    def last(self, program: Program) -> int:
        """Fetches at the last step of a program."""
        wall = self.wall(program)
        fits = rounded(wall.most) if wall else DEFAULT_TO
        return fits if self.to is None else self.to if wall is None else min(self.to, max(wall.most, 1))

    def ladder(self) -> list[int]:
        """All steps."""
        with_sockets = [program for program in self.programs if program.sockets] or self.programs
        last = max(map(self.last, with_sockets))
        return sorted({max(step // self.processes, 1) * self.processes for step in steps(last)})

    def rows(self) -> list[tuple[Program, int]]:
        """What is measured, in order."""
        return [(program, step) for step in self.ladder() for program in self.programs
                if step <= self.last(program)]  # fmt: skip


DEFAULT_TO = 20_000
"""Where a ladder ends of which no limit is known."""


@dataclass(slots=True)
class Climb:
    """What was measured so far.

    Args:
        plan: what is to be measured.
        said: told what begins, for a person who waits.
    """

    plan: Plan
    said: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)
    bases: dict[str, Base] = field(default_factory=dict)
    largest: Trace | None = None
    """Of the first program, at its largest step."""
    stopped: bool = False
    failed: TracedemoError | None = None
    """What kept it from going on."""
    told_to_end: int = 0

    def run(self) -> None:
        """Measure all of it; a Ctrl-C, a signal to end, or a failure ends that, and what was measured stays.

        Raises:
            MachineError, RecorderError: as `runner.run` has it, before anything was measured; or this system cannot tell
                what a program used.
        """
        if not hasattr(os, "wait4"):
            raise MachineError("this system does not tell what a program has used", "Use Linux or macOS.")
        try:
            for program in self.plan.programs:
                self.bases[program.name] = self._base(program)
            for program, fetches in self.plan.rows():
                self._row(program, fetches)
                if self.stopped:
                    return
        except TracedemoError as error:
            if not self.rows:
                raise
            self.stopped, self.failed = True, error
        except KeyboardInterrupt:
            self.stopped = True
        except SystemExit as end:  # what a signal that is to end us raises
            self.stopped = True
            self.told_to_end = max(int(end.code or 0) - 128, 0)

    def result(self) -> Scaling:
        """All that was measured."""
        plan = self.plan
        return Scaling(
            rows=tuple(self.rows),
            bases=dict(self.bases),
            titles={program.name: program.title for program in plan.programs},
            fits=tuple(fits(plan)),
            notes=(*plan.notes, *met(plan), *brakes(max(plan.ladder()), plan.machine), *self._why_no_more()),
            processes=plan.processes,
            planned=len(plan.rows()),
            stopped=self.stopped,
        )

    def _why_no_more(self) -> Iterator[str]:
        if self.failed is not None:
            yield f"It could not go on: {self.failed.message}. {self.failed.remedy}".strip()

    def _base(self, program: Program) -> Base:
        """What it costs to start: of several runs with one fetch, the quickest."""
        self.said(f"{program.name}: its start alone")
        found = [self._bare(program, self.plan.processes) for _ in range(AGAIN)]
        return Base(min(bare.cpu for bare in found), min(bare.peak for bare in found))

    def _row(self, program: Program, fetches: int) -> None:
        name = f"{program.name}: {fetches:,} at once"
        self.said(name)
        bare = min((self._bare(program, fetches) for _ in range(AGAIN if fetches <= SHORT else 1)),
                   key=lambda bare: (bool(bare.trouble), bare.cpu))  # fmt: skip
        self.rows.append(Row(program.name, bare))
        self.said(f"{name}, recorded")
        recorded = self._recorded(program, fetches)
        if not recorded.stopped:
            self.rows[-1] = Row(program.name, bare, recorded.counted)
            if program is self._first():
                self.largest = recorded.trace
        self.stopped = recorded.stopped or bool(recorded.told_to_end)
        self.told_to_end = recorded.told_to_end

    def _first(self) -> Program | None:
        return next((program for program in self.plan.programs if program.sockets), None)

    def _bare(self, program: Program, fetches: int) -> Bare:
        with self._servers(fetches) as (servers, folder):
            return run_bare(program, fetches, servers, folder, self.plan.processes)

    def _recorded(self, program: Program, fetches: int) -> Recorded:
        plan = self.plan
        # Of any program: it is the number that counts.
        room = room_for(Target("variant", "selector", ()), RunOptions(requests=fetches // plan.processes))
        with self._servers(fetches) as (servers, _), room:
            return run_recorded(program, fetches, servers, processes=plan.processes, kernel=plan.kernel,
                                tell=plan.tell)  # fmt: skip

    @contextmanager
    def _servers(self, fetches: int) -> Iterator[tuple[Fleet, Path]]:
        """Servers for one run, and a folder."""
        plan = self.plan
        options = ServerOptions(delay_ms=delay_ms(fetches), pieces=plan.pieces, size=plan.size)
        with guarded_folder() as guarded:
            folder = guarded.folder
            count = servers_for(fetches, plan.machine)
            with fleet(count, options, folder, plan.machine.loopbacks) as servers:
                yield servers, folder


def fits(plan: Plan) -> Iterator[str]:
    """What the machine allows, in sentences: the three lowest limits of programs on one thread, and of threads."""
    for threads in sorted({program.threads for program in plan.programs if program.sockets}):
        found = walls(plan.machine, threads=threads, processes=plan.processes)
        what = "with a thread each" if threads else "on one thread" if plan.processes == 1 else (
            f"in {plan.processes} processes")  # fmt: skip
        for wall in found[:2]:
            yield f"{what}: {wall.sentence}"


def met(plan: Plan) -> Iterator[str]:
    """Which limit ended whose ladder, and how it is raised; programs that met the same are named together."""
    wanted = plan.to or max(plan.ladder())
    ended: dict[Wall, list[str]] = {}
    for program in plan.programs:
        wall = plan.wall(program)
        if wall is not None and (plan.last(program) < wanted or plan.to is None):
            ended.setdefault(wall, []).append(program.name)
    for wall, names in ended.items():
        yield f"{', '.join(names)}: not more than {wall.most:,} fit. {wall.name}: {wall.value}. {wall.remedy}"
