"""Whether the calls of a lock-step run are the same on every run, on an idle machine and beside six busy loops."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from table import Row, show

from tracedemo import runner
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant

HOGS = 6


def measure(*, quick: bool) -> bool:
    """Print the table; True when each variant shows one set of counts."""
    runs = 20 if quick else 200
    rows = []
    for variant in VARIANTS:
        idle = _counts(variant, runs)
        with _hogs():
            busy = _counts(variant, runs)
        both = idle + busy
        found = f"{len(both)} ({len(idle)} idle, {len(busy)} busy)"
        rows.append(
            Row(f"{variant.name}: sets of call counts in 2 x {runs} runs", found, "1", len(both) == 1)
        )
        if len(both) > 1:
            _explain(both)
    return show("Lock-step", rows)


def _counts(variant: Variant, runs: int) -> Counter[tuple[object, ...]]:
    options = runner.RunOptions(capture=True, requests=3, server=ServerOptions(pace="lockstep"))
    found: Counter[tuple[object, ...]] = Counter()
    for _ in range(runs):
        trace = runner.run(runner.variant_target(variant), options).trace
        calls = Counter(
            (event.op, event.errno) for event in trace if event.lane == "python" and not event.mark
        )
        found[tuple(sorted(calls.items(), key=repr))] += 1
    return found


def _explain(both: Counter[tuple[object, ...]]) -> None:
    common = set.intersection(*(set(counts) for counts in both))
    for counts, times in both.most_common():
        print(f"    {times} runs differ in: {sorted(set(counts) - common, key=repr)}")


@contextmanager
def _hogs() -> Iterator[None]:
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(HOGS)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
