"""What the kernel engines cost: 15,000 system calls under each of them, on one processor; and how fast lines are read."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from table import Row, show

from tracedemo.recorders.kernel import ENGINES, engine, strace
from tracedemo.recorders.kernel.calls import Log
from tracedemo.runner.machine import on_one_processor, place_for_spools

WORK = Path(__file__).resolve().parent / "work" / "kernel_loop.py"
TURNS = 5_000
"""Three system calls each."""
LINES = 60_000


def measure(*, quick: bool) -> bool:
    """Print the table; True when every promise is kept."""
    rounds = 5 if quick else 15
    with tempfile.TemporaryDirectory(dir=place_for_spools()) as folder, on_one_processor(wanted=True):
        rows = [*_engines(rounds, Path(folder)), *_reading(3 if quick else 7, Path(folder))]
    return show("Kernel engines, all on one processor", rows)


def _engines(rounds: int, folder: Path) -> list[Row]:
    """The time of the loop under each engine, in turns."""
    ways: dict[str, Callable[[], float]] = {"bare": lambda: _run((), folder)}
    for name in ENGINES:
        ways[name] = lambda name=name: _run(engine(name).prefix(folder), folder)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    ratios = [ptrace / by_strace for ptrace, by_strace in zip(found["ptrace"], found["strace"], strict=True)]
    middle = median(ratios)
    return [
        *(Row.of(f"{3 * TURNS:,} system calls under {name}, to bare", found, name, most=None) for name in ENGINES),
        Row(
            "  ptrace, to strace --seccomp-bpf", f"x{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", "x1.10",
            middle <= 1.1,
        ),
    ]  # fmt: skip


def _run(prefix: tuple[str, ...], folder: Path, turns: int = TURNS) -> float:
    command = [*prefix, sys.executable, "-S", str(WORK), str(turns)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return float(json.loads(done.stdout)["ns"])


def _reading(rounds: int, folder: Path) -> list[Row]:
    """From the raw file to decoded system calls."""
    rows = []
    for name in ENGINES:
        _run(engine(name).prefix(folder), folder, LINES // 3)
        times, calls = [], 0
        for _ in range(rounds):
            start = time.process_time()
            log: Log = engine(name).read(folder)
            times.append(time.process_time() - start)
            assert not log.misread
            calls = len(log.calls)
        speed = calls / median(times)
        promised = "50,000" if name == strace.NAME else ""
        text = f"{speed:,.0f} a second of CPU, of {calls:,}"
        rows.append(Row(f"  {name}: calls read", text, promised, speed >= 50_000, at_least=True))
    return rows
