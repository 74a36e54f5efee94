"""`tracedemo workshop solution`: show a solution."""

from __future__ import annotations

import argparse

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import here, near, remembered
from tracedemo.cli.workshop.voice import Voice
from tracedemo.errors import UsageError
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import HINTS

ABOUT = """\
It is yours when you have passed, when you have seen the three hints, or when
you say --yes. Copying it is fine; so is going on without.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("--yes", action="store_true", help="now, whatever was tried before")


def run(args: argparse.Namespace) -> int:
    """Show it, and write it among the solutions."""
    show(Voice(), here(), at_once="yes" in args)
    return 0


def show(voice: Voice, folder: Folder, *, at_once: bool) -> None:
    """Show the part that was to be written.

    Raises:
        UsageError: hints are left, and nobody said --yes.
    """
    with remembered(folder) as state:
        lesson = folder.current(state)
        record = state.of(lesson.name)
        if not (record.passed or at_once or record.hints >= HINTS):
            left = HINTS - record.hints
            raise UsageError(
                f"{left} of {HINTS} hints are left" if left > 1 else "1 hint is left",
                "Type: tracedemo workshop hint, or tracedemo workshop solution --yes",
            )
        record.looked = record.looked or not record.passed
        place = folder.earn(lesson)
    voice.lines(lesson.marked().solution.rstrip().splitlines())
    voice.say()
    voice.say(f"The whole program: {near(place)}")
