"""`tracedemo workshop reset`: put the files of a lesson back, byte by byte; what was there is kept."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import glance, here, near
from tracedemo.cli.workshop.voice import Voice
from tracedemo.errors import UsageError
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.state import State

ABOUT = """\
Only the files that were handed out are put back. Those of your own that lie
beside them, what you said and what you passed stay as they are. On a terminal
it asks first.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("lesson", nargs="?", default="", metavar="LESSON",
                        help="by number or name (default: the one that is open)")  # fmt: skip
    parser.add_argument("--all", action="store_true", help="all lessons that were opened")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Put them back."""
    voice, folder = Voice(), here()
    if args.lesson and "all" in args:
        raise UsageError("--all is for all lessons, and one is named", "Leave one of them out.")
    state = glance(folder)
    wanted = _wanted(folder, state, args.lesson, everything="all" in args)
    changed = [one for one in wanted if folder.changed(one, state.of(one.name).values)]
    if not changed:
        voice.say("All files are as they were handed out: nothing is to be put back.")
    elif _agreed(voice, folder, changed, state, sure="yes" in args):
        for lesson in changed:
            _put_back(voice, folder, lesson, state)
    else:
        voice.say("Nothing was changed.")
    return 0


def _wanted(folder: Folder, state: State, word: str, *, everything: bool) -> Sequence[Lesson]:
    if everything:
        return [lesson for lesson in folder.lessons if lesson.name in state.lessons]
    lesson = find_lesson(word, folder.lessons) if word else folder.current(state)
    if lesson.name not in state.lessons:
        raise UsageError(
            f"lesson {lesson.number:02} has not been opened",
            f"Open it: tracedemo workshop next {lesson.name}",
        )
    return [lesson]


def _agreed(voice: Voice, folder: Folder, lessons: Sequence[Lesson], state: State, *, sure: bool) -> bool:
    if sure or not voice.talks:
        return True
    voice.say("To be put back as they were handed out:")
    for lesson in lessons:
        for path in folder.changed(lesson, state.of(lesson.name).values):
            voice.lines([f"    {near(path)}"])
    answer = voice.ask("What is there now is kept. Put them back? (y/N)")
    return (answer or "").lower() in ("y", "yes")


def _put_back(voice: Voice, folder: Folder, lesson: Lesson, state: State) -> None:
    kept = folder.reset(lesson, state.of(lesson.name).values)
    where = f"; what was there lies in {near(kept)}" if kept else ""
    voice.say(f"{lesson.folder_name} is as it was handed out{where}.")
