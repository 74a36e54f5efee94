"""Which name lookup a connection used: the one whose answer holds its address."""

from __future__ import annotations

from collections import deque

from tracedemo.events import PYTHON, Event
from tracedemo.syscalls import OPERATIONS

LOOKUPS = frozenset(row.name for row in OPERATIONS if row.family == "lookup")
"""Operations that look a name or an address up."""


class Lookups:
    """Name lookups that no connection has used yet, by an address in their answer."""

    def __init__(self) -> None:
        self._by_thread: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
        self._by_process: dict[tuple[str, int], deque[tuple[int, int]]] = {}
        self._used: set[int] = set()

    def note(self, row: int, event: Event) -> None:
        """If this lookup found something, keep (nanoseconds, row)."""
        if event.t1 is None or event.lane != PYTHON:
            return
        answers = event.result if isinstance(event.result, (list, tuple)) else [event.result]
        for address in answers:
            if isinstance(address, str):
                found = (event.t1 - event.t0, row)
                self._by_thread.setdefault((address, event.pid, event.tid), []).append(found)
                self._by_process.setdefault((address, event.pid), deque()).append(found)

    def take(self, connect: Event, peer: str) -> tuple[int, int] | None:
        """The lookup for a connect: the same thread's newest, else (asyncio asks in helper threads) the oldest of all."""
        for address in (peer, peer.rpartition(":")[0].strip("[]")):  # gethostbyname knows no port
            own = self._by_thread.get((address, connect.pid, connect.tid), [])
            others = self._by_process.get((address, connect.pid), deque())
            while own or others:
                found = own.pop() if own else others.popleft()
                if found[1] not in self._used:
                    self._used.add(found[1])
                    return found
        return None
