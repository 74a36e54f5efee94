"""How long it takes to show a log of 20,000 calls: in a file, and on a terminal with colours."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from math import ceil
from pathlib import Path
from statistics import median

from table import Row, show

from tracedemo import runner, tracefile
from tracedemo.events import PYTHON, Trace
from tracedemo.server import ServerOptions

CALLS = 20_000
"""Calls of the program: what its generators and our server did comes on top."""

LOG = ("--view", "log")
TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "120"}
"""What makes a pipe look like a terminal: the same work, and nobody has to read along."""

SHOWN = (
    ((*LOG, "--unfold"), {}),
    (LOG, {}),
    ((*LOG, "--unfold"), TERMINAL),
    (LOG, TERMINAL),
    ((*LOG, "--unfold", "--format", "plain"), {}),
    (("--view", "summary"), {}),
)


def measure(*, quick: bool) -> bool:
    """Print the table; True when everything is shown in time."""
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.jsonl"
        calls = _save_trace(path)
        bare = median(_clock(["-c", "pass"]) for _ in range(rounds))
        rows = []
        for words, environ in SHOWN:
            command = ["-m", "tracedemo", "show", str(path), *words]
            seconds = median(_clock(command, environ) for _ in range(rounds))
            where = ", terminal" if environ else ""
            name = f"show {' '.join(words)}{where}, {calls:,} calls"
            rows.append(Row(name, f"{seconds:.2f} s (interpreter {bare:.2f} s)", "1 s", seconds <= 1))
        return show("Views", rows)


def _save_trace(path: Path) -> int:
    """A real trace of the selector with CALLS calls or a few more; how many they are."""
    requests, calls = CALLS // 20, 0
    while calls < CALLS:
        trace = _record(requests)
        calls = sum(lane == PYTHON for lane in trace.column("lane"))
        # How many calls a fetch takes is seen, not known; and a little more, since it is not always the same.
        requests = ceil(requests * CALLS / calls * 1.01)
    tracefile.write(trace, path)
    return calls


def _record(requests: int) -> Trace:
    options = runner.RunOptions(capture=True, requests=requests, server=ServerOptions(delay_ms=0, gap_ms=1))
    return runner.run(runner.find_target(["selector"]), options).trace


def _clock(words: list[str], environ: dict[str, str] | None = None) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env=os.environ | (environ or {}),
    )
    return time.perf_counter() - start
