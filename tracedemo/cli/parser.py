"""argparse as this project wants it: our own errors, a help that fits a screen, and what was given kept apart from defaults."""

from __future__ import annotations

import argparse
import shutil
from typing import Any, NoReturn

from tracedemo.errors import UsageError

NARROWEST, WIDEST = 50, 100
"""Columns of a help: what is wider is hard to read."""


class Parser(argparse.ArgumentParser):
    """argparse that raises our own error, so that all wrong usage looks alike.

    What was not given is not in the namespace: defaults come later, when it is known what they depend on.
    """

    def __init__(self, **settings: Any) -> None:
        settings = {
            "argument_default": argparse.SUPPRESS,
            "formatter_class": _Formatter,
            "allow_abbrev": False,
            "add_help": False,
            **settings,
        }
        super().__init__(**settings)
        self._optionals.title = "options"
        self.add_argument("-h", "--help", action="help", default=argparse.SUPPRESS, help="this help")

    def error(self, message: str) -> NoReturn:
        """Say what was wrong, and where the help is."""
        message = message.removeprefix("argument ")
        remedy = f"See: {self.prog} --help"
        unknown = message.partition("unrecognized arguments: ")[2].split()
        if unknown and unknown[0].startswith("-"):
            message = f"there is no option {unknown[0]}"
            remedy = self._near(unknown[0].partition("=")[0]) or remedy
        elif unknown:
            message = f"{unknown[0]!r} is too much here"
        raise UsageError(message, remedy)

    def _near(self, option: str) -> str:
        """An option that looks alike, if there is one."""
        from difflib import get_close_matches

        near = get_close_matches(option, self._option_string_actions, 1, cutoff=0.7)
        return f"Did you mean {near[0]}?  See: {self.prog} --help" if near else ""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Paragraphs as they are written, within the width of the screen."""

    def __init__(self, prog: str, **settings: Any) -> None:
        columns = min(max(shutil.get_terminal_size().columns - 1, NARROWEST), WIDEST)
        super().__init__(prog, **{"max_help_position": 26, "width": columns, **settings})
