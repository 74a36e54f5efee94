"""What a command looks at: targets, which are run first; saved traces; or, where nobody says, the last run."""

from __future__ import annotations

import argparse
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tracedemo import runner, tracefile
from tracedemo.cli import last
from tracedemo.cli.compare import REQUESTS, run_all, split
from tracedemo.cli.ending import exit_code, say_ending
from tracedemo.cli.options import run_options
from tracedemo.cli.show import load, say_problems
from tracedemo.errors import UsageError
from tracedemo.events import Trace
from tracedemo.server.options import draw_nonce

RUN_OPTIONS = frozenset(
    "requests url host python duration max_events keep children watchdog kernel engine no_redact delay pieces gap size"
    " pace fault seed selector deadline at_most body buffer sleep".split()
)
"""What only a run can mean."""


class Inputs(NamedTuple):
    """Traces, in the order in which they were named, and what is to be said of them when they have been looked at."""

    traces: Sequence[Trace]
    runs: Sequence[runner.Run]
    loaded: Sequence[tracefile.Loaded]
    options: runner.RunOptions | None

    def say_endings(self) -> int:
        """How the runs ended, and what was wrong with the files.  Returns the exit code."""
        for run in self.runs:
            say_ending(run, self.options)
        return max([say_problems(self.loaded), *map(exit_code, self.runs)])


def is_file(word: str) -> bool:
    """Whether a word names a saved trace, and not something to run."""
    if word.endswith(".jsonl"):
        return True
    try:
        if stat.S_ISFIFO(Path(word).stat().st_mode):
            return True  # of a pipe nothing can be read twice
        with Path(word).open("rb") as file:
            return file.read(len(_BEGIN)) == _BEGIN
    except (OSError, ValueError):
        return False


_BEGIN = b'{"tracedemo"'
"""How a saved trace begins."""


def take_inputs(args: argparse.Namespace, words: Sequence[str], *, mixed: bool = False) -> Inputs:
    """Run targets, one after another, or read files.

    Args:
        mixed: whether both may be named.

    Raises:
        UsageError: both were named where they may not be mixed, or an option has no meaning for them.
        FileError: a file cannot be read.
    """
    saved = [is_file(word) for word in words]
    files = [word for word, is_saved in zip(words, saved, strict=True) if is_saved]
    targets = [word for word, is_saved in zip(words, saved, strict=True) if not is_saved]
    if files and targets and not mixed:
        raise UsageError(
            f"{files[0]} is a saved trace, and {targets[0]} is to be run: one kind at a time",
            f"Save the run first: tracedemo run -o run.jsonl {targets[0]}",
        )
    if not targets:
        _refuse_run_options(args, files)
        loaded = load([Path(file) for file in files] or last.files())
        return Inputs([one.trace for one in loaded], [], loaded, None)
    found = [runner.find_target(split(word)) for word in targets]
    options = run_options(args, found, requests=REQUESTS, capture=True, nonce=draw_nonce())
    options, _ = last.keeping(options)
    loaded = load([Path(file) for file in files])
    runs = run_all(found, options)
    read, ran = iter(loaded), iter(runs)
    # Of the targets some may be missing: after one that was interrupted no more are run.
    in_order = [next(read if is_saved else ran, None) for is_saved in saved]
    return Inputs([one.trace for one in in_order if one is not None], runs, loaded, options)


def _refuse_run_options(args: argparse.Namespace, files: Sequence[str]) -> None:
    given = [name for name in vars(args) if name in RUN_OPTIONS]
    if given:
        option = "-n" if given[0] == "requests" else f"--{given[0].replace('_', '-')}"
        what = files[0] if files else "the last run"
        raise UsageError(
            f"{option} is for what is run, and {what} has been run before", "Leave it out, or name a target."
        )
