"""Whether the calls of a lock-step run are the same on every run, on an idle machine and beside six busy loops.

One thing is the kernel's own move: how much room a send finds while the server reads. So of `upload` the sends, and the
waits for room, are told, and not counted among what must be the same.
"""

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
KERNELS_OWN = {"upload": frozenset({"send", "select", "register", "unregister"})}
"""Of a variant the operations whose number hangs on how fast the server reads."""


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
        same = len({_ours(variant, counts) for counts in both}) == 1
        name = f"{variant.name}: sets of call counts in 2 x {runs} runs"
        if own := KERNELS_OWN.get(variant.name):
            rows.append(Row(name, found, "", True))
            name, found = f"    without {', '.join(sorted(own))}", "1" if same else "several"
        rows.append(Row(name, found, "1", same))
        if not same:
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


def _ours(variant: Variant, counts: tuple[object, ...]) -> tuple[object, ...]:
    """Without what is the kernel's own move."""
    own = KERNELS_OWN.get(variant.name, frozenset())
    return tuple(row for row in counts if row[0][0] not in own)  # type: ignore[index]  # ((op, errno), number)


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
