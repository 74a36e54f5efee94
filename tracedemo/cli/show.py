"""`tracedemo show`: any view of saved traces; with no file, of the last run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.cli import last, present
from tracedemo.variants import by_name


def prepare(parser: argparse.ArgumentParser) -> None:
    """Files, and the options of views."""
    parser.usage = "tracedemo show [OPTIONS] [FILE ...]"
    parser.add_argument(
        "files", nargs="*", metavar="FILE", type=Path, help="traces saved with -o (default: the last run)"
    )
    present.add_view_options(parser)


def run(args: argparse.Namespace) -> int:
    """Show them; exit code 4 when one of them was damaged, after what could be read of it was shown."""
    present.check(args)
    loaded = [tracefile.read(path) for path in args.files or last.files()]
    studies = [Study(one.trace, _title(one)) for one in loaded]
    if len(studies) > 1:
        views: tuple[str, ...] = ("comparison",)
    else:
        views = ("log", "summary") if loaded[0].trace.header.kind == "variant" else ("summary", "connections")
    present.present(studies, args, views=views, stream=sys.stdout)
    problems = [one.problem for one in loaded if one.problem]
    for problem in problems:
        print(f"tracedemo: {problem}", file=sys.stderr)
    return 4 if problems else 0


def _title(loaded: tracefile.Loaded) -> str:
    header = loaded.trace.header
    variant = by_name(header.target) if header.kind == "variant" else None
    return variant.title if variant else header.target
