"""argparse as this project wants it: our own errors, a help that fits the screen, no defaults among what was given."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tracedemo.cli.text import columns, fitted
from tracedemo.errors import UsageError
from tracedemo.server.plan import MAX_MS, MAX_SIZE


class Parser(argparse.ArgumentParser):
    """argparse that raises our own error, so that all wrong usage looks alike."""

    def __init__(self, **settings: Any) -> None:
        settings = {
            "argument_default": argparse.SUPPRESS,
            "formatter_class": _Formatter,
            "allow_abbrev": False,
            "add_help": False,
            **settings,
        }
        super().__init__(**settings)
        self.add_argument("-h", "--help", action="help", default=argparse.SUPPRESS, help="this help")

    def understand(self, words: Sequence[str]) -> argparse.Namespace:
        """What the words say; options may stand anywhere, unless something takes all the rest.

        Raises:
            UsageError: they say nothing that can be understood.
        """
        takes_rest = any(action.nargs == argparse.REMAINDER for action in self._actions)
        return self.parse_args(words) if takes_rest else self.parse_intermixed_args(words)

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

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print a help; argparse would pass over a disk that is full."""
        (file or sys.stdout).write(message)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Paragraphs as they are written, within the width of the screen."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{"max_help_position": 26, "width": columns() - 1, **settings})

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Paragraphs in their own lines, unless these are wider than the screen."""
        return super()._fill_text(fitted(text, width), width, indent)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """A word with a hyphen is to be typed as it stands: it is not broken."""
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        """`-m MODULE ...` instead of `-m ...`."""
        if action.nargs == argparse.REMAINDER and action.option_strings:
            return f"{action.metavar} ..."
        return super()._format_args(action, default_metavar)


def whole(low: int, high: int = MAX_SIZE) -> Callable[[str], int]:
    """A type of an argument: a whole number within a range."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(
                f"a whole number from {low} to {high:,} is needed, not {text!r:.40}"
            )
        return number

    return parse


def milliseconds(text: str) -> float:
    """A type of an argument: a time."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= MAX_MS:  # false for a NaN, too
        raise argparse.ArgumentTypeError(f"milliseconds from 0 to {MAX_MS:,} are needed, not {text!r:.40}")
    return number


def seconds(text: str) -> float:
    """A type of an argument: how long something may take."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= MAX_MS:  # false for a NaN, too
        raise argparse.ArgumentTypeError(
            f"seconds are needed, more than 0 and at most {MAX_MS:,}, not {text!r:.40}"
        )
    return number
