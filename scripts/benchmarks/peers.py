"""The same fetches bare, under tracedemo, under strace, under VizTracer, and by asyncio: in turns, as ratios in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from cost import EXAMPLE, WORK, _in_turns
from table import Row, show

from tests.conftest import no_ptrace, no_strace
from tracedemo import runner
from tracedemo.server import ServerOptions, running_server
from tracedemo.variants import by_name

COUNT = 300
OTHERS = ("robust", "asyncio_sock", "asyncio_streams", "threads")
Cost = dict[str, float]


def measure(*, quick: bool) -> bool:
    """Print the table; nothing is promised, all of it is for the record."""
    rounds = 3 if quick else 9
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(ServerOptions(**EXAMPLE), Path(folder)) as server,
    ):
        address = f"{server.host}:{server.port}"
        found = _in_turns(rounds, _ways(address, Path(folder)))
    rows = []
    for what, title in (("cpu", "CPU of the program"), ("wall", "time")):
        numbers = {name: [cost[what] for cost in costs] for name, costs in found.items()}
        rows += [
            Row.of(f"{name}: {title}, to selector bare", numbers, name, None)
            for name in numbers
            if name != "bare"
        ]
    return show(f"{COUNT} fetches at once: selector under tools, and others bare", rows)


def _ways(address: str, folder: Path) -> dict[str, Callable[[], Cost]]:
    words = _words("selector", address)
    ways: dict[str, Callable[[], Cost]] = {
        "bare": lambda: _run([], words),
        "tracedemo": lambda: _traced(words, None),
    }
    if not no_strace():
        strace = ["strace", "-f", "-o", str(folder / "strace.txt"), "--"]
        ways["strace -f"] = lambda: _run(strace, words)
        ways["tracedemo --kernel --engine strace"] = lambda: _traced(words, "strace")
    if not no_ptrace():
        ways["tracedemo --kernel --engine ptrace"] = lambda: _traced(words, "ptrace")
    ways["VizTracer"] = lambda: _run(_viztracer(folder), words)
    for name in OTHERS:
        if by_name(name) is not None:
            ways[f"{name}, bare"] = lambda name=name: _run([], _words(name, address))
    return ways


def _words(name: str, address: str) -> list[str]:
    variant = by_name(name)
    assert variant is not None
    return [str(WORK / "variant_fetches.py"), str(variant.path), address, str(COUNT)]


def _viztracer(folder: Path) -> list[str]:
    options = ["--quiet", "--tracer_entries", "10000000", "-o", str(folder / "x.json"), "--"]
    return [sys.executable, "-m", "viztracer", *options]


def _run(before: list[str], words: list[str]) -> Cost:
    interpreter = [] if "viztracer" in before else [sys.executable]
    done = subprocess.run([*before, *interpreter, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _traced(words: list[str], engine: str | None) -> Cost:
    target = runner.Target("script", "fetches", tuple(words))
    done = runner.run(target, runner.RunOptions(capture=True, kernel=engine))
    assert done.exit_code == 0, done.complaints
    assert not done.trace.header.dropped, done.trace.header.dropped
    return json.loads(done.output)
