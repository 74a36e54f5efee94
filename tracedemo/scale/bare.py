"""One run with nothing of ours in it: a launcher starts the program, and says what it used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tracedemo.analysis.scaling import Bare
from tracedemo.runner.guard import marked
from tracedemo.scale.catalogue import Program
from tracedemo.scale.fleet import Fleet
from tracedemo.scale.limits import SPARE_FILES

LAUNCH = Path(__file__).with_name("launch.py")
START_S, EACH_S = 60.0, 0.02
"""Seconds that a run may take: at all, and for each fetch; one that hangs is ended."""
INSISTS_S = 3.0
"""Seconds that it has for that."""


def run_bare(program: Program, fetches: int, fleet: Fleet, folder: Path, processes: int = 1) -> Bare:
    """Run it to its end, and measure.

    Args:
        folder: where its output and the launcher's report go.

    Raises:
        KeyboardInterrupt: the user stopped it; the program has been ended.
    """
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    files = fetches // processes + SPARE_FILES
    words = program.words(fleet.addresses, fetches, processes, fleet.seconds)
    command = [sys.executable, "-I", "-S", str(LAUNCH), str(report), str(files), sys.executable, *words]
    late = _run(command, folder, START_S + fetches * EACH_S)
    output = _text(folder / "stdout")
    used = _read(report)
    trouble = late or _why(used, _text(folder / "stderr"))
    correct = fleet.correct(output)
    if not trouble and program.sockets and correct != fetches:
        trouble = f"{correct:,} of {fetches:,} answers were right"
    return Bare(
        fetches=fetches,
        wall=used.get("wall", 0) / 1e9,
        user=used.get("user", 0.0),
        system=used.get("system", 0.0),
        peak=int(used.get("peak", 0)),
        correct=correct,
        in_flight=fleet.in_flight(),
        trouble=trouble,
    )


def _run(command: Sequence[str], folder: Path, patience: float) -> str:
    """Run it; gives what is to be said when it had to be ended."""
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=marked(folder))
        with _ended(process):
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                return f"it did not end within {patience:.0f} s, and was ended"
    return ""


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, the launcher ends, and what it has started ends before it."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()  # which it hands on
            try:
                process.wait(INSISTS_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def _read(report: Path) -> dict[str, float]:
    try:
        words = json.loads(report.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return words if isinstance(words, dict) else {}


def _why(used: dict[str, float], complaints: str) -> str:
    """How a run failed, by what it wrote last; empty: it did not."""
    code = int(used.get("code", -1))
    if code == 0:
        return ""
    last = complaints.strip().rpartition("\n")[2]
    how = f"it was ended by signal {code - 128}" if code > 128 else f"exit code {code}"
    return last or how if used else last or "it left no report"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
