"""`tracedemo workshop hint`: one more hint; there are three."""

from __future__ import annotations

import argparse

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import here, remembered
from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.questions import filled


def prepare(_parser: Parser) -> None:
    """It takes nothing."""


def run(_args: argparse.Namespace) -> int:
    """Show the next one; when there is no more, all of them, and the way to the solution."""
    give(Voice(), here())
    return 0


def give(voice: Voice, folder: Folder, *, shorter: bool = False) -> None:
    """Give a hint for the lesson that is open.

    Args:
        shorter: somebody is led, and knows how a solution can be had.
    """
    with remembered(folder) as state:
        lesson = folder.current(state)
        record = state.of(lesson.name)
        again = record.hints >= len(lesson.hints)
        record.hints = min(record.hints + 1, len(lesson.hints))
    shown = range(1, len(lesson.hints) + 1) if again else [record.hints]
    for number in shown:
        text = filled(lesson.hints[number - 1], {**record.values, "file": lesson.file})
        voice.say(text, f"Hint {number} of {len(lesson.hints)}: ", 4)
    if record.hints == len(lesson.hints) and not shorter:
        voice.say("There are no more. A solution can be had:" if again else "That was the last one. If it does not help, a"
                  " solution can be had:")  # fmt: skip
        voice.typed("workshop solution")
