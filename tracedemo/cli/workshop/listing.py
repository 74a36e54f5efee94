"""`tracedemo workshop list`: the lessons of the track."""

from __future__ import annotations

import argparse

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import glance, here
from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.standing import track_shows, word_of
from tracedemo.workshop.state import State


def prepare(_parser: Parser) -> None:
    """It takes nothing."""


def run(_args: argparse.Namespace) -> int:
    """List them, with what has become of each."""
    voice, folder = Voice(), here()
    state = glance(folder)
    for lesson in folder.order(state):
        here_now = ">" if lesson.name == state.current else " "
        voice.say(lesson.title, f"{here_now} {lesson.folder_name:<16} {word_of(lesson, state):<11} ", 31)
        voice.say(_about(folder, lesson, state), indent=31)
    return 0


def _about(_folder: Folder, lesson: Lesson, state: State) -> str:
    minutes = lesson.minutes.get(state.track)
    planned = f"about {minutes} minutes" if minutes else "not in your track"
    return f"{planned}, shown by your teacher" if track_shows(lesson, state) else planned
