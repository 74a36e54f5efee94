"""What is left of a run that was broken off because we were killed: made a trace of, kept as the last run, cleared away.

A guardian does it right after it has ended the program (runner/guardian.py). When that was killed, too, as by
`killall -9 python`, bare `show` finds what is left.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tracedemo import tracefile
from tracedemo.cli import printable, tell
from tracedemo.cli.last import Keeper
from tracedemo.errors import TracedemoError
from tracedemo.events import Trace
from tracedemo.runner.broken_off import PLAN, left_folders, read_broken_off
from tracedemo.runner.guard import lock_of


def main(token: str, folder: str) -> None:
    """As a guardian's command.

    Args:
        token: of the command that was killed.
        folder: of the run.
    """
    place = Path(folder)
    with lock_of(place) as ours:
        if ours and (place / PLAN).exists():
            _rescue(place, Keeper(token))
        elif ours:  # it had not begun, or its trace is kept already
            shutil.rmtree(place, ignore_errors=True)


def rescue_all() -> None:
    """Rescue all that nobody has."""
    with left_folders() as folders:
        for place in folders:
            _rescue(place, Keeper())


def _rescue(place: Path, keeper: Keeper) -> None:
    """Make a trace of it, and say so; what cannot be read stays where it is."""
    try:
        trace = read_broken_off(place)
        what = "before the program had made a call" if trace is None else f"while {trace.header.target} ran"
        lines = [f"tracedemo: tracedemo was killed {what}"]
        if trace is not None:
            lines.append(f"  What was recorded until then: tracedemo show{_keep(trace, keeper)}")
    except (TracedemoError, OSError) as error:
        (place / PLAN).unlink(missing_ok=True)  # to be told of once
        lines = [f"tracedemo: tracedemo was killed, and what was recorded cannot be read: {error}"]
        lines.append(f"  It lies in {place}")
    else:
        shutil.rmtree(place, ignore_errors=True)
    for line in lines:
        tell(printable(line), sys.stderr)


def _keep(trace: Trace, keeper: Keeper) -> str:
    """Keep it; what must be named to show it: nothing, if it is the last run now.

    Raises:
        FileError, OSError: there is no room for it.
    """
    keeper(trace)
    if keeper.kept:
        return ""
    made = Path(tempfile.mkdtemp(prefix="tracedemo-broken-off-")) / "run.jsonl"
    tracefile.write(trace, made)
    return f" {made}"
