"""Millions of calls: saved, loaded, joined and summarised, and the log of them begun; each in a process of its own.

Seconds are seconds of the processor, so that they say the same beside other work. What `show` takes includes the start of
the interpreter. Peak memory is that of the process (ru_maxrss).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

from table import Row, show

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
MIB, GIB = 1 << 20, 1 << 30

LEAST = 60_000
"""Calls a second, from file to summary."""
MOST = {"memory": GIB, "log": 1.0}

SOCKETS, QUICK_SOCKETS = 20_000, 2_000
"""In flight at once, or as many as the limit of descriptors allows."""

FULL, QUICK = 25, 5
"""Rounds of 200,000 calls of Python; with the kernel's lane half as many, each with a system call for each call."""


def measure(*, quick: bool) -> bool:
    """Print the table; True when it is all quick and small enough."""
    rounds = QUICK if quick else FULL
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kernel, number in ((False, rounds), (True, max(1, rounds // 2))):
            path = Path(folder) / "large.jsonl"
            made = _child("make", str(path), str(number), "kernel" if kernel else "")
            rows += _rows(path, made, f"{made['calls'] / 1e6:g} million calls{_kernel(kernel)}")
        rows += _in_flight(QUICK_SOCKETS if quick else SOCKETS)
        return show("Large traces", rows)


def _in_flight(wanted: int) -> list[Row]:
    """A real run of the selector with all sockets open at once; nothing of it may be lost."""
    from tracedemo import runner
    from tracedemo.analysis.study import Study
    from tracedemo.server import ServerOptions

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    number = wanted if most == resource.RLIM_INFINITY else min(wanted, most - 500)
    # The first answer comes when the last socket is connected.
    server = ServerOptions(delay_ms=number * 0.2, gap_ms=1)
    options = runner.RunOptions(capture=True, requests=number, server=server)
    found = Study(runner.run(runner.find_target(["selector"]), options).trace).summary
    lost = sum(found.dropped.values()) + sum(loss.missing for loss in found.losses)
    name = f"selector, {number:,} sockets, recorded in-process, {found.calls:,} calls"
    return [
        Row(f"{name}: in flight at once", f"{found.in_flight:,}", f"{number:,}", kept=found.in_flight >= number,
            at_least=True),
        Row(f"{name}: rows lost", f"{lost:,}", "0", kept=not lost),
    ]  # fmt: skip


def _kernel(kernel: bool) -> str:
    return ", half of them system calls" if kernel else ""


def _rows(path: Path, made: dict[str, float], what: str) -> list[Row]:
    calls = made["calls"]
    found = _child("look", str(path))
    whole = sum(found[part] for part in ("load", "join", "analyse", "summary"))
    command, peak = _show(path, "--view", "summary")
    first, _ = _show(path, "--view", "log", lines=10)
    return [
        Row(f"{what}: saved, {path.stat().st_size / MIB:,.0f} MiB", _each(made["save"], calls), "", kept=True),
        Row(f"{what}: loaded", _each(found["load"], calls), "", kept=True),
        Row(f"{what}: joined", _each(found["join"], calls), "", kept=True),
        Row(f"{what}: sockets and states", _each(found["analyse"], calls), "", kept=True),
        Row(f"{what}: summed up", _each(found["summary"], calls), "", kept=True),
        Row(f"{what}: from file to summary", _each(whole, calls), f"{LEAST:,} a second", kept=calls / whole >= LEAST,
            at_least=True),
        Row(f"{what}: its peak memory", _mib(found["peak"]), _mib(MOST["memory"]), kept=found["peak"] <= MOST["memory"]),
        Row(f"{what}: show --view summary", f"{_each(command, calls)}, {_mib(peak)}", "", kept=True),
        Row(f"{what}: show --view log | head", f"{first:.2f} s", f"{MOST['log']:g} s", kept=first <= MOST["log"]),
    ]  # fmt: skip


def _each(seconds: float, calls: float) -> str:
    return f"{seconds:.1f} s, {calls / seconds:,.0f} a second" if seconds >= 0.05 else f"{seconds:.2f} s"


def _mib(number: float) -> str:
    return f"{number / MIB:,.0f} MiB"


def _child(*words: str) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, str(HERE), *words], check=True, capture_output=True, cwd=ROOT, text=True
    )
    found: dict[str, float] = json.loads(run.stdout)
    return found


def _show(path: Path, *words: str, lines: int | None = None) -> tuple[float, float]:
    """Seconds of the processor and bytes at the peak, of a command whose reader goes away after some lines."""
    command = [sys.executable, "-m", "tracedemo", "show", *words, str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None  # it is a pipe
    for number, _ in enumerate(child.stdout, start=1):
        if number == lines:
            break
    child.stdout.close()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


# In a process of its own


def make(path: str, rounds: str, kernel: str) -> dict[str, float]:
    """Tell a run, and save it."""
    from rounds import rounds as told

    from tracedemo import tracefile

    trace = told(int(rounds), kernel=bool(kernel))
    start = process_time()
    tracefile.write(trace, Path(path))
    return {"calls": len(trace), "save": process_time() - start}


def look(path: str) -> dict[str, float]:
    """All that a summary needs, part by part."""
    from tracedemo import tracefile
    from tracedemo.analysis.study import Study

    found: dict[str, float] = {}
    before = process_time()

    def lap(name: str) -> None:
        nonlocal before
        now = process_time()
        found[name], before = now - before, now

    trace = tracefile.read(Path(path)).trace
    lap("load")
    study = Study(trace)
    _ = study.connections, study.states
    lap("analyse")
    _ = study.join
    lap("join")
    _ = study.summary
    lap("summary")
    return found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


CHILDREN: dict[str, Callable[..., dict[str, float]]] = {"make": make, "look": look}


def main(words: Sequence[str]) -> None:
    """What `_child` asks for."""
    import gc

    gc.disable()  # as the command line has it
    print(json.dumps(CHILDREN[words[0]](*words[1:])))


if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(ROOT)]
    main(sys.argv[1:])
