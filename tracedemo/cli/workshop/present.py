"""`tracedemo workshop present`: a lesson for a room, step by step, each at a key.  Lines are added, nothing is drawn over.

Commands are typed out and then really run, at this terminal.  The two ends of what is shown are kept apart: `presenting`
says what is to be seen, and here it is printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tracedemo.cli import tell
from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.follow import kept_folder
from tracedemo.cli.workshop.stage import Show
from tracedemo.cli.workshop.tee import Tee
from tracedemo.errors import FileError, MachineError, UsageError
from tracedemo.render.pipe import is_terminal
from tracedemo.workshop.asciicast import Cast
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.notes import FRAMES, plan

ABOUT = """\
Each key shows the next step: a question to the room, a command that is typed
out and really run, what it says to the question. Enter or space goes on, s
skips, b goes back, q ends. Where a command cannot be run here, or fails, its
recording is shown, and labelled RECORDED: one that the lesson brings, or what
the same command showed when you presented it last. So rehearse:

  tracedemo workshop present --script      each command once, without keys
  tracedemo workshop present 2             one lesson
  tracedemo workshop notes --follow        what to say, on a second terminal
"""


class Part(NamedTuple):
    """A lesson of the presentation."""

    lesson: Lesson
    demo: bool


def prepare(parser: Parser) -> None:
    """What can be typed."""
    add = parser.add_argument
    add("lesson", nargs="?", metavar="LESSON", help="number or name (default: all of the track, in order)")
    add("--track", choices=tuple(FRAMES), help="90 minutes (the default), or half a day")
    add(
        "--script",
        action="store_true",
        help="wait for no key: run each command once, and exit 1 if one fails",
    )
    add(
        "--record",
        metavar="FILE",
        type=Path,
        help="write all that is shown to FILE, as an asciicast (version 2)",
    )


def run(args: argparse.Namespace) -> int:
    """Present.  Returns 1 when a command failed that this machine should be able to run, and nobody sat at the keys.

    Raises:
        UsageError: there is no such lesson, or nobody to press keys.
        FileError, MachineError: the recording cannot be written, or not on this system.
    """
    given = vars(args)
    script = "script" in given
    if not script and not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise UsageError("present waits for keys, and this is no terminal", "One pass without keys: --script")
    if "record" in given and importlib.util.find_spec("termios") is None:
        raise MachineError(
            "this Python has no termios (Windows), and can record no terminal", "Leave --record out."
        )
    track = given.get("track", "90")
    parts = parts_of(track, given.get("lesson"))
    with ExitStack() as stack:
        cast = None
        if path := given.get("record"):
            cast = stack.enter_context(
                Cast(path, _size(), title="tracedemo workshop present", environ=os.environ)
            )
            stack.enter_context(Tee(_recorder(cast)))
        show = Show(keys=not script, kept=kept_folder(), track=track)
        stack.callback(show.end)
        for lesson, demo in parts:
            if show.ended:
                break
            show.lesson(lesson, demo=demo)
        if script:
            tell(
                f"\n{show.runs} commands run; {show.failures} failed, {show.recordings} shown from a recording"
            )
    if cast is not None and cast.problem:
        raise FileError(f"the recording {path} is not whole: {cast.problem}", "Make room, and present again.")
    return int(script and bool(show.failures))


def parts_of(track: str, word: str | None) -> list[Part]:
    """What is presented: the lessons of a track, or one lesson, as that track has it."""
    timed = plan(track)
    if word is None:
        return [Part(slot.lesson, slot.demo) for slot in timed.slots if slot.lesson is not None]
    lesson = find_lesson(word)
    slot = timed.slot_of(lesson)
    return [Part(lesson, slot is not None and slot.demo)]


def _recorder(cast: Cast) -> Callable[[bytes], bytes]:
    terminal = is_terminal(sys.stdout)

    def see(data: bytes) -> bytes:
        # A recording has line ends as a terminal makes them.
        cast.shown(data if terminal else data.replace(b"\n", b"\r\n"))
        return data

    return see


def _size() -> tuple[int, int]:
    columns, lines = shutil.get_terminal_size()
    return columns, lines
