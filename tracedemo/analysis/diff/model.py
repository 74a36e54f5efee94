"""What a diff is made of: plain values, in which every view finds what it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tracedemo.events import Site

SAME = "same"
REMOVED, ADDED, ANSWER, ARGUMENTS, REPEATS, BENEATH, MOVED, ENDING = KINDS = (
    "removed", "added", "answer", "arguments", "repeats", "system calls", "moved", "ending",
)  # fmt: skip
"""What a difference is: a call that only A has, or only B; another answer; other arguments; another number of repeats;
other system calls under the same call; a connection in another place of the order; another end of the whole run."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run's part in a step: a call, or several in a row that are alike."""

    rows: tuple[int, ...]
    """Rows of its Trace, ascending, at least one."""
    seq: int
    """Number of the first of them (`Event.seq`)."""
    call: str
    """`recv(4096)`; of a system call, `recvfrom(5, 4096)`."""
    answer: str
    """`400 bytes`, `EAGAIN`."""
    site: Site | None
    """The line to show to a person."""
    source: str
    """The text of that line, without the spaces around it; empty where it is not known."""

    @property
    def times(self) -> int:
        """How often."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Step:
    """A call of A beside the same call of B, or a call that only one of them has."""

    kind: str
    """`SAME`, or one of `KINDS`."""
    phase: str
    a: Side | None
    b: Side | None
    says: str = ""
    """The difference in one sentence; empty where there is none."""
    beneath: tuple[Step, ...] = ()
    """The system calls under it that differ, if both runs have them."""


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """What a phase cost in both runs.  Times are shown, and are never a difference.  0 calls: this run has none of it."""

    phase: str
    calls: tuple[int, int]
    time: tuple[int, int]
    """Nanoseconds inside these calls ..."""
    waited: tuple[int, int]
    """... and how many of them in calls that waited."""


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that are compared in their order: those on a connection of A and its counterpart in B; or those on no
    connection (selects, lookups) that one owner or thread made.
    """

    title: str
    """"connection 1", "listening socket 1", "no connection (loop)"."""
    kind: str
    """One of `connections.KINDS`; empty: on no connection."""
    numbers: tuple[int | None, int | None]
    """`Connection.number` in each run."""
    labels: tuple[str, str]
    """`Connection.label` in each run, or who made the calls; empty for a run that has no counterpart."""
    peers: tuple[str, str]
    steps: tuple[Step, ...]
    """In order; a step is of `SAME` where nothing differs."""
    times: tuple[PhaseTime, ...]
    """Phases that at least one run has here, in their order."""
    says: str = ""
    """What is to be said of the whole: only one run has it, or it moved."""

    @property
    def only(self) -> str:
        """`A` or `B` for what only one run has; else empty."""
        return {(True, False): "A", (False, True): "B"}.get((bool(self.labels[0]), bool(self.labels[1])), "")

    @property
    def differences(self) -> Iterator[Step]:
        """The steps in which something differs."""
        return (step for step in self.steps if step.kind != SAME)

    @property
    def change(self) -> tuple[object, ...]:
        """What differs, as a value that is the same for groups in which the same differs; empty: nothing does."""
        return tuple(map(_change, self.differences))


_DESCRIPTOR = re.compile(r"(?<=\w)\(\d+(?=[,)])")
"""The first argument of a system call: it says which connection, and not what."""


def _change(step: Step) -> tuple[object, ...]:
    sides = (
        (_DESCRIPTOR.sub("(", side.call), side.answer, side.times, side.site)
        for side in (step.a, step.b)
        if side
    )
    return (step.kind, *sides, *map(_change, step.beneath))


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two runs, A and B."""

    names: tuple[str, str]
    groups: tuple[Group, ...]
    """Connections in the order of A, each beside its counterpart; then what is on no connection."""
    endings: tuple[str, ...]
    """How the runs ended otherwise, each in a sentence."""
    notes: tuple[str, ...]
    """What is to be known: why some of it is not comparable, what was left out."""
    kernel: bool
    """Whether system calls were compared, too."""
    compared: tuple[int, int]
    """How many calls of each run."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Differences by kind, in the order of `KINDS`; kinds without any are left out."""
        found = Counter(step.kind for group in self.groups for step in group.differences)
        found[ENDING] = len(self.endings)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def like(self) -> Mapping[str, str]:
        """Groups, by title, in which the same differs as in one before them, whose title is the value."""
        first: dict[tuple[object, ...], str] = {}
        found = {}
        for group in self.groups:
            if group.change and not group.only and not group.says:
                known = first.setdefault(group.change, group.title)
                if known != group.title:
                    found[group.title] = known
        return found

    @property
    def total(self) -> int:
        """How many differences; 0: the runs did the same."""
        return sum(self.counts.values())
