"""A run of millions of calls, told by hand: thousands of sockets in flight at once, round after round."""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat

from tests.browser.big import START, big_trace
from tracedemo.events import Trace

CONNECTIONS = 20_000
"""In flight at once, in each round; ten calls each."""
CALLS = 10 * CONNECTIONS
"""Of Python, in a round: with the kernel's lane there are as many system calls."""


def rounds(number: int, *, kernel: bool = False, flow: bool = False) -> Trace:
    """So many rounds, each with a seed of its own: descriptors are used again, connections and owners go on."""
    whole, begin = Trace(), START
    for place in range(number):
        one = big_trace(CONNECTIONS, kernel=kernel, flow=flow, seed=place + 1)
        _add(whole, one, place, begin - START)
        if not place:
            whole.sources, whole.header = one.sources, one.header
        begin += one.header.clock_end[0] - START + 1_000_000
    header = whole.header
    whole.header = replace(
        header,
        requests=number * CONNECTIONS,
        clock_end=(begin, begin),
        cpu_user=number * header.cpu_user,
        recorded={lane: number * count for lane, count in header.recorded.items()},
    )
    return whole


def _add(whole: Trace, one: Trace, place: int, later: int) -> None:
    """One round, behind those before."""
    earlier = place * CONNECTIONS
    counts, columns = one.header.recorded, {name: iter(one.column(name)) for name in one[0]._fields}
    offsets = one.column("lane").each(lambda lane: place * counts[lane])
    columns |= {
        "seq": map(int.__add__, columns["seq"], offsets),
        "t0": map(int.__add__, columns["t0"], repeat(later)),
        "t1": map(int.__add__, columns["t1"], repeat(later)),
        "conn": (None if conn is None else conn + earlier for conn in columns["conn"]),
        "owner": one.column("owner").each(lambda owner: _later(owner, earlier)),
    }
    whole.extend_columns(columns.values())


def _later(owner: str, earlier: int) -> str:
    name, sharp, number = owner.partition("#")
    return f"{name}#{int(number) + earlier}" if sharp else owner
