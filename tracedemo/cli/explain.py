"""`tracedemo explain`: what a name means, and what to type to see it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from tracedemo.analysis.explain import catalogue, explain_all
from tracedemo.analysis.topics import Topic
from tracedemo.cli import tell
from tracedemo.render import explain as face
from tracedemo.render.lines import Sheet
from tracedemo.render.pipe import options_for_pipe


def run(args: argparse.Namespace) -> int:
    """Print what the names mean; without names, all that can be asked for."""
    topics = explain_all(args.names) if args.names else (catalogue(),)
    for text in _texts(topics, getattr(args, "format", "table")):
        tell(text, end="")
    return 0


def _texts(topics: tuple[Topic, ...], format: str) -> Iterator[str]:
    if format == "jsonl":
        yield from (json.dumps(row, separators=(",", ":")) + "\n" for row in face.rows(topics))
        return
    console, options = None, options_for_pipe(sys.stdout)
    if options is None:
        from tracedemo.render.console import console_for, options_for

        console = console_for(sys.stdout)
        options = options_for(console)
    if format == "plain":
        yield from (line + "\n" for line in face.plain(topics, options))
    else:
        yield from Sheet(lambda: face.table(topics, options)).texts(console)
