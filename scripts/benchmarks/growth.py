"""How cost grows with the work: the same at several sizes, a line laid through, and what the line leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from cost import EXAMPLE
from fit import Line, line_through
from table import Row, show

from tracedemo import runner, tracefile
from tracedemo.analysis.study import Study
from tracedemo.events import Trace
from tracedemo.render import VIEWS, Options
from tracedemo.runner.machine import room_for
from tracedemo.server import ServerOptions, running_server
from tracedemo.variants import by_name

SIZES = (25, 50, 100, 200, 400, 800)
VARIANTS = ("selector", "robust", "asyncio_streams")
MOST_LEFT = 0.10
"""What a line may leave, as a part of what was measured: more says that the cost does not grow like a line."""


def measure(*, quick: bool) -> bool:
    """Print the table; True when each cost is a line."""
    rounds = 1 if quick else 5
    sizes = SIZES[: 4 if quick else None]
    rows = [*_of_fetches(sizes, rounds), *_of_rows(sizes, rounds)]
    return show("How cost grows with the work", rows)


def _of_fetches(sizes: Sequence[int], rounds: int) -> list[Row]:
    """CPU of the whole program over the number of its fetches, all at once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(ServerOptions(**EXAMPLE), Path(folder)) as server,
    ):
        address = f"{server.host}:{server.port}"
        ways: dict[str, Callable[[int], float]] = {}
        for name in VARIANTS:
            if by_name(name) is not None:
                ways[f"{name}, bare"] = lambda count, name=name: _bare(name, address, count)
                ways[f"{name}, traced"] = lambda count, name=name: _traced(name, address, count)
        found = _in_turns(ways, sizes, rounds)
    lines = {name: line_through(sizes, seconds, relative=True) for name, seconds in found.items()}
    rows = [_row(f"{name}: CPU of n fetches", line, "fetch") for name, line in lines.items()]
    for name, line in lines.items():
        other = lines[name.replace("traced", "bare")]
        if name.endswith("traced"):
            rows.append(Row(f"  {name}, to bare, a fetch", f"x{line.slope / other.slope:.2f}", "", kept=True))
        elif name != "asyncio_streams, bare":
            ratio = line.slope / lines["asyncio_streams, bare"].slope
            rows.append(Row(f"  {name}, to asyncio_streams, a fetch", f"x{ratio:.2f}", "", kept=True))
    return rows


def _of_rows(sizes: Sequence[int], rounds: int) -> list[Row]:
    """CPU of tracedemo itself over the number of rows of a trace."""
    traces = [_record(size) for size in sizes]
    numbers = [len(trace) for trace in traces]
    ways: dict[str, Callable[[int], float]] = {
        "save": lambda at: _timed(lambda: sum(map(len, tracefile.lines(traces[at])))),
        "load": lambda at: _load(traces[at]),
        "summary": lambda at: _timed(lambda: list(VIEWS["summary"].plain([Study(traces[at])], Options()))),
        "log": lambda at: _timed(lambda: list(VIEWS["log"].plain([Study(traces[at])], Options()))),
    }
    found = _in_turns(ways, range(len(traces)), rounds)
    return [
        _row(f"{name}: CPU of a trace of n rows", line_through(numbers, seconds, relative=True), "row")
        for name, seconds in found.items()
    ]


def _in_turns(
    ways: dict[str, Callable[[int], float]], sizes: Sequence[int], rounds: int
) -> dict[str, list[float]]:
    """Of each way the median at each size; sizes go round, so that what the machine does meanwhile meets all."""
    seconds: dict[str, list[list[float]]] = {name: [[] for _ in sizes] for name in ways}
    for way in ways.values():
        way(sizes[0])  # what is loaded for the first time is not the question
    for _ in range(rounds):
        for place, size in enumerate(sizes):
            for name, way in ways.items():
                seconds[name][place].append(way(size))
    return {name: [median(some) for some in found] for name, found in seconds.items()}


def _row(name: str, line: Line, unit: str) -> Row:
    text = f"{line.start * 1000:.1f} ms + n * {line.slope * 1e6:.2f} us a {unit}; leaves {line.residual:.1%}"
    return Row(name, text, f"{MOST_LEFT:.0%} left", line.residual <= MOST_LEFT)


def _bare(name: str, address: str, count: int) -> float:
    target = runner.find_target([name])
    with room_for(target, runner.RunOptions(requests=count)):
        command = [sys.executable, str(target.argv[0]), address, "-n", str(count)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def _traced(name: str, address: str, count: int) -> float:
    options = runner.RunOptions(capture=True, requests=count, address=address)
    header = runner.run(runner.find_target([name]), options).trace.header
    assert header.exit_code == 0
    assert not header.dropped, header.dropped
    return header.cpu_user + header.cpu_system


def _record(requests: int) -> Trace:
    options = runner.RunOptions(capture=True, requests=requests, server=ServerOptions(delay_ms=0, gap_ms=1))
    return runner.run(runner.find_target(["selector"]), options).trace


def _load(trace: Trace) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.jsonl"
        tracefile.write(trace, path)
        return _timed(lambda: tracefile.read(path))


def _timed(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
