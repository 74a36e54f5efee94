"""The last run, kept for bare `show`: in the user's state folder, up to 64 MiB."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tracedemo import tracefile
from tracedemo.errors import UsageError
from tracedemo.events import Trace

MOST_BYTES = 64 << 20


def folder() -> Path:
    """Where it is kept: XDG_STATE_HOME/tracedemo/last, by default below ~/.local/state.

    Raises:
        RuntimeError: this user has no home.
    """
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The standard says: where it is not absolute, it is to be passed over.
    state = named if named.is_absolute() else Path.home() / ".local" / "state"
    return state / "tracedemo" / "last"


def keep(traces: Sequence[Trace]) -> bool:
    """Keep a run in place of the one before, whole or not at all; True if it is there to be shown again.

    It is a convenience: a folder that cannot be written is no error. It is for the owner's eyes only, like a shell's
    history: a trace holds addresses, arguments and source text.
    """
    import shutil
    import tempfile

    try:
        place = folder()
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Path(tempfile.mkdtemp(prefix="last-", dir=place.parent))
        try:
            whole = _write(traces, made)
            if whole:
                made.rename(place)
            return whole
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except (OSError, RuntimeError):
        return False


def _write(traces: Sequence[Trace], place: Path) -> bool:
    """One file a trace; False when they take too much room."""
    room = MOST_BYTES
    for number, trace in enumerate(traces, start=1):
        with (place / f"{number}.jsonl").open("w", encoding="ascii") as file:
            for line in tracefile.lines(trace):
                room -= len(line) + 1
                if room < 0:
                    return False
                file.write(line + "\n")
    return True


def files() -> list[Path]:
    """The traces of the last run.

    Raises:
        UsageError: there is none.
    """
    try:
        found = sorted(folder().glob("*.jsonl"), key=lambda path: (len(path.name), path.name))
    except (OSError, RuntimeError):
        found = []
    if not found:
        remedy = (
            "Make one: tracedemo run selector.  (One over 64 MiB is not kept: save it with -o run.jsonl.)"
        )
        raise UsageError("there is no last run to show", remedy)
    return found
