"""A soak: rounds of fetches for half an hour, with faults where the server has them; what lives long may not grow.

Long-lived are this process, which starts run after run as a notebook or a test suite would, and one server that serves them
all. Their memory and descriptors are looked at after each round; a line is laid through the second half of the looks, when
all that is cached is cached, and may not rise. After each round nobody and nothing may be left of the runs.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from fit import line_through
from table import Row, show

from tracedemo import runner
from tracedemo.runner.limit import limit_of
from tracedemo.runner.machine import place_for_spools
from tracedemo.server import ServerHandle, ServerOptions, running_server
from tracedemo.variants import Variant, by_name

WANTED = ("selector", "robust")
REQUESTS = 20
MINUTES, QUICK_MINUTES = 30.0, 0.5
MOST_GROWTH = 2 << 20
"""Bytes that the line may rise in the second half: a page table, a longer list."""
DEADLINE = "2"
"""Seconds for a fetch, as variants that have a deadline are told: the half minute that they have is long here."""
OVER = "its time was over"
"""What a trace says of a program that was ended by its limit, be it ours or the runner's."""
SECONDS_A_RUN = 60.0
"""Who has a deadline, or a server that answers, ends by itself; whoever does not until then has failed. A variant without
one that waits for a silent server is ended by the runner (`runner/limit.py`), and that is no failure.
"""


class Look(NamedTuple):
    """One look at a process."""

    resident: int
    """Bytes (proc_pid_statm(5))."""
    descriptors: int


def measure(*, quick: bool, minutes: float | None = None, seed: int = 0) -> bool:
    """Soak for so many minutes, and print the table; True when nothing grew and nothing was left."""
    draw = random.Random(seed)  # noqa: S311  # chance, not secrecy
    seconds = 60 * (minutes or (QUICK_MINUTES if quick else MINUTES))
    variants = [found for name in WANTED if (found := by_name(name)) is not None]
    faults = _faults_of_server()
    ends: Counter[str] = Counter()
    looks: dict[str, list[Look]] = {"this process": [], "the server": []}
    left: list[str] = []
    quick_server = ServerOptions(delay_ms=1, gap_ms=1)
    with (
        TemporaryDirectory() as name,
        _own_place() as place,
        running_server(quick_server, Path(name)) as server,
    ):
        before, end = _state(place), time.monotonic() + seconds
        while time.monotonic() < end:
            for variant in variants:
                ends[_fetch(variant, server)] += 1
                if faults:
                    ends[_under_fault(variant, _some(faults, draw), draw)] += 1
            gc.collect()
            looks["this process"].append(_look(os.getpid()))
            looks["the server"].append(_look(server.pid))
            left += sorted(_state(place) - before)
    rows = [row for who, seen in looks.items() for row in _rows(who, seen)]
    rows.append(Row("left behind after a round", ", ".join(left[:3]) or "nothing", "nothing", not left))
    told = ", ".join(f"{end} {count:,}" for end, count in ends.most_common())
    rows.append(Row("how the runs ended", told, "none FAILED", "FAILED" not in told))
    names = " and ".join(variant.name for variant in variants)
    how = f"with faults ({len(faults)} kinds)" if faults else "without faults, as the server has none"
    rounds = len(looks["the server"])
    return show(
        f"Soak: {names}, {REQUESTS} fetches each, {rounds} rounds in {seconds / 60:.1f} minutes, {how}", rows
    )


def _faults_of_server() -> list[str]:
    """The faults that this version of the server can be asked for."""
    if find_spec("tracedemo.server.faults") is None:
        return []
    return list(import_module("tracedemo.server.faults").FAULTS)


def _some(faults: list[str], draw: random.Random) -> str:
    """Two of them, each on a tenth of the connections; or one that there is for all of them only, on all."""
    while True:
        words = [f"{one}:10%" for one in draw.sample(faults, 2)]
        for asked in (",".join(words), words[0].partition(":")[0]):
            try:
                replace(ServerOptions(), fault=asked)
            except ValueError:
                continue
            return asked


def _fetch(variant: Variant, server: ServerHandle) -> str:
    """From the server that lives long: each body must be right."""
    address = f"{server.host}:{server.port}"
    options = runner.RunOptions(capture=True, requests=REQUESTS, address=address)
    done = runner.run(runner.variant_target(variant), options)
    if done.exit_code:
        return f"{variant.name} FAILED: {done.complaints[-200:]}"
    digest = sha256(server.body).hexdigest()
    if done.output.count(digest) != REQUESTS:
        return f"{variant.name} FAILED: a body is wrong"
    return (
        f"{variant.name} well"
        if not done.trace.header.dropped
        else f"{variant.name} FAILED: calls were dropped"
    )


def _under_fault(variant: Variant, faults: str, draw: random.Random) -> str:
    """From a server of its own that misbehaves: it may end well, or fail; it must end."""
    asked = replace(ServerOptions(delay_ms=1, gap_ms=1), fault=faults, seed=draw.randrange(1 << 30))
    options = runner.RunOptions(capture=True, requests=REQUESTS, server=asked, own={"--deadline": DEADLINE})
    target = runner.variant_target(variant)
    if limit_of(target, options) is None:
        options = replace(options, duration=SECONDS_A_RUN)
    return f"{variant.name} with faults {_ending(runner.run(target, options))}"


def _ending(done: runner.Run) -> str:
    """How a run under a fault came to its end."""
    header = done.trace.header
    if header.ended == OVER and "limit" not in header.server:
        return f"FAILED: it went on for {SECONDS_A_RUN:g} s"
    if not done.exit_code:
        return "well"
    return header.ended.replace("exit", "failed").replace(OVER, "ended by the runner, having no deadline")


def _look(pid: int) -> Look:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return Look(pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path(f"/proc/{pid}/fd").iterdir())))


@contextmanager
def _own_place() -> Iterator[Path]:
    """A place for the folders of the runs that nobody else uses."""
    with TemporaryDirectory(dir=place_for_spools()) as name:
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"], tempfile.tempdir = name, name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before


def _state(place: Path) -> set[str]:
    """What is there: folders of runs, and processes below us."""
    folders = {path.name for path in place.iterdir()}
    return folders | {f"process {pid}" for pid in _below(os.getpid())}


def _below(pid: int) -> Iterator[int]:
    """All descendants."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text(encoding="ascii").split()):
                yield child
                yield from _below(child)


def _rows(who: str, seen: Sequence[Look]) -> Iterator[Row]:
    half = seen[len(seen) // 2 :]
    rounds = list(range(len(half)))
    memory = line_through(rounds, [look.resident for look in half])
    rise = memory.slope * max(len(half) - 1, 0)
    text = f"{seen[0].resident / 1e6:.1f} MB, then {half[-1].resident / 1e6:.1f} MB; the line rises {rise / 1e6:+.2f} MB"
    yield Row(f"{who}: memory", text, f"{MOST_GROWTH / 1e6:.1f} MB", rise <= MOST_GROWTH)
    open_now = [look.descriptors for look in half]
    kept = max(open_now) == min(open_now)
    yield Row(f"{who}: descriptors", f"{min(open_now)} to {max(open_now)}", "the same", kept)
