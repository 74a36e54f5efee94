"""`tracedemo workshop next`: open the next lesson, whether this one is done or not."""

from __future__ import annotations

import argparse

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import here, introduce, none_behind, remembered, suggest_next
from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.standing import Step, is_done, left_out, standing
from tracedemo.workshop.state import State

ABOUT = """\
A lesson that you leave before it is done is noted as left out; its files stay,
and you can come back to it.

examples:
  tracedemo workshop next
  tracedemo workshop next nonblocking
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("lesson", nargs="?", default="", metavar="LESSON",
                        help="another lesson, by number or name (default: the one behind this)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Open it."""
    go(Voice(), here(), args.lesson)
    return 0


def go(voice: Voice, folder: Folder, word: str = "", *, led: bool = False) -> bool:
    """Go to another lesson; False: there is none behind this one, or we are there already.

    Args:
        led: somebody is led, and need not be told what to type.

    Raises:
        UsageError: there is no such lesson.
    """
    with remembered(folder) as state:
        lesson = folder.current(state)
        wanted = find_lesson(word, folder.lessons) if word else folder.after(state, lesson)
        moves = wanted is not None and wanted != lesson
        if moves:
            _leave(voice, state, lesson)
        if wanted is not None:
            folder.open(state, wanted)
    if moves:
        introduce(voice, folder, state)
    else:
        _stay(voice, folder, state, named=wanted is not None)
    if not led:
        suggest_next(voice, folder, state)
    return moves


def _stay(voice: Voice, folder: Folder, state: State, *, named: bool) -> None:
    """There is nowhere to go: say why, and what could be gone back to."""
    lesson = folder.current(state)
    if named:
        voice.say(f"You are in lesson {lesson.number:02}, {lesson.title}, already.")
        return
    if standing(folder, state).step in (Step.BACK, Step.DONE):  # that says so itself
        return
    voice.say(none_behind(folder, state))
    if others := [one for one in left_out(folder, state) if one.name != lesson.name]:
        names = ", ".join(f"{one.number:02} {one.name}" for one in others)
        voice.say(f"Left out until now: {names}. Back to one of them:")
        voice.typed(f"workshop next {others[0].name}")


def _leave(voice: Voice, state: State, lesson: Lesson) -> None:
    if not is_done(lesson, state):
        state.of(lesson.name).skipped = True
        voice.say(f"Lesson {lesson.number:02} is left out for now; `next {lesson.number}` leads back to it.")
        voice.say()
