"""Which connection of A is which of B.

The k-th of a kind is the k-th, in order of connect (or of accept). Where owners or peers tell more, they come first:
threads connect in any order, and `fetch #2` is `fetch #2` all the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from tracedemo.analysis.connections import CLIENT, OTHER, Connection

Peer = Callable[[Connection], str]
"""The other side of a connection, without what no two runs have in common."""


_Sorted = tuple[Connection, Hashable]
"""A connection, and of what sort it is."""


class Pair(NamedTuple):
    """A connection of A and its counterpart in B; None: it has none."""

    a: Connection | None
    b: Connection | None

    @property
    def one(self) -> Connection:
        """A's, else B's."""
        found = self.a or self.b
        if found is None:
            raise ValueError("a pair of nothing")
        return found


def pair(a: Sequence[Connection], b: Sequence[Connection], peer_a: Peer, peer_b: Peer) -> list[Pair]:
    """All connections of both runs, in the order of A; at the end those that only B has, in its order."""
    left, right = sorted(a, key=_begin), sorted(b, key=_begin)
    pairs: list[Pair] = []
    rules: tuple[Callable[[Connection, Peer], Hashable], ...] = (
        lambda it, peer: (it.kind, it.owners, peer(it)),
        lambda it, peer: (it.kind, peer(it)),
        lambda it, _: it.kind,
        lambda it, _: CLIENT if it.kind == OTHER else it.kind,  # one that never came to connect
    )
    for rule in rules:
        found = list(
            _alike([(it, rule(it, peer_a)) for it in left], [(it, rule(it, peer_b)) for it in right])
        )
        pairs += found
        taken_a, taken_b = {it.a.number for it in found if it.a}, {it.b.number for it in found if it.b}
        left = [it for it in left if it.number not in taken_a]
        right = [it for it in right if it.number not in taken_b]
    pairs += [Pair(it, None) for it in left]
    pairs += [Pair(None, it) for it in right]
    return sorted(pairs, key=lambda it: (it.a is None, *_begin(it.one)))


def _begin(socket: Connection) -> tuple[int, int]:
    return (socket.t_first if socket.t_connect is None else socket.t_connect, socket.number)


def _alike(a: Sequence[_Sorted], b: Sequence[_Sorted]) -> Iterator[Pair]:
    """The k-th of each sort in A with the k-th of the same sort in B."""
    waiting: dict[Hashable, list[Connection]] = {}
    for socket, sort in reversed(b):
        waiting.setdefault(sort, []).append(socket)
    for socket, sort in a:
        if found := waiting.get(sort):
            yield Pair(socket, found.pop())


def moved(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs that stand at another place of the order in B than in A: as few as possible, so that all others keep theirs.

    Args:
        pairs: of one kind, in the order of A.
    """
    both = [it for it in pairs if it.a and it.b]
    order = {it.number: place for place, it in enumerate(sorted((it.b for it in both if it.b), key=_begin))}
    places = [order[it.b.number] for it in both if it.b]
    kept = set(_rising(places))
    return [it for it, place in zip(both, places, strict=True) if place not in kept]


def _rising(numbers: Sequence[int]) -> list[int]:
    """A longest series of these that rises."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(ends, number)
        before[number] = ends[place - 1] if place else None
        ends[place : place + 1] = [number]
    found: list[int] = []
    last = ends[-1] if ends else None
    while last is not None:
        found.append(last)
        last = before[last]
    return found
