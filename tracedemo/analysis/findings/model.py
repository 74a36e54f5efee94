"""What a finding is, and the small texts that all of them need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracedemo.analysis.findings.facts import BLOCKED, Facts
from tracedemo.events import Site


class Place(NamedTuple):
    """A line of source at which evidence was written."""

    site: Site
    number: int
    """How many of the rows come from it."""
    row: int
    """The first of them."""
    seen: bool = False
    """Whether the watchdog saw the thread there: such a row begins with the turn, and ends when it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a Trace tells about the code that made it."""

    kind: str
    """Name of its row in `KINDS`."""
    title: str
    """One sentence about this trace, with numbers."""
    rows: tuple[int, ...]
    """The evidence: rows of the Trace, ascending, at least one."""
    places: tuple[Place, ...]
    """The lines that the evidence comes from, the one with the most of it first; empty where no line is known."""
    cost: str
    """What it costs in this trace, in a sentence."""
    calls: int
    """How many calls it costs; of what a turn of the loop did, how many were made in it ..."""
    ns: int
    """... and how many nanoseconds the finding is about: those in these calls, or those for which a loop was held."""
    system_calls: int | None
    """System calls beneath these calls; None: the trace does not hold them."""
    remedy: str
    """What to do, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that is looked for."""

    name: str
    """Short and stable: for programs, and for the heading in docs/findings.md."""
    heading: str
    find: Callable[[Facts], Iterable[Finding]]
    absent: bool = False
    """Its evidence is that something did not happen: nothing is said where rows are missing."""


def finding(
    facts: Facts, kind: str, rows: Iterable[int], *, title: str, cost: str, remedy: str,
    costs: Sequence[int] | None = None, ns: int | None = None,
) -> Finding:  # fmt: skip
    """A finding, with the lines of its rows.

    Args:
        costs: the calls that it costs, if these are others than its rows.
        ns: what it is about, if that is not the time inside these calls.
    """
    rows = tuple(sorted(set(rows)))
    calls = rows if costs is None else costs
    beneath = facts.beneath(calls)
    return Finding(
        kind=kind,
        title=title,
        rows=rows,
        places=places(facts, rows),
        cost=f"{cost}{_below(beneath, len(calls))}.",
        calls=len(calls),
        ns=facts.time(calls) if ns is None else ns,
        system_calls=beneath,
        remedy=remedy,
    )


def _below(number: int | None, calls: int) -> str:
    return "" if number is None or not calls else f"; the kernel saw {many(number, 'system call')} for it"


def places(facts: Facts, rows: Iterable[int]) -> tuple[Place, ...]:
    """The lines of some rows: the user's own where there is one; what the watchdog saw apart from what began there."""
    found: dict[tuple[Site, bool], list[int]] = {}
    for row in rows:
        event = facts.events[row]
        if event.place is not None:
            found.setdefault((event.place, event.op == BLOCKED), []).append(row)
    lines = (Place(site, len(here), here[0], seen) for (site, seen), here in found.items())
    return tuple(sorted(lines, key=lambda place: (-place.number, place.row)))


def many(number: int, one: str, more: str = "") -> str:
    """A number with its noun: `1 call`, `3 calls`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def was(number: int) -> str:
    """The verb for so many."""
    return "was" if number == 1 else "were"


def times(number: int) -> str:
    """How often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def names(words: Iterable[str], most: int = 3) -> str:
    """Each word once: `recv, send and 2 others`."""
    found = list(dict.fromkeys(words))
    if len(found) > most:
        found[most - 1 :] = [many(len(found) - most + 1, "other")]
    return " and ".join(filter(None, (", ".join(found[:-1]), found[-1]))) if found else ""


def ops(facts: Facts, rows: Iterable[int]) -> str:
    """The operations of some rows: `recv() and connect()`."""
    return names(f"{facts.events[row].op}()" for row in rows)


def sockets(facts: Facts, rows: Iterable[int]) -> str:
    """How many sockets some rows are about: `2 sockets`."""
    return many(len({facts.events[row].conn for row in rows}), "socket")


def flat(groups: Iterable[Iterable[int]]) -> Iterator[int]:
    """Rows of groups of rows."""
    for group in groups:
        yield from group
