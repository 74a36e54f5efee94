"""How true the states are: each variant held against its threads' CPU clocks, and against strace."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from table import Row, show

from tests.conftest import no_strace
from tests.truth import cpu_ratio, kernel_ratio
from tracedemo.variants import VARIANTS

BOUND = 0.05


def measure(*, quick: bool) -> bool:
    """Print the table; True when every median is within BOUND of 1."""
    rounds = 3 if quick else 15
    rows = [
        _row(f"{variant.name}: running and in calls, to CPU time", cpu_ratio, variant, rounds)
        for variant in VARIANTS
    ]
    if not no_strace():
        rows += [
            _row(f"{variant.name}: blocked and asleep, to strace -T", kernel_ratio, variant, rounds)
            for variant in VARIANTS
            if variant.name != "nonblocking"  # which never waits
        ]
    return show("States, by two other clocks", rows)


def _row(name: str, ratio: Callable[..., float], variant: object, rounds: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        found = [ratio(variant, Path(folder)) for _ in range(rounds)]
    middle = median(found)
    text = f"{middle:.3f} ({min(found):.3f} to {max(found):.3f})"
    return Row(name, text, f"{BOUND:.0%} off", abs(middle - 1) <= BOUND)
