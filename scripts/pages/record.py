"""The traces in docs/traces/: how they are recorded, and what is changed in them so that they tell nothing of a machine.

They are recorded once and kept, so that pictures change when the tool does, and at no other time. On a machine that has
other work, too, `chrt -f 1 scripts/docs --record` (as root) lets the programs have the processor when they want it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tracedemo import tracefile
from tracedemo.analysis.segments import State
from tracedemo.analysis.study import Study
from tracedemo.tracefile.portable import portable

ROOT = Path(__file__).resolve().parents[2]
TRACES = ROOT / "docs" / "traces"

SERVER = ["--delay", "6", "--gap", "2"]
"""Five times as quick as usual: who polls makes a hundred calls in each millisecond."""
THREE = ["-n", "3", *SERVER]
SECOND_REFUSED = ["{address}", "127.0.0.1:1", "-n", "3"]
"""Three fetches, and at the address of the second nobody listens: port 1 belongs to a service that nobody runs."""
RECORDINGS: dict[str, list[str]] = {
    "blocking": ["blocking", *THREE],
    "threads": ["threads", *THREE],
    "nonblocking": ["nonblocking", *THREE],
    "selector": ["selector", *THREE],
    "selector-one": ["selector", "--pace", "lockstep"],
    "selector-kernel": ["selector", "--pace", "lockstep", "--kernel", "--host", "localhost"],
    "asyncio_sock": ["asyncio_sock", *THREE],
    "asyncio_streams": ["asyncio_streams", *THREE],
    "careless": [*SERVER, "docs/examples/careless_client.py", "{address}"],
    "sleepers": ["sleepers", "-n", "5", "--sleep", "0.05"],
    "upload": ["upload", "--delay", "6"],
    "robust": ["robust", *THREE],
    "selector-refused": [*SERVER, "tracedemo/variants/selector.py", *SECOND_REFUSED],
    "robust-refused": [*SERVER, "tracedemo/variants/robust.py", *SECOND_REFUSED],
    "robust-late": ["robust", "-n", "2", "--deadline", "0.05", "--delay", "500"],
    "robust-two": ["robust", "-n", "5", "--at-most", "2", *SERVER],
    "thousands": ["selector", "--delay", "1000", "--pieces", "1"],
}
"""Name of a file in docs/traces/ -> what stands behind `tracedemo run`."""
FAIL = ("selector-refused", "robust-refused", "robust-late")
"""The programs that end with exit code 1, as they should."""
MANY = (10, 100, 1000, 4000)
"""Fetches of `thousands`: of so many only the summaries are kept, one a line."""

RUNS = 6
"""For each trace."""


def record(name: str) -> None:
    """Record one trace."""
    path = TRACES / f"{name}.jsonl"
    if name == "thousands":
        summaries = [
            _run(*RECORDINGS[name], "-n", str(n), "--view", "summary", "--format", "jsonl") for n in MANY
        ]
        text = "".join(summaries)
    else:
        text = _least_disturbed(RECORDINGS[name], code=name in FAIL)
    path.write_text(portable(text, ROOT, Path(sys.base_prefix)), encoding="utf-8")
    print(f"recorded {path.relative_to(ROOT)}")


def _least_disturbed(words: Sequence[str], *, code: int) -> str:
    """Of some runs the one that was quick, and kept from the processor for little of its time: what else a machine does is
    not what is to be seen.
    """
    best, text = sys.maxsize, ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        for _ in range(RUNS):
            _run("-o", str(path), *words, code=code)
            found = Study(tracefile.read(path).trace).summary
            lost = found.wall + found.states[State.PARKED]
            if lost < best:
                best, text = lost, path.read_text(encoding="utf-8")
    return text


def _run(*words: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "tracedemo", "run", *words]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
