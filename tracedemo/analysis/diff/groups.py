"""Which calls are compared with which: those on a connection with those on its counterpart, and those on no connection with
those of the same owner, or of a thread at the same place.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from tracedemo.analysis.connections import LISTENING, OTHER, PAIR, Connection
from tracedemo.analysis.diff.pairing import Pair, moved, pair
from tracedemo.analysis.diff.same import Sameness
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean

Owner = tuple[int, str]
"""The place of a process among those of its run, and who made calls on no connection there."""

_BENEATH_NOTHING = "system calls under no call of Python"
_TITLES = {LISTENING: "listening socket", PAIR: "socket pair", OTHER: "socket"}


class Place(NamedTuple):
    """Calls of both runs that belong together."""

    title: str
    kind: str
    """One of `connections.KINDS`; empty: on no connection."""
    a: Connection | None
    b: Connection | None
    labels: tuple[str, str]
    rows: tuple[Sequence[int], Sequence[int]]
    order: tuple[int, int] | None
    """Its place among its kind in each run, from 1, if it moved."""


class Calls:
    """The calls of one run, by connection and by owner.

    Args:
        wanted: rows that are compared.
        kernel: whether system calls under no Python call are compared, too.
    """

    def __init__(self, study: Study, wanted: Container[int], *, kernel: bool) -> None:
        self.by_connection: dict[int, list[int]] = {}
        self.by_owner: dict[Owner, list[int]] = {}
        self._threads: dict[int, list[int]] = {}
        self._pids = {pid: place for place, pid in enumerate(study.pids)}
        known = {socket.number for socket in study.connections}
        lost = {each.row for each in study.join.unmatched} if kernel and study.join else frozenset()
        for row, event in enumerate(study.events):
            if row in lost and row in wanted:
                self.by_owner.setdefault((self._process(event.pid), _BENEATH_NOTHING), []).append(row)
            if not is_call(event):
                continue
            thread = self._thread(event.pid, event.tid)
            if row not in wanted:
                continue
            if event.conn in known:
                self.by_connection.setdefault(event.conn or 0, []).append(row)
            else:
                owner = (self._process(event.pid), event.owner or thread)
                self.by_owner.setdefault(owner, []).append(row)

    @property
    def number(self) -> int:
        """How many."""
        return sum(map(len, (*self.by_connection.values(), *self.by_owner.values())))

    def _process(self, pid: int) -> int:
        return self._pids.setdefault(pid, len(self._pids))

    def _thread(self, pid: int, tid: int) -> str:
        """Threads have numbers in order of appearance."""
        threads = self._threads.setdefault(pid, [])
        if tid not in threads:
            threads.append(tid)
        number = threads.index(tid)
        return f"thread {number + 1}" if number else "the first thread"


def places(a: Study, b: Study, calls: tuple[Calls, Calls],
           pairs: Sequence[Pair], *, whole: bool) -> Iterator[Place]:  # fmt: skip
    """All places where calls are compared: connections in the order of A, then what is on no connection.

    Args:
        whole: all calls are compared, so that it can be told who moved.
    """
    orders = dict(_moved(pairs, (a, b))) if whole else {}
    for title, it in zip(titles(pairs), pairs, strict=True):
        rows = (_of(calls[0], it.a), _of(calls[1], it.b))
        if any(rows):
            labels = (it.a.label if it.a else "", it.b.label if it.b else "")
            yield Place(title, it.one.kind, it.a, it.b, labels, rows, orders.get(id(it)))
    for one, other in owners(list(calls[0].by_owner), list(calls[1].by_owner)):
        title = _title(one, other)
        rows = (
            calls[0].by_owner.get(one, []) if one else [],
            calls[1].by_owner.get(other, []) if other else [],
        )
        yield Place(title, "", None, None, (one[1] if one else "", other[1] if other else ""), rows, None)


def _title(one: Owner | None, other: Owner | None) -> str:
    """What to call calls on no connection: by whom they were made."""
    process, name = one or other or (0, "")
    if one and other and one[1] != other[1]:
        name = f"{one[1]} in A, {other[1]} in B"
    title = name if name == _BENEATH_NOTHING else f"no connection ({clean(name)})"
    return f"process {process + 1}, {title}" if process else title


def _of(calls: Calls, socket: Connection | None) -> Sequence[int]:
    return calls.by_connection.get(socket.number, []) if socket else []


def titles(pairs: Sequence[Pair]) -> Iterator[str]:
    """What to call each pair: numbered by kind, in their order."""
    numbers: dict[str, int] = {}
    for it in pairs:
        title = _TITLES.get(it.one.kind, "connection")
        numbers[title] = numbers.get(title, 0) + 1
        yield f"{title} {numbers[title]}"


def owners(a: Sequence[Owner], b: Sequence[Owner]) -> Iterator[tuple[Owner | None, Owner | None]]:
    """Who is whose counterpart: of the same name, else in order of appearance."""
    both = [it for it in a if it in set(b)]
    yield from ((it, it) for it in both)
    yield from zip_longest((it for it in a if it not in both), (it for it in b if it not in both))


def pairs_of(a: Study, b: Study) -> tuple[list[Pair], tuple[Sameness, Sameness]]:
    """Connections and their counterparts, and what is the same about all calls, in terms of them."""
    plain = Sameness(a, {}), Sameness(b, {})
    pairs = pair(a.connections, b.connections, plain[0].peer, plain[1].peer)
    names = list(titles(pairs))
    named = (
        {
            it.a.number: name if it.b else f"{name} of A"
            for it, name in zip(pairs, names, strict=True)
            if it.a
        },
        {
            it.b.number: name if it.a else f"{name} of B"
            for it, name in zip(pairs, names, strict=True)
            if it.b
        },
    )
    return pairs, (Sameness(a, named[0]), Sameness(b, named[1]))


def _moved(pairs: Sequence[Pair], studies: tuple[Study, Study]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Who was connected at another place of the order, where one thread alone connected: threads go in any order."""
    by_kind: dict[str, list[Pair]] = {}
    for it in pairs:
        by_kind.setdefault(it.one.kind, []).append(it)
    threads = [_threads(study) for study in studies]
    for found in by_kind.values():
        both = [it for it in found if it.a and it.b]
        if any(len({of.get(number) for number in numbers}) > 1 for of, numbers in (
            (threads[0], [it.a.number for it in both if it.a]), (threads[1], [it.b.number for it in both if it.b]),
        )):  # fmt: skip
            continue
        order = {it.b.number: place for place, it in enumerate(_by_b(both), start=1) if it.b}
        index = {id(it): place for place, it in enumerate(both, start=1)}
        yield from ((id(it), (index[id(it)], order[it.b.number])) for it in moved(both) if it.b)


def _by_b(pairs: Sequence[Pair]) -> list[Pair]:
    def begin(it: Pair) -> tuple[int, int]:
        socket = it.b or it.one
        return (socket.t_first if socket.t_connect is None else socket.t_connect, socket.number)

    return sorted(pairs, key=begin)


def _threads(study: Study) -> Mapping[int, tuple[int, int]]:
    """The thread of the first call on each connection."""
    found: dict[int, tuple[int, int]] = {}
    for event in study.events:
        if event.conn is not None and is_call(event):
            found.setdefault(event.conn, (event.pid, event.tid))
    return found
