"""One run that is recorded: the runner starts it as any other target, and what it called is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from tracedemo.analysis.join import join
from tracedemo.analysis.scaling import Counted, count
from tracedemo.events import KERNEL, Trace
from tracedemo.runner import RunOptions, Target, run
from tracedemo.scale.catalogue import Program
from tracedemo.scale.fleet import Fleet

CALLS_EACH = 64
"""Calls of a fetch that there is room for, and as many again for the program itself."""
LEAST_SLOTS = 1 << 16
SECONDS, SECONDS_EACH = 60.0, 0.05
"""A run that hangs is told to end after so many."""


class Recorded(NamedTuple):
    """What was counted, and the Trace behind it."""

    counted: Counted
    trace: Trace
    stopped: bool
    """The user stopped it."""
    told_to_end: int
    """The signal that told us to end, and that was handed on; 0: none."""


def run_recorded(
    program: Program,
    fetches: int,
    fleet: Fleet,
    *,
    processes: int = 1,
    kernel: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Recorded:
    """Run it with the recorder in it, and count.

    Args:
        kernel: the engine that records the system calls, too (`auto`, `strace`, `ptrace`); None: none.
        tell: told what a person who waits should know.

    Raises:
        MachineError, RecorderError: as `runner.run` has it.
    """
    done = run(_target(program, fetches, fleet, processes), RunOptions(
        requests=fetches // processes, address=fleet.addresses[-1], capture=True, kernel=kernel, children=processes > 1,
        slots=max(LEAST_SLOTS, 1 << (fetches // processes * CALLS_EACH).bit_length()),
        duration=SECONDS + fetches * SECONDS_EACH, tell=tell))  # fmt: skip
    trace = done.trace.replace(header=replace(
        done.trace.header, target=program.name, requests=fetches, server=_facts(fleet)))  # fmt: skip
    correct = fleet.correct(done.output)
    trouble = "" if done.exit_code == 0 else done.complaints.strip().rpartition("\n")[2] or trace.header.ended
    if not trouble and program.sockets and correct != fetches:
        trouble = f"{correct:,} of {fetches:,} answers were right"
    counted = count(trace, correct, trouble, _system_calls(trace))
    return Recorded(counted, trace, trace.header.ended == "interrupted", done.told_to_end)


def _target(program: Program, fetches: int, fleet: Fleet, processes: int) -> Target:
    """A variant's last address, and how many, are added by the runner; elsewhere we say all ourselves."""
    if processes == 1 and program.sockets and not (program.library or program.own):
        return Target("variant", program.name, (str(program.path), *fleet.addresses[:-1]))
    return Target(
        "script", program.name, tuple(program.words(fleet.addresses, fetches, processes, fleet.seconds))
    )


def _facts(fleet: Fleet) -> dict[str, object]:
    asked = fleet.options
    return {"addresses": fleet.addresses, "pace": asked.pace, "pieces": asked.pieces, "size": asked.size,
            "nonce": asked.nonce, "delay": asked.delay_ms, "gap": asked.gap_ms}  # fmt: skip


def _system_calls(trace: Trace) -> int | None:
    """System calls after the start, without the tool's own; None: there is no kernel lane."""
    found = join(trace) if trace.header.engine else None
    if found is None:
        return None
    others = len(found.startup) + len(found.tool)
    return sum(1 for lane in trace.column("lane") if lane == KERNEL) - others
