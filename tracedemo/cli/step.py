"""`tracedemo step`: walk through runs, forwards and backwards, on a full screen, or a sentence at a time."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from functools import partial

from tracedemo.analysis.walk import Walk
from tracedemo.cli import tell
from tracedemo.cli.inputs import take_inputs
from tracedemo.cli.present import studies_of
from tracedemo.cli.progress import Progress
from tracedemo.errors import UsageError
from tracedemo.render import step_plain as plain
from tracedemo.render.pipe import is_terminal
from tracedemo.render.step_state import State, begin, press

DUMB = frozenset({"", "dumb", "unknown"})
"""Values of TERM that promise nothing."""


def run(args: argparse.Namespace) -> int:
    """Run or read what is named, walk through it, and say how it ended."""
    words = vars(args).get("only", "")
    if words:
        from tracedemo.analysis.filters import parse

        parse(words)  # mistakes are found before anything runs
    inputs = take_inputs(args, args.words)
    with Progress() as progress:
        progress.step("looking at what was recorded")
        walks = [Walk(study) for study in studies_of(inputs.traces)]
    if not all(map(len, walks)) and (code := inputs.say_endings()):
        return code  # why there is nothing to walk through
    with Progress() as progress:
        progress.step("looking at what was recorded")
        state = _state(args, walks)
    _walk(state, vars(args).get("format"))
    return inputs.say_endings()


def _state(args: argparse.Namespace, walks: list[Walk]) -> State:
    """Where to begin.

    Raises:
        UsageError: there is no such step, or none at all.
    """
    for walk in walks:
        if not len(walk):
            raise UsageError(
                f"there is no step in {walk.study.name}: it made no call of Python's socket or selector interface",
                "See what else was recorded: tracedemo show",
            )
    at = vars(args).get("at", 1)
    if at > len(walks[0]):
        raise UsageError(f"there is no step {at:,}: {walks[0].study.name} has {len(walks[0]):,}")
    state = begin(walks, at=at - 1, words=vars(args).get("only", ""))
    if state.words and not state.found:
        raise UsageError(f"no step of {walks[0].study.name} has {state.words}")
    return state


def _walk(state: State, wanted: str | None) -> None:
    """In the form that was asked for, or that the streams can take."""
    seen, keys = is_terminal(sys.stdout), is_terminal(sys.stdin)
    if wanted == "jsonl":
        _print(json.dumps(row, ensure_ascii=True) for row in plain.rows(state))
    elif wanted == "plain" and (seen or not keys):
        _by_lines(state)
    elif not seen:
        _print(plain.all_told(state))
    elif wanted == "plain" or not keys:
        _by_lines(state)
    elif why := _no_screen():
        tell(f"tracedemo: {why}, so steps are told in sentences", sys.stderr)
        _by_lines(state)
    else:
        _on_screen(state)


def _no_screen() -> str:
    """Why there can be no full screen; empty: there can."""
    if importlib.util.find_spec("termios") is None:
        return "this Python has no termios (Windows), and with it no full screen"
    return "this terminal (TERM) has no full screen" if os.environ.get("TERM", "") in DUMB else ""


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


# A line at a time


def _by_lines(state: State) -> None:
    """Tell a step, read a command, until there is no more."""
    tell(plain.INTRODUCTION)
    for line in (*plain.introduction(state), *plain.told(state)):
        tell(line)
    while sys.stdin is not None and (command := sys.stdin.readline()) and not state.ended:
        state, answer = plain.obey(state, command.strip())
        for line in answer:
            tell(line)
        if state.ended:
            break


# The full screen


def _on_screen(state: State) -> None:
    from tracedemo.cli.keys import RESIZED, Terminal
    from tracedemo.render.console import console_for, options_for
    from tracedemo.render.lines import Sheet
    from tracedemo.render.step import draw

    console = console_for(sys.stdout)
    options = options_for(console)
    with Progress() as progress:
        progress.step("looking at what was recorded")
        draw(state, *Terminal.DEFAULT, options)  # what takes long is done once, for the first screen
    with Terminal(sys.stdin.fileno(), sys.stdout.fileno()) as terminal:
        keys = terminal.keys()
        while not state.ended:
            width, height = terminal.size
            sheet = Sheet(partial(draw, state, width, height, options))
            terminal.show([text[:-1] for text in sheet.texts(console)])
            key = next(keys, "q")
            if key != RESIZED:
                state = press(state, key)
