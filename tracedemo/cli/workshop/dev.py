"""`tracedemo workshop dev`: for who writes lessons: prove them, or record anew what they show."""

from __future__ import annotations

import argparse
from importlib import import_module
from importlib.util import find_spec

from tracedemo.cli import tell
from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.voice import Voice
from tracedemo.errors import UsageError
from tracedemo.workshop import catalogue
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.proving import prove

RECORDING = "tracedemo.workshop.recording"
"""Has `record(lesson, tell)`."""
ABOUT = """\
check    each solution passes, each wrong answer fails with the rule that it
         names, and each question is answered by its run; exit code 1 if not
record   make the recordings of lessons anew, for machines that cannot record

examples:
  tracedemo workshop dev check
  tracedemo workshop dev check 2 nonblocking
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("what", choices=("check", "record"), help="what to do")
    parser.add_argument(
        "lessons", nargs="*", metavar="LESSON", default=[], help="by number or name (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """Do it, lesson by lesson."""
    voice = Voice()
    lessons = [catalogue.find_lesson(word) for word in args.lessons] or list(catalogue.lessons())
    if args.what == "record":
        return _record(voice, lessons)
    wrong = sum(_proven(voice, lesson) for lesson in lessons)
    voice.say(f"{len(lessons)} lessons, {wrong} faults." if wrong else f"{len(lessons)} lessons proven.")
    return int(wrong > 0)


def _proven(voice: Voice, lesson: Lesson) -> int:
    """Say what is tried, and what is wrong.  Returns how many faults there are."""
    wrong = 0
    for fault in prove(lesson, lambda tried: tell(f"     {tried}")):
        wrong += 1
        voice.say(fault, "FAULT ", 6)
    voice.say(f"{'ok   ' if not wrong else 'FAULT'} {lesson.folder_name}")
    return wrong


def _record(voice: Voice, lessons: list[Lesson]) -> int:
    if find_spec(RECORDING) is None:
        raise UsageError("this tracedemo cannot record lessons", "See docs/workshop/new-lesson.md.")
    record = import_module(RECORDING).record
    for lesson in lessons:
        if any(one.recorded for one in lesson.runs):
            record(lesson, voice.say)
    return 0
