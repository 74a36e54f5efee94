"""The damage of tests/fuzz for minutes: how many tries, and which seeds found something."""

from __future__ import annotations

import time
import traceback
from random import Random

from table import Row, show

from tests.fuzz.test_fuzz import TARGETS

MOST_TOLD = 5
"""Failures of one target that are printed."""


def measure(*, quick: bool, minutes: float | None = None, seed: int = 1) -> bool:
    """Try for so many minutes in all, and print the table; True when nothing was found.

    Args:
        minutes: None: 0.4 when quick, else 4.
        seed: another one, other damage; 0 begins with that of the tests.
    """
    seconds = 60 * (minutes or (0.4 if quick else 4)) / len(TARGETS)
    rows = [_row(name, seconds, seed) for name in TARGETS]
    return show(f"Damaged bytes (seed {seed})", rows)


def _row(name: str, seconds: float, seed: int) -> Row:
    make, _ = TARGETS[name]
    tries, failed = 0, []
    end = time.monotonic() + seconds
    with make() as attempt:
        while time.monotonic() < end:
            one = f"{name} {tries}" if not seed else f"{name} {seed} {tries}"
            tries += 1
            try:
                attempt(Random(one))  # noqa: S311  # chance, not secrecy
            except Exception:  # noqa: BLE001  # whatever it is, it was found
                failed.append(one)
                if len(failed) <= MOST_TOLD:
                    print(f"    the seed {one!r}: {traceback.format_exc(limit=-2)}")
    return Row(name, f"{len(failed):,} of {tries:,} tries amiss", "0 amiss", not failed)
