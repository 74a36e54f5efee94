"""`tracedemo workshop start`: make the learner's folder."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import introduce, near, remembered, suggest_next
from tracedemo.cli.workshop.prose import show
from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop import catalogue
from tracedemo.workshop.folder import Folder, find, make
from tracedemo.workshop.lesson import TRACKS, Lesson
from tracedemo.workshop.state import State

FOLDER = "tracedemo-workshop"
WORDS = """\
The lessons follow a blog article, "Unraveling an Async HTTP Request", and call it the post. You need not have read it: its
programs come with tracedemo.

Letters such as k and n are numbers, drawn for you, and anew for each check: k is in how many pieces a server sends its
answer, n is mostly how many fetches there are. Others have numbers of their own.
"""
"""What all lessons take for known."""
ABOUT = """\
tracks:
  90     a workshop of 90 minutes, with a teacher
  half   a workshop of half a day, with a teacher
  self   alone, all lessons, as long as it takes (the default)

In a folder that is a workshop already you go on where you were; with --track its
track is changed, and what you have done stays.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("folder", nargs="?", type=Path, default=None, metavar="DIR",
                        help=f"where (default: {FOLDER})")  # fmt: skip
    parser.add_argument("--track", choices=TRACKS, help="which lessons (default self)")


def run(args: argparse.Namespace) -> int:
    """Make it, or go on with the one that is there."""
    voice, lessons = Voice(), catalogue.lessons()
    there = _there(args.folder, lessons)
    asked = getattr(args, "track", "")
    folder = there or make(_root(args.folder), asked or "self", lessons, time.time)
    if there:
        voice.say(f"{near(folder.root)} is a workshop already: you go on where you were.")
    state = _with_track(voice, folder, asked)
    if not there:
        _greet(voice, folder, state.track)
    introduce(voice, folder, state)
    voice.say()
    if folder.root not in (Path.cwd(), *Path.cwd().parents):
        voice.say("Go into the folder first:")
        voice.lines([f"    cd {near(folder.root)}"])
    suggest_next(voice, folder, state)
    return 0


def _with_track(voice: Voice, folder: Folder, asked: str) -> State:
    """What is remembered, with the track that was asked for; empty: with the one that it has."""
    with remembered(folder) as state:
        if asked and asked != state.track:
            folder.change_track(state, asked)
            count = len(folder.order(state))
            voice.say(f"The track is {asked} now, of {count} {'lesson' if count == 1 else 'lessons'}; what you have"
                      " done stays.")  # fmt: skip
            voice.say()
    return state


def _there(named: Path | None, lessons: Sequence[Lesson]) -> Folder | None:
    """A workshop that is there: the one that is named, or else the one that we stand in."""
    if named is None and (around := find(Path.cwd(), lessons, time.time)):
        return around
    root = _root(named)
    found = find(root, lessons, time.time)
    return found if found and found.root == root else None


def _root(named: Path | None) -> Path:
    return Path(os.path.abspath(named or FOLDER))  # noqa: PTH100  # links are left as they are


def _greet(voice: Voice, folder: Folder, track: str) -> None:
    voice.say(
        f"{near(folder.root)} is your folder for this workshop (track {track}). All you write stays in it."
    )
    voice.say()
    show(voice, WORDS, indent=0)
    voice.say()
