"""`tracedemo workshop catch-up`: lay solutions down up to a lesson, and open that: for who came late, or stayed behind."""

from __future__ import annotations

import argparse

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import here, introduce, near, none_behind, remembered, suggest_next
from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.state import State

ABOUT = """\
Programs that have passed stay as they are. Those that have not are replaced by
a solution, so that all checks before the lesson pass; what was there is kept.

examples:
  tracedemo workshop catch-up
  tracedemo workshop catch-up 5
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("lesson", nargs="?", default="", metavar="LESSON",
                        help="where to go on, by number or name (default: the one behind this)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Lay them down, and open the lesson."""
    voice, folder = Voice(), here()
    with remembered(folder) as state:
        current = folder.current(state)
        wanted = find_lesson(args.lesson, folder.lessons) if args.lesson else folder.after(state, current)
        for lesson in folder.order(state):
            if (wanted is None or lesson.number < wanted.number) and not folder.still_passes(lesson):
                _give(voice, folder, state, lesson)
        if wanted is not None:
            folder.open(state, wanted)
        else:
            state.current = current.name
    voice.say()
    if wanted is not None:
        introduce(voice, folder, state)
    else:
        voice.say(none_behind(folder, state))
    suggest_next(voice, folder, state)
    return 0


def _give(voice: Voice, folder: Folder, state: State, lesson: Lesson) -> None:
    """Its solution, in place of what is there."""
    folder.open(state, lesson)
    record = state.of(lesson.name)
    unsolved = lesson.marked().unsolved().encode()
    touched = folder.file(lesson).read_bytes() != unsolved
    given_before, kept = record.given, folder.solve(lesson)
    folder.earn(lesson)
    record.given, record.skipped = record.given or not record.passed, False
    if kept is None and given_before:  # of an earlier catch-up: that was said then
        return
    where = f"; what you had lies in {near(kept)}" if kept and touched else ""
    voice.say(f"{near(folder.file(lesson))} is a solution now{where}.")
