"""The last run, kept for bare `show`: in the user's state folder, up to 64 MiB."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tracedemo import tracefile
from tracedemo.errors import FileError, UsageError
from tracedemo.events import Trace

MOST_BYTES = 64 << 20


def folder() -> Path:
    """Where it is kept: XDG_STATE_HOME/tracedemo/last, by default below ~/.local/state."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "tracedemo" / "last"


def keep(traces: Sequence[Trace]) -> None:
    """Keep a run; it is a convenience, so that a folder that cannot be written is no error."""
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("*.jsonl"):
            old.unlink()
        room = MOST_BYTES
        for number, trace in enumerate(traces, start=1):
            path = place / f"{number}.jsonl"
            tracefile.write(trace, path)
            room -= path.stat().st_size
            if room < 0:
                path.unlink()
                return
    except (OSError, FileError):
        return


def files() -> list[Path]:
    """The traces of the last run.

    Raises:
        UsageError: there is none.
    """
    found = sorted(folder().glob("*.jsonl"), key=lambda path: int(path.stem) if path.stem.isdigit() else 0)
    if not found:
        message = "there is no last run to show"
        raise UsageError(message, "Make one: tracedemo run selector")
    return found
