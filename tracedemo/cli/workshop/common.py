"""What all commands of the workshop share: where we are, what is remembered, and the next thing to type."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tracedemo.cli import tell
from tracedemo.cli.workshop.prose import show_section
from tracedemo.cli.workshop.voice import Voice
from tracedemo.errors import UsageError
from tracedemo.workshop import catalogue
from tracedemo.workshop.folder import Folder, find
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.standing import Step, left_out, standing
from tracedemo.workshop.state import State


def here() -> Folder:
    """The workshop that we stand in.

    Raises:
        UsageError: we stand in none.
    """
    found = find(Path.cwd(), catalogue.lessons(), time.time)
    if found is None:
        raise UsageError("this folder is in no workshop", "Begin one here: tracedemo workshop start")
    return found


@contextmanager
def remembered(folder: Folder) -> Iterator[State]:
    """What is remembered, to be changed; that a command was given is noted."""
    with folder.edit() as state:
        state.note_time(folder.clock())
        if state.said:
            tell(f"tracedemo: the workshop's {state.said}", sys.stderr)
            tell("  What the folder holds was taken up anew; predictions and minutes are lost.", sys.stderr)
        yield state


def glance(folder: Folder) -> State:
    """What is remembered at this moment; that a command was given is noted."""
    with remembered(folder) as state:
        return state


def near(path: Path) -> str:
    """A path as it would be typed here."""
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive
        return str(path)


def heading(lesson: Lesson, folder: Folder, state: State) -> str:
    """Which lesson it is: `Lesson 02 (2 of 7): Begun, or nothing there`."""
    order = [one.name for one in folder.order(state)]
    place = f" ({order.index(lesson.name) + 1} of {len(order)})" if lesson.name in order else ""
    return f"Lesson {lesson.number:02}{place}: {lesson.title}"


def introduce(voice: Voice, folder: Folder, state: State) -> None:
    """Say which lesson is open, and what it is about."""
    lesson = folder.current(state)
    title = heading(lesson, folder, state)
    voice.say(title)
    voice.say("=" * min(len(title), voice.columns))
    for name in ("Goal", "Run"):
        show_section(voice, lesson, name, state.of(lesson.name).values)


_NEXT: Mapping[Step, tuple[str, str]] = {
    Step.PREDICT: ("workshop predict", "Say what will happen, before you see it:"),
    Step.RUN: ("workshop run", "See what happens:"),
    Step.CHECK: ("workshop check", "Write in {file}, save it, and try it:"),
    Step.NEXT: ("workshop next", "Go on to {other}:"),
    Step.BACK: ("workshop next {name}", "That was the last lesson of your track. You left {left}:"),
    Step.DONE: ("workshop status", "What you have done:"),
}
"""What to type, and why."""


def next_thing(folder: Folder, state: State) -> tuple[str, str]:
    """The one next thing: what to type, and why, in a sentence with a colon at its end."""
    at = standing(folder, state)
    other = at.other or at.lesson
    place = f"lesson {other.number:02}, {other.title}"
    left = len([one for one in left_out(folder, state) if one.name != at.lesson.name])
    words = {
        "file": near(folder.file(at.lesson)),
        "name": other.name,
        "other": place,
        "left": f"{left} out; the first is {place}" if left > 1 else f"one out, {place}",
    }
    command, why = _NEXT[at.step]
    return command.format_map(words), why.format_map(words)


def suggest_next(voice: Voice, folder: Folder, state: State) -> None:
    """Say the one next thing to type."""
    command, why = next_thing(folder, state)
    voice.say()
    if standing(folder, state).step == Step.DONE:
        say_over(voice, folder, state)
    voice.say(why)
    voice.typed(command)


def say_over(voice: Voice, folder: Folder, state: State) -> None:
    """Say that the track is over, and what is taken home."""
    order = folder.order(state)
    voice.say(f"The workshop is over: you have come to the end of all {len(order)} lessons of your track.")
    voice.say("Take home this folder, with your programs and the solutions beside them; and tracedemo, which shows your"
              " own programs just as it showed these:")  # fmt: skip
    voice.typed("run your_program.py")
    others = [lesson for lesson in folder.lessons if lesson not in order and lesson.name not in state.lessons]
    if others:
        names = ", ".join(f"{lesson.number:02} {lesson.name}" for lesson in others)
        voice.say(f"Lessons that your track leaves out: {names}. To open one:")
        voice.typed(f"workshop next {others[0].name}")


def none_behind(folder: Folder, state: State) -> str:
    """What is said where a next lesson is asked for, and there is none."""
    lesson = folder.current(state)
    named = f"Lesson {lesson.number:02}, {lesson.title},"
    if lesson in folder.order(state):
        return f"{named} is the last one of your track ({state.track})."
    return f"{named} is not of your track ({state.track}), and none of that is behind it."
