"""The last run, kept for bare `show`: in the user's state folder, up to 64 MiB.

It is kept as soon as its trace is there, and what a guardian saves of a run that was broken off (rescue.py) comes to the
same place. One command may make several traces, one after another: a file says whose they are.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tracedemo import tracefile
from tracedemo.errors import UsageError
from tracedemo.events import Trace
from tracedemo.runner import RunOptions

MOST_BYTES = 64 << 20
OWNER = "owner"
"""The file that says which command made the traces."""
_STALE_S = 24 * 3600
"""Seconds after which what a killed command was writing is cleared away."""
_ROOT = Path(__file__).resolve().parents[2]
_RESCUE = (
    "import sys; sys.path.append(sys.argv[1]); from tracedemo.cli.rescue import main; main(*sys.argv[2:])"
)


def folder() -> Path:
    """Where it is kept: XDG_STATE_HOME/tracedemo/last, by default below ~/.local/state.

    Raises:
        RuntimeError: this user has no home.
    """
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The standard says: where it is not absolute, it is to be passed over.
    state = named if named.is_absolute() else Path.home() / ".local" / "state"
    return state / "tracedemo" / "last"


class Keeper:
    """Keeps the traces of one command in place of those of the command before, all of them or none.

    It is a convenience: a folder that cannot be written is no error. It is for the owner's eyes only, like a shell's
    history: a trace holds addresses, arguments and source text.
    """

    def __init__(self, token: str = "") -> None:
        """Keep for a new command, or go on for one of which the token is known."""
        self.token = token or f"{os.getpid()}-{time.time_ns()}"
        self.kept = False
        """Whether they are there to be shown again."""
        self._traces: list[Trace] = []
        self._too_much = False

    def __call__(self, trace: Trace) -> None:
        """Keep one more."""
        self._traces.append(trace)
        try:
            place = folder()
            self.kept = not self._too_much and (
                self._add(place, trace) if self._is_ours(place) else self._begin(place)
            )
        except (OSError, RuntimeError):
            self.kept = False

    def _is_ours(self, place: Path) -> bool:
        try:
            return (place / OWNER).read_text(encoding="utf-8") == self.token
        except (OSError, UnicodeDecodeError):
            return False

    def _add(self, place: Path, trace: Trace) -> bool:
        there = list(place.glob("*.jsonl"))
        new = place / "new"
        room = MOST_BYTES - sum(path.stat().st_size for path in there)
        if not self._write(trace, new, room):
            shutil.rmtree(place, ignore_errors=True)
            return False
        new.rename(place / f"{len(there) + 1}.jsonl")
        return True

    def _begin(self, place: Path) -> bool:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(place.parent)
        made = Path(tempfile.mkdtemp(prefix="last-", dir=place.parent))
        try:
            (made / OWNER).write_text(self.token, encoding="utf-8")
            room = MOST_BYTES
            for number, trace in enumerate(self._traces, start=1):
                path = made / f"{number}.jsonl"
                if not self._write(trace, path, room):
                    shutil.rmtree(place, ignore_errors=True)  # which is no longer the last
                    return False
                room -= path.stat().st_size
            _swap(made, place)
            return True
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _write(self, trace: Trace, path: Path, room: int) -> bool:
        """False when it takes more room than there is."""
        with path.open("w", encoding="ascii", newline="\n") as file:
            for line in tracefile.lines(trace):
                room -= len(line) + 1
                if room < 0:
                    self._too_much = True
                    return False
                file.write(line + "\n")
        return True


def _swap(made: Path, place: Path) -> None:
    """Put a folder in the place of another one, which is removed only then."""
    old = made.with_name(f"{made.name}-old")
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _clear(parent: Path) -> None:
    """Remove what killed commands were writing."""
    for path in parent.glob("last-*"):
        if path.stat().st_mtime < time.time() - _STALE_S:
            shutil.rmtree(path, ignore_errors=True)


def keeping(options: RunOptions) -> tuple[RunOptions, Keeper]:
    """Options of runs whose traces are kept, even when we are killed, and who keeps them."""
    keeper = Keeper()
    rescue = (sys.executable, "-I", "-S", "-c", _RESCUE, str(_ROOT), keeper.token)
    return replace(options, receive=keeper, rescue=rescue), keeper


def files() -> list[Path]:
    """The traces of the last run; what was left of runs that were broken off is looked for first.

    Raises:
        UsageError: there is none.
    """
    from tracedemo.cli.rescue import rescue_all

    rescue_all()
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
