"""`tracedemo show`: any view of saved traces; with no file, of the last run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tracedemo import tracefile
from tracedemo.cli import last, printable, tell
from tracedemo.cli.present import present, studies_of, wish
from tracedemo.cli.progress import Progress
from tracedemo.errors import FileError


def run(args: argparse.Namespace) -> int:
    """Show them; exit code 4 when one of them was damaged, after what could be read of it was shown."""
    wanted = wish(args)
    loaded = _load(args.files or last.files())
    header = loaded[0].trace.header
    if len(loaded) > 1:
        views: tuple[str, ...] = ("comparison",)
    else:
        views = ("log", "summary") if header.kind == "variant" else ("summary", "connections")
    present(studies_of([one.trace for one in loaded]), wanted, views=views, stream=sys.stdout)
    problems = [one.problem for one in loaded if one.problem]
    for problem in problems:
        tell(f"tracedemo: {printable(problem)}", sys.stderr)
    return FileError.exit_code if problems else 0


def _load(files: Sequence[Path]) -> list[tracefile.Loaded]:
    with Progress(len(files)) as progress:
        loaded = []
        for path in files:
            progress.step(f"reading {path.name}")
            loaded.append(tracefile.read(path))
        return loaded
