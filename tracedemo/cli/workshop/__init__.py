"""`tracedemo workshop`: lessons in a folder of the learner's.

One file a subcommand, each with `prepare(parser)` and `run(args)`. They are imported by name when they are typed, so that
help is quick.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from tracedemo.cli import INTERRUPTED, tell
from tracedemo.cli.parser import Parser
from tracedemo.errors import FileError, UsageError


class Subcommand(NamedTuple):
    """A row of the table."""

    module: str
    """In this folder."""
    help: str


SUBCOMMANDS = {
    "start": Subcommand("start", "make a folder for the workshop, and open the first lesson"),
    "predict": Subcommand("predict", "say what a run will show, before you see it"),
    "run": Subcommand("running", "run the lesson's commands, and hold them against what you said"),
    "check": Subcommand("check", "try your program: its own trace is what is judged"),
    "hint": Subcommand("hint", "a hint; there are three"),
    "solution": Subcommand("solution", "show a solution"),
    "next": Subcommand("going_on", "open the next lesson, whether this one is done or not"),
    "reset": Subcommand("reset", "put the files of a lesson back, and keep what was there"),
    "catch-up": Subcommand("catch_up", "lay solutions down up to a lesson, and open that"),
    "list": Subcommand("listing", "the lessons of your track"),
    "status": Subcommand("status", "what you have done, and the minutes it took"),
    "present": Subcommand("present", "show a lesson to a room, command by command"),
    "notes": Subcommand("notes", "what to say, with the clock beside it"),
    "bundle": Subcommand("bundle", "all that a room without a network needs, in a folder"),
    "dev": Subcommand("dev", "prove lessons, or record what they show"),
}
"""What can be typed behind `tracedemo workshop`."""

AGAIN = frozenset({"predict", "run", "check"})
"""What a learner who has stopped it types again."""


def run(args: argparse.Namespace) -> int:
    """Do what a subcommand says; without one, lead through the workshop, or say where one is."""
    name, *rest = args.words or [""]
    try:
        if not name:
            bare: int = import_module(f"{__name__}.leading").run()
            return bare
        return _subcommand(name, rest)
    except KeyboardInterrupt:
        if name not in AGAIN:
            raise
        tell(f"\ntracedemo: interrupted\n  Go on whenever you like: tracedemo workshop {name}", sys.stderr)
        return INTERRUPTED
    except OSError as error:
        if error.filename is None:  # of a stream, and not of the learner's folder
            raise
        raise FileError(
            f"{error.filename}: {error.strerror}", "The workshop's folder must be readable and writable."
        ) from None


def _subcommand(name: str, words: list[str]) -> int:
    row = SUBCOMMANDS.get(name)
    if row is None or find_spec(f"{__name__}.{row.module}") is None:
        raise _unknown(name)
    module = import_module(f"{__name__}.{row.module}")
    code: int = module.run(parser_for(name, module).understand(words))
    return code


def parser_for(name: str, module: Any) -> Parser:
    """The parser of a subcommand."""
    text = SUBCOMMANDS[name].help
    parser = Parser(
        prog=f"tracedemo workshop {name}",
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=getattr(module, "ABOUT", ""),
    )
    module.prepare(parser)
    return parser


def _unknown(name: str) -> UsageError:
    from difflib import get_close_matches

    there = [one for one, row in SUBCOMMANDS.items() if find_spec(f"{__name__}.{row.module}")]
    what = f"the workshop has no command {name!r}"
    if near := get_close_matches(name, there, 1):
        return UsageError(what, f"Did you mean: tracedemo workshop {near[0]}")
    return UsageError(what, "All there are: tracedemo workshop --help")
