"""Folding: a call that is repeated with the same answer becomes one line with a count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tracedemo.events import Trace


@dataclass(frozen=True, slots=True)
class Fold:
    """One line of a log: a row, or several that are alike."""

    rows: tuple[int, ...]
    """Rows of the Trace, ascending, at least one."""
    time: int
    """Nanoseconds inside all of them together; one that never returned counts 0."""

    @property
    def first(self) -> int:
        """The row that stands for all."""
        return self.rows[0]

    @property
    def last(self) -> int:
        """The last row."""
        return self.rows[-1]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows)


def fold(trace: Trace, rows: Iterable[int] | None = None, least: int = 3) -> tuple[Fold, ...]:
    """Lines for `rows` (ascending; None: all) of an identified Trace, in order of their first row."""
    raise NotImplementedError


def unfold(folds: Iterable[Fold]) -> list[int]:
    """The rows again, in their order."""
    raise NotImplementedError
