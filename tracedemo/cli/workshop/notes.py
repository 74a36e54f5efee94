"""`tracedemo workshop notes`: the teacher's script of a track, with the clock beside it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from textwrap import wrap

from tracedemo.cli.parser import Parser
from tracedemo.cli.text import columns, paragraph
from tracedemo.errors import UsageError
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.notes import FRAMES, Plan, Slot, clock, plan, shown_values
from tracedemo.workshop.questions import choices, filled
from tracedemo.workshop.running import typed, words_of
from tracedemo.workshop.texts import blocks, sections

_INDENT = 16
"""Columns of the clock and the minutes, in the plan."""
_ASK_ALL = "Ask (by a show of hands)"

ABOUT = """\
The script of a whole track: when each lesson has its turn, and in it what to
say, ask, run, watch and drop; before it the plan, and the order in which
lessons are dropped when time runs short.

  tracedemo workshop notes --track half > notes.txt
  tracedemo workshop notes 5
  tracedemo workshop notes --follow     on your own screen, beside present
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("lesson", nargs="?", metavar="LESSON", help="notes of this one only: number or name")
    parser.add_argument("--track", choices=tuple(FRAMES), help="90 minutes (the default), or half a day")
    parser.add_argument("--follow", action="store_true",
                        help="notes and clock for what `present` shows in another terminal")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print the plan of the track and the notes of its lessons, or the notes of one lesson.

    Raises:
        UsageError: there is no such lesson, or it is not taught on that track.
    """
    given = vars(args)
    if "follow" in given:
        from tracedemo.cli.workshop.follow import follow

        return follow(given.get("track"))
    timed = plan(given.get("track", "90"))
    if word := given.get("lesson"):
        lesson = find_lesson(word)
        slot = timed.slot_of(lesson)
        if slot is None:
            raise UsageError(f"{lesson.folder_name} is not on the track {timed.track}", _elsewhere(lesson))
        print("\n".join(notes_of(slot)))
        return 0
    print("\n".join([*overview(timed), *(line for slot in timed.slots for line in ("", *notes_of(slot)))]))
    return 0


def _elsewhere(lesson: Lesson) -> str:
    tracks = [track for track in FRAMES if track in lesson.minutes]
    return f"Try: --track {tracks[0]}" if tracks else "It is for learners alone, at home."


def overview(timed: Plan) -> Iterator[str]:
    """The clock, and what goes when time runs short."""
    yield (
        f"Track {timed.track}: {timed.frame.slot} minutes; {timed.planned} planned, {timed.breaks} of breaks, "
        + (f"{timed.spare} to spare" if timed.spare >= 0 else f"{-timed.spare} TOO MANY")
    )
    yield ""
    yield from map(_line, timed.slots)
    if timed.spare > 0:
        yield f"  {clock(timed.frame.slot - timed.spare)} {timed.spare:>4} min  to spare"
    yield from _cut_order(timed)


def _line(slot: Slot) -> str:
    note = " (demo: nobody writes code)" if slot.demo else ""
    return paragraph(f"{slot.title}{note}", f"  {slot.clock} {slot.minutes:>4} min  ", _INDENT)


def _cut_order(timed: Plan) -> Iterator[str]:
    if cuts := timed.cuts():
        yield "\nWhen time runs short, drop in this order:"
    for number, lesson in enumerate(cuts, start=1):
        first = f"  {number}. {lesson.number:02} "
        yield paragraph(
            f"{lesson.title} ({lesson.minutes[timed.track]} min): {lesson.drop}", first, len(first)
        )
    if kept := timed.kept():
        yield "\nNever drop one of these whole; what can go of it:"
    for lesson in kept:
        yield paragraph(f"{lesson.title}: {lesson.drop or 'nothing'}", f"  {lesson.number:02} ", 5)


def notes_of(slot: Slot) -> Iterator[str]:
    """What to say, run, watch and drop in one part of the plan."""
    note = ", demo" if slot.demo else ""
    head = f"{slot.clock}  {slot.title} ({slot.minutes} min{note})"
    yield "=" * min(len(head), columns())
    yield paragraph(head, "", 6)
    if slot.say:
        yield ""
        yield from _told(slot.say)
    if slot.lesson is not None:
        yield from _notes_of_lesson(slot.lesson, demo=slot.demo)


def _notes_of_lesson(lesson: Lesson, *, demo: bool) -> Iterator[str]:
    said = sections(lesson.text("instructor.md"))
    yield ""
    yield paragraph(lesson.goal, "Goal   ", 7)
    yield from _section("Say", said)
    if lesson.questions:
        yield f"\n{_ASK_ALL if demo else 'Ask'}"
        yield from _questions(lesson)
    yield "\nRun"
    values = shown_values(lesson)
    for run_ in lesson.runs:
        yield from _command(typed(words_of(run_, values, lesson.file)))
        if run_.see:
            yield paragraph(filled(run_.see, values), "      ", 6)
    for name in said:
        if name != "Say":
            yield from _section(name, said)


def _command(command: str) -> Iterator[str]:
    """A command on as many lines as it takes, which a shell takes as one."""
    whole = re.sub(
        r'"[^"]*"', lambda quoted: quoted[0].replace(" ", "\0"), command
    )  # a quoted word stays whole
    lines = wrap(whole, columns() - 6, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate((line.replace("\0", " ") for line in lines), start=1):
        yield f"  {'  ' if number > 1 else ''}{line}{' ' + chr(92) if number < len(lines) else ''}"


def _section(name: str, said: Mapping[str, str]) -> Iterator[str]:
    if text := said.get(name):
        yield f"\n{name}"
        yield from _told(text)


def _told(text: str) -> Iterator[str]:
    for block in blocks(text):
        if block.code:
            yield from (f"      {line}" for line in block.text.splitlines())
        else:
            yield paragraph(block.text, "  ", 2)


def _questions(lesson: Lesson) -> Iterator[str]:
    values = shown_values(lesson)
    for question in lesson.questions:
        yield paragraph(filled(question.text, values), "  ", 2)
        for choice in choices(question, values):
            first = f"    {choice.letter}  {choice.text}: "
            yield paragraph(filled(choice.option.thinks, values), first, 7)
    if lesson.draw:
        drawn = ", ".join(f"{name} from {low} to {high}" for name, (low, high) in lesson.draw.items())
        yield paragraph(f"Each learner has numbers of their own ({drawn}).", "  ", 2)
