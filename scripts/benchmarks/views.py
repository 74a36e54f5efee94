"""How long it takes to show a log of 20,000 calls."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from table import Row, show

from tracedemo import runner, tracefile
from tracedemo.server import ServerOptions

CALLS = 20_000


def measure(*, quick: bool) -> bool:
    """Print the table; True when the log is shown in time."""
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.jsonl"
        calls = _save_trace(path)
        bare = median(_clock(["-c", "pass"]) for _ in range(rounds))
        rows = []
        for words in (["--view", "log", "--unfold"], ["--view", "log"], ["--view", "log", "--unfold", "--format", "plain"],
                      ["--view", "summary"]):  # fmt: skip
            seconds = median(_clock(["-m", "tracedemo", "show", str(path), *words]) for _ in range(rounds))
            name = f"show {' '.join(words)}, {calls:,} calls"
            rows.append(Row(name, f"{seconds:.2f} s (interpreter {bare:.2f} s)", "1 s", seconds <= 1))
        return show("Views", rows)


def _save_trace(path: Path) -> int:
    """A real trace with about CALLS calls: selector, as many fetches as that takes."""
    options = runner.RunOptions(
        capture=True, requests=CALLS // 24, server=ServerOptions(delay_ms=0, gap_ms=1)
    )
    trace = runner.run(runner.find_target(["selector"]), options).trace
    tracefile.write(trace, path)
    return sum(event.lane == "python" for event in trace)


def _clock(words: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], check=True, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )
    return time.perf_counter() - start
