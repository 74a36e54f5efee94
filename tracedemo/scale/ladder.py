"""Which steps there are: 10, 100, 1,000 ... and last what was asked for, or what fits."""

from __future__ import annotations

from collections.abc import Iterator


def steps(last: int) -> list[int]:
    """How many fetches at each step, ascending; the last one is `last`."""
    return [*_tens(last), last]


def _tens(below: int) -> Iterator[int]:
    step = 10
    while step < below:
        yield step
        step *= 10


def rounded(most: int) -> int:
    """The number at which a ladder ends where so many fit: easy to say, and no more; at least 1."""
    unit = 500 if most >= 1000 else 10 if most >= 100 else 1
    return max(most // unit * unit, 1)


def delay_ms(fetches: int) -> float:
    """Milliseconds that the servers wait before they answer: long enough for all to have connected meanwhile, since who
    starts a thread for each needs up to 0.15 ms for it.
    """
    return max(30.0, fetches / 5)
