"""What the recorder costs: beside the bare program, and beside VizTracer, in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from table import Row, show

from tracedemo import runner
from tracedemo.runner.machine import place_for_spools
from tracedemo.server import ServerOptions, running_server

T = TypeVar("T")
WORK = Path(__file__).resolve().parent / "work"
EXAMPLE = {"delay_ms": 0, "gap_ms": 0, "pieces": 1}
"""A server that answers at once: the dearest case for the client's CPU."""

FETCHES = (
    ("fetches.py", "http.client", 1.15),
    ("httpx_fetches.py", "httpx", 1.15),
    ("streams_fetches.py", "asyncio streams", 1.25),
)
"""A program, what it fetches with, and the most that the recorder may cost it."""


def measure(*, quick: bool) -> bool:
    """Print the table; True when every promise is kept."""
    rounds = 3 if quick else 9
    rows = [*_loop(rounds), *_fetches(rounds), *_thinking(rounds), *_start(rounds * 3)]
    return show("Cost of the in-process recorder", rows)


def _in_turns(rounds: int, ways: dict[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Measure each way once a round, so that what the machine does meanwhile meets all of them."""
    found: dict[str, list[T]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def _bare(*words: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _traced(*words: str, options: runner.RunOptions | None = None) -> dict[str, float]:
    target = runner.Target("script", Path(words[0]).name, words)
    done = runner.run(target, options or runner.RunOptions(capture=True))
    assert done.exit_code == 0, done.complaints
    assert not done.trace.header.dropped, done.trace.header.dropped
    return json.loads(done.output)


def _viztracer(*words: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        # In memory only: what it costs to save is not the question.
        command = ["viztracer", "--quiet", "--tracer_entries", "10000000", "-o", f"{folder}/x.json", "--"]
        return _bare("-m", *command, *words)


def _loop(rounds: int) -> list[Row]:
    words = (str(WORK / "loop.py"), "5", "40000")
    found = _in_turns(rounds, {
        "bare": lambda: _bare(*words)["ns"],
        "tracedemo": lambda: _traced(*words)["ns"],
        "viztracer": lambda: _viztracer(str(WORK / "loop.py"), "2", "40000")["ns"],
    })  # fmt: skip
    added = median(found["tracedemo"]) - median(found["bare"])
    return [
        Row.of("send/recv on a socketpair, time a call", found, "tracedemo", most=2.2, peer="viztracer"),
        Row("  added a call", f"{added / 1000:.2f} us", "1.40 us", added <= 1400),
    ]


def _fetches(rounds: int) -> list[Row]:
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(ServerOptions(**EXAMPLE), Path(folder)) as server,
    ):
        address = f"{server.host}:{server.port}"
        for file, name, most in FETCHES:
            words = (str(WORK / file), address, "500")
            found = _in_turns(rounds, {
                "bare": lambda words=words: _bare(*words)["cpu"],
                "tracedemo": lambda words=words: _traced(*words)["cpu"],
                "viztracer": lambda words=words: _viztracer(*words)["cpu"],
            })  # fmt: skip
            title = f"500 fetches by {name}, CPU of the client"
            rows.append(Row.of(title, found, "tracedemo", most, "viztracer"))
    both = _in_turns(rounds, {"bare": _bare_selector, "tracedemo": _traced_selector})
    whole = {name: [many for many, _ in pairs] for name, pairs in both.items()}
    net = {name: [many - one for many, one in pairs] for name, pairs in both.items()}
    rows.append(Row.of("500 fetches by selector, CPU of the client", whole, "tracedemo", 1.5))
    rows.append(Row.of("  without start and first fetch", net, "tracedemo", None))
    return rows


def _bare_selector() -> tuple[float, float]:
    """CPU seconds of the whole process, for 500 fetches and for one."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(ServerOptions(**EXAMPLE), Path(folder)) as server,
    ):
        address = f"{server.host}:{server.port}"
        return _cpu(address, 500), _cpu(address, 1)


def _cpu(address: str, count: int) -> float:
    path = str(runner.find_target(["selector"]).argv[0])
    process = subprocess.Popen([sys.executable, path, address, "-n", str(count)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def _traced_selector() -> tuple[float, float]:
    target = runner.find_target(["selector"])
    seconds = []
    for count in (500, 1):
        options = runner.RunOptions(capture=True, requests=count, server=ServerOptions(**EXAMPLE))
        header = runner.run(target, options).trace.header
        assert header.exit_code == 0
        seconds.append(header.cpu_user + header.cpu_system)
    return seconds[0], seconds[1]


def _thinking(rounds: int) -> list[Row]:
    words = (str(WORK / "thinking.py"),)
    found = _in_turns(rounds, {
        "bare": lambda: _bare(*words)["cpu"],
        "tracedemo": lambda: _traced(*words)["cpu"],
        "viztracer": lambda: _viztracer(*words)["cpu"],
    })  # fmt: skip
    return [Row.of("CPU work without sockets", found, "tracedemo", 1.01, "viztracer")]


def _start(rounds: int) -> list[Row]:
    rows = []
    for name, code in (("pass", "pass"), ("import socket", "import socket")):
        found = _in_turns(
            rounds,
            {"bare": lambda c=code: _clock(c, hook=False), "hook": lambda c=code: _clock(c, hook=True)},
        )
        added = (median(found["hook"]) - median(found["bare"])) * 1000
        rows.append(
            Row(
                f"start of the interpreter, python -c '{name}', added",
                f"{added:.1f} ms",
                "15 ms",
                added <= 15,
            )
        )
    found = _in_turns(rounds, {"bare": lambda: _clock("pass", hook=False), "help": _help})
    added = (median(found["help"]) - median(found["bare"])) * 1000
    rows.append(Row("tracedemo --help, over python -c pass", f"{added:.0f} ms", "100 ms", added <= 100))
    return rows


def _clock(code: str, *, hook: bool) -> float:
    import time

    with tempfile.TemporaryDirectory(dir=place_for_spools()) as folder:
        environment = dict(os.environ)
        if hook:
            environment |= {
                "PYTHONPATH": str(runner.STARTUP),
                "TRACEDEMO_HOOK_FOLDER": folder,
                "TRACEDEMO_HOOK_FLOW": "script",
            }
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        return time.perf_counter() - start


def _help() -> float:
    import time

    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tracedemo", "--help"], check=True, stdout=subprocess.DEVNULL,
                   cwd=WORK.parents[2])  # fmt: skip
    return time.perf_counter() - start
