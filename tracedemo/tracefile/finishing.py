"""What a Trace is given when all its rows are there: how many they are, and the text of the sources that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tracedemo.events import LANES, Trace


def rows_by_lane(trace: Trace) -> dict[str, int]:
    """For `Header.recorded`."""
    lanes = list(trace.column("lane"))
    return {lane: count for lane in LANES if (count := lanes.count(lane))}


def read_sources(trace: Trace) -> Iterator[tuple[str, str]]:
    """The text of every source file that a site names."""
    columns = (trace.column("site"), trace.column("user_site"))
    files = {site.file for column in columns for site in set(column) if site is not None}
    for name in sorted(files):
        with suppress(OSError, UnicodeDecodeError, ValueError):
            yield name, Path(name).read_text(encoding="utf-8")
