"""The one meeting place: starts our server and one child interpreter with the recorder in it, and makes a Trace of it.

Theory of operation
    The target always runs in a child of its own: a plain interpreter that finds our start-up hook through PYTHONPATH. So
    its exit code, output and tracebacks are its own, and its log survives its death. We wait for it, read the spools of
    it and of the processes it forked, the log of the server, and join them: rows by time, connections by number.

    Every run has a server process of its own, with the same nonce for all runs of one comparison, so that the bodies are
    equal and no run sees what another left behind.

    targets.py   what can be run, and how            child.py      one process: started, waited for, reaped
    machine.py   limits, and a place for the spools  evidence.py   what it left behind, as a Trace
    orphans.py   what a killed tracer leaves         kernel.py     what a kernel engine saw of it
    guard.py     what we leave when we are killed    broken_off.py what can be made of that
    limit.py     how long a variant may wait for a server that misbehaves
    asleep.py    whether a program sleeps where nobody can wake it
    sandbox.py   limits of the program's own process
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tracedemo.events import Trace
from tracedemo.recorders.kernel import Engine, choose
from tracedemo.runner.broken_off import forget_plan, write_plan
from tracedemo.runner.child import Finished, spawn
from tracedemo.runner.evidence import read_trace
from tracedemo.runner.guard import HOOK, Guarded, guarded_folder
from tracedemo.runner.kernel import read_kernel
from tracedemo.runner.limit import limit_of
from tracedemo.runner.machine import on_one_processor, room_for, slots_that_fit
from tracedemo.runner.orphans import adopting, end_orphans
from tracedemo.runner.targets import ADDRESS, RunOptions, Target, find_python, find_target, variant_target
from tracedemo.server import ServerHandle, running_server

__all__ = [
    "ADDRESS",
    "STARTUP",
    "Run",
    "RunOptions",
    "Target",
    "find_python",
    "find_target",
    "run",
    "variant_target",
]

STARTUP = Path(__file__).parents[1] / "recorders" / "inprocess" / "startup"


class Run(NamedTuple):
    """A finished run."""

    trace: Trace
    exit_code: int
    """As a shell sees it: 128 + n after signal n."""
    output: str
    """What the target wrote to stdout, if it was captured ..."""
    complaints: str
    """... and to stderr."""
    told_to_end: int = 0
    """The signal that told us to end, and that the target was handed; 0: none."""


def run(target: Target, options: RunOptions) -> Run:
    """Run a target to its end and write down what it did.

    Raises:
        MachineError: a limit of this machine stands in the way, the server cannot start, or the kernel engine that
            was asked for by name cannot trace here.
        RecorderError: the target ran, but left nothing that we can read.
        UsageError: there is no such kernel engine.
    """
    if (limit := limit_of(target, options)) is not None:
        options = replace(options, duration=limit, limit=limit)
    with guarded_folder(options.rescue) as guarded:
        folder = guarded.folder
        engine, why_none = _engine(options, folder)
        with _server_for(target, options, folder) as server:
            argv = _arguments(target, options, server)
            write_plan(folder, target, argv, options, server, engine)
            finished, left = _spawn(target, argv, options, server, guarded, engine)
        seen = read_kernel(engine, folder, why_none, left)
        trace = read_trace(target, argv, options, server, folder, finished, seen)
        if options.receive is not None:
            options.receive(trace)
        forget_plan(folder)
        output, complaints = (_text(folder / file) for file in ("stdout", "stderr"))
    return Run(trace, finished.exit_code, output, complaints, finished.told_to_end)


def _engine(options: RunOptions, folder: Path) -> tuple[Engine | None, str]:
    """The engine to use, or why there is none; a trial of it that was killed leaves nobody."""
    if options.kernel is None:
        return None, ""
    with adopting(wanted=True):
        try:
            return choose(options.kernel, folder)
        finally:
            end_orphans(folder)


def _spawn(
    target: Target,
    argv: list[str],
    options: RunOptions,
    server: ServerHandle | None,
    guarded: Guarded,
    engine: Engine | None,
) -> tuple[Finished, int]:
    """Run it, under an engine if there is one; and how many processes that had left behind, which were ended."""
    folder, traced = guarded.folder, engine is not None
    before = options.prefix if engine is None else engine.prefix(folder)
    with room_for(target, options), on_one_processor(wanted=traced), adopting(wanted=traced):
        command = [*before, *([] if target.kind == "command" else [options.python]), *argv]
        environment = _environment(target, options, server, folder)
        left = 0
        try:
            finished = spawn(command, environment, folder, capture=options.capture, duration=options.duration,
                             tell=options.tell if traced else None, started=guarded.started,
                             alone=options.alone)  # fmt: skip
        finally:
            if traced:
                left = end_orphans(folder)
    return finished, left


@contextmanager
def _server_for(target: Target, options: RunOptions, folder: Path) -> Iterator[ServerHandle | None]:
    """Our server, for a variant without --url and for a script that asks for its address."""
    variant = target.variant
    asks = variant.fetches if variant is not None else any(ADDRESS in word for word in target.argv)
    wanted = options.address is None and asks
    if not wanted:
        yield None
        return
    with running_server(options.server, folder) as server:
        yield server


def _arguments(target: Target, options: RunOptions, server: ServerHandle | None) -> list[str]:
    address = options.address or ""
    if server is not None:
        host = options.host or server.host
        address = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
    if (variant := target.variant) is not None:
        fetch = [address, "--path", options.path] if variant.fetches else []
        given = {word.partition("=")[0] for word in target.argv}
        own = [
            f"{name}={value}"
            for name, value in options.own.items()
            if name in variant.options and name not in given
        ]
        return [*target.argv, *fetch, "-n", str(options.requests), *own]
    return [word.replace(ADDRESS, address) if server else word for word in target.argv]


def _environment(
    target: Target, options: RunOptions, server: ServerHandle | None, folder: Path
) -> dict[str, str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(HOOK)}
    settings = {
        "FOLDER": str(folder),
        "SLOTS": str(slots_that_fit(options.slots, folder)),
        "FLOW": "variant" if target.kind == "variant" or options.steps else "script",
        "KEEP": options.keep,
        **({"CHILDREN": "1"} if options.children else {}),
        **({"WATCHDOG": "1"} if options.watchdog else {}),
        **({"INJECT": options.inject} if options.inject else {}),
    }
    if server is not None:
        settings["SERVERS"] = str(server.port)
        if server.control is not None:
            settings["CONTROL"] = str(server.control)
    # Inside a program that is recorded with its children PYTHONPATH is not the user's own.
    old = (
        os.environ.get(f"{HOOK}PYTHONPATH")
        if f"{HOOK}CHILDREN" in os.environ
        else environment.get("PYTHONPATH")
    )
    if old is not None:
        settings["PYTHONPATH"] = old
    environment["PYTHONPATH"] = os.pathsep.join([str(STARTUP), *([old] if old else [])])
    return environment | {f"{HOOK}{name}": value for name, value in settings.items()}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
