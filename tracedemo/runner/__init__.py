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
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tracedemo.errors import MachineError
from tracedemo.events import Trace
from tracedemo.recorders.kernel import choose
from tracedemo.runner.child import spawn
from tracedemo.runner.evidence import read_trace
from tracedemo.runner.kernel import read_kernel
from tracedemo.runner.machine import on_one_processor, place_for_spools, room_for, slots_that_fit
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
    engine, why_none = (None, "") if options.kernel is None else choose(options.kernel)
    with _folder() as folder:
        with _server_for(target, options, folder) as server:
            argv = _arguments(target, options, server)
            before = options.prefix if engine is None else engine.prefix(folder)
            traced = engine is not None
            with room_for(target, options), on_one_processor(wanted=traced), adopting(wanted=traced):
                command = [*before, *([] if target.kind == "command" else [options.python]), *argv]
                environment = _environment(target, options, server, folder)
                left = 0
                try:
                    finished = spawn(command, environment, folder, capture=options.capture, duration=options.duration,
                                     tell=options.tell if traced else None)  # fmt: skip
                finally:
                    if traced:
                        left = end_orphans(folder)
        seen = read_kernel(engine, folder, why_none, left)
        trace = read_trace(target, argv, options, server, folder, finished, seen)
        output, complaints = (_text(folder / file) for file in ("stdout", "stderr"))
    return Run(trace, finished.exit_code, output, complaints, finished.told_to_end)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for the files of this run.

    Raises:
        MachineError: there is no place for temporary files.
    """
    try:
        made = tempfile.TemporaryDirectory(
            prefix="tracedemo-", dir=place_for_spools(), ignore_cleanup_errors=True
        )
    except OSError as error:
        message = f"no folder for temporary files can be made: {error.strerror or error}"
        raise MachineError(message, "Make room, or set TMPDIR to a folder that can be written.") from error
    with made as name:
        yield Path(name)


@contextmanager
def _server_for(target: Target, options: RunOptions, folder: Path) -> Iterator[ServerHandle | None]:
    """Our server, for a variant without --url and for a script that asks for its address."""
    wanted = options.address is None and (
        target.kind == "variant" or any(ADDRESS in word for word in target.argv)
    )
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
    if target.kind == "variant":
        return [*target.argv, address, "-n", str(options.requests), "--path", options.path]
    return [word.replace(ADDRESS, address) if server else word for word in target.argv]


def _environment(
    target: Target, options: RunOptions, server: ServerHandle | None, folder: Path
) -> dict[str, str]:
    environment = dict(os.environ)
    settings = {
        "FOLDER": str(folder),
        "SLOTS": str(slots_that_fit(options.slots, folder)),
        "FLOW": "variant" if target.kind == "variant" else "script",
    }
    if server is not None:
        settings["SERVERS"] = str(server.port)
        if server.control is not None:
            settings["CONTROL"] = str(server.control)
    old = environment.get("PYTHONPATH")
    if old is not None:
        settings["PYTHONPATH"] = old
    environment["PYTHONPATH"] = os.pathsep.join([str(STARTUP), *([old] if old else [])])
    return environment | {f"TRACEDEMO_HOOK_{name}": value for name, value in settings.items()}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
