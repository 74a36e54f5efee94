"""`tracedemo show`: any view of saved traces; with no file, of the last run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tracedemo import tracefile
from tracedemo.cli import last, printable, tell
from tracedemo.cli.early import show_beginning, watcher
from tracedemo.cli.present import present, studies_of, wish
from tracedemo.cli.progress import Progress
from tracedemo.errors import FileError


def run(args: argparse.Namespace) -> int:
    """Show them; exit code 4 when one of them was damaged, after what could be read of it was shown."""
    wanted = wish(args)
    files = args.files or last.files()
    printed = show_beginning(files, wanted, sys.stdout)
    loaded = load(files, watch=watcher(sys.stdout) if printed else None)
    header = loaded[0].trace.header
    if len(loaded) > 1:
        views: tuple[str, ...] = ("comparison",)
    else:
        views = ("log", "summary") if header.kind == "variant" else ("summary", "connections")
    present(
        studies_of([one.trace for one in loaded]), wanted, views=views, stream=sys.stdout, printed=printed
    )
    return say_problems(loaded)


def say_problems(loaded: Sequence[tracefile.Loaded]) -> int:
    """What was wrong with files, of which the rest has been shown.  Returns the exit code."""
    problems = [one.problem for one in loaded if one.problem]
    for problem in problems:
        tell(f"tracedemo: {printable(problem)}", sys.stderr)
    return FileError.exit_code if problems else 0


def load(files: Sequence[Path], watch: Callable[[], None] | None = None) -> list[tracefile.Loaded]:
    """Read saved traces.

    Args:
        watch: is called again and again; what it raises, ends the reading.

    Raises:
        FileError: one of them cannot be read at all.
    """
    with Progress(len(files)) as progress:
        loaded = []
        for path in files:
            progress.step(f"reading {path.name}")
            loaded.append(_with_its_damage(tracefile.read(path, watch)))
        return loaded


def _with_its_damage(one: tracefile.Loaded) -> tracefile.Loaded:
    """What was wrong with the file is among the notes of its trace, for those who are handed a page or a picture."""
    if not one.problem:
        return one
    header = one.trace.header
    told = replace(header, notes=(*header.notes, f"what follows is not all of it: {one.problem}"))
    return one._replace(trace=one.trace.replace(header=told))
