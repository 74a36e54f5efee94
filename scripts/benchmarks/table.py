"""Rows of a benchmark: what was measured, what was promised, and whether it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Row(NamedTuple):
    """One promise."""

    name: str
    found: str
    promised: str
    kept: bool
    at_least: bool = False
    """More is better."""

    @classmethod
    def of(
        cls, name: str, found: dict[str, list[float]], what: str, most: float | None, peer: str = ""
    ) -> Row:
        """A ratio to bare: the median of the ratios round by round, with their range, and a peer's beside it."""
        ratios = [there / bare for there, bare in zip(found[what], found["bare"], strict=True)]
        middle = median(ratios)
        text = f"x{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        if peer:
            peers = [there / bare for there, bare in zip(found[peer], found["bare"], strict=True)]
            text += f"   {peer} x{median(peers):.2f}"
        return cls(name, text, "" if most is None else f"x{most:.2f}", most is None or middle <= most)


TABLES: list[tuple[str, list[Row]]] = []
"""All that were shown and not yet written to a page."""


def show(title: str, rows: Sequence[Row]) -> bool:
    """Print a table; True when every promise is kept."""
    TABLES.append((title, list(rows)))
    wide = max(len(row.name) for row in rows)
    print(title)
    for row in rows:
        verdict = (
            f"at {'least' if row.at_least else 'most'} {row.promised:<8} {'kept' if row.kept else 'MISSED'}"
            if row.promised
            else "for the record"
        )
        print(f"  {row.name:<{wide}}  {row.found:<46} {verdict}")
    print(flush=True)
    return all(row.kept for row in rows)
