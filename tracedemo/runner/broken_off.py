"""Runs that were broken off because we were killed: a Trace is made of what is left, by whoever comes after us.

What is needed for that is written down before the run: PLAN, in the folder of the run, which is locked as long as we live
(guard.py). A folder with a plan that nobody locks is of a run that was broken off.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from tracedemo.errors import RecorderError
from tracedemo.events import Trace
from tracedemo.recorders.inprocess.decode import spool_heads
from tracedemo.recorders.kernel import Engine, engine
from tracedemo.runner.child import Finished
from tracedemo.runner.evidence import Served, read_trace
from tracedemo.runner.guard import PREFIX, lock_of
from tracedemo.runner.kernel import read_kernel
from tracedemo.runner.machine import limits, place_for_spools
from tracedemo.runner.targets import RunOptions, Target
from tracedemo.server import RawLog, ServerOptions, read_log

PLAN = "plan.json"
ENDED = "tracedemo was killed"
NOTE = (
    "tracedemo itself was killed while the program ran, and the program was ended, too: this is what was recorded until"
    " then; its exit code, its output and its CPU time are not known"
)
_KEPT = ("requests", "slots", "keep", "kernel", "children", "redact", "limit")
"""Of the options what a Trace tells of."""


class _Server(NamedTuple):
    """A server that has ended: what a Trace tells of it."""

    host: str
    port: int
    pid: int
    log: Path
    options: ServerOptions

    def events(self) -> RawLog:
        return read_log(self.log)


def write_plan(
    folder: Path,
    target: Target,
    argv: Sequence[str],
    options: RunOptions,
    server: Served | None,
    chosen: Engine | None,
) -> None:
    """Write down what is going to be run."""
    plan = {
        "target": target,
        "argv": argv,
        "options": {name: getattr(options, name) for name in _KEPT},
        "asked": asdict(options.server),
        "engine": None if chosen is None else chosen.NAME,
        "clock": (time.monotonic_ns(), time.time_ns()),
        "server": server and {"host": server.host, "port": server.port, "pid": server.pid,
                              "nonce": server.options.nonce, "log": str(server.log)},
    }  # fmt: skip
    new = folder / f"{PLAN}.new"
    new.write_text(json.dumps(plan), encoding="ascii")
    new.rename(folder / PLAN)


def forget_plan(folder: Path) -> None:
    """A Trace was made of it: nobody else needs to."""
    (folder / PLAN).unlink(missing_ok=True)


@contextmanager
def left_folders() -> Iterator[list[Path]]:
    """Folders of runs that were broken off, and that nobody has looked at yet, oldest first; meanwhile they are ours."""
    places = {tempfile.gettempdir(), place_for_spools() or tempfile.gettempdir()}
    plans = [plan for place in places for plan in Path(place).glob(f"{PREFIX}*/{PLAN}")]
    with ExitStack() as held:
        yield [plan.parent for plan in sorted(plans, key=_made) if held.enter_context(lock_of(plan.parent))]


def _made(plan: Path) -> float:
    with suppress(OSError):
        return plan.stat().st_mtime
    return 0.0


def read_broken_off(folder: Path) -> Trace | None:
    """The Trace of a run that was broken off; None: nothing had been recorded yet.

    Raises:
        RecorderError: what is there cannot be read.
    """
    heads = spool_heads(folder)
    if not heads:
        return None
    try:
        plan = json.loads((folder / PLAN).read_bytes())
        target = Target(plan["target"][0], plan["target"][1], tuple(plan["target"][2]))
        asked = ServerOptions(**plan["asked"])
        options = RunOptions(server=asked, **plan["options"])
        server = _server(plan["server"], asked)
        chosen = None if plan["engine"] is None else engine(plan["engine"])
        clock: tuple[int, int] = tuple(plan["clock"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecorderError(f"what {folder} holds cannot be read: {error}", "Remove it.") from error
    done = _finished(heads[0].pid, clock)
    seen = read_kernel(chosen, folder, "")
    trace = read_trace(target, list(plan["argv"]), options, server, folder, done, seen)
    header = replace(trace.header, exit_code=None, ended=ENDED, notes=(NOTE, *trace.header.notes))
    return trace.replace(header=header)


def _server(told: dict[str, Any] | None, asked: ServerOptions) -> _Server | None:
    if told is None:
        return None
    options = replace(asked, nonce=told["nonce"])
    return _Server(told["host"], told["port"], told["pid"], Path(told["log"]), options)


def _finished(pid: int, clock: tuple[int, int]) -> Finished:
    """What is known of the end."""
    return Finished(
        pid=pid,
        exit_code=0,
        signal="",
        interrupted=False,
        timed_out=False,
        asleep=False,
        told_to_end=0,
        cpu_user=0.0,
        cpu_system=0.0,
        clock_start=clock,
        clock_end=(time.monotonic_ns(), time.time_ns()),
        limits=limits(),
    )
