"""What the workshop says and hears: lines that fit the screen, a pause before they leave it, and lines that are typed.

Plain appended lines: no full screen, no colour of its own, nothing that moves. A pause comes only where somebody reads and
types at a terminal.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import sys
import textwrap
from collections.abc import Iterable

from tracedemo.cli import tell
from tracedemo.cli.suggest import own_name
from tracedemo.cli.text import NARROWEST
from tracedemo.render.glyphs import ASCII, UTF8
from tracedemo.render.lines import width_of
from tracedemo.render.pipe import can_write, is_terminal

WIDEST = 80
"""Columns."""
_GOES_ON = " \\"
_DEEPER = " " * 4
_WORD = re.compile(r'"[^"]*"|\S+')
"""A word of a command: what is quoted stays together."""
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_PAUSE = "-- Enter: go on --"
_SPELLED = str.maketrans({
    UTF8.not_yet: ASCII.not_yet, UTF8.wakeup: ASCII.wakeup, UTF8.rule: ASCII.rule, UTF8.nothing: ASCII.nothing,
    UTF8.ellipsis: ASCII.ellipsis, UTF8.times: ASCII.times, UTF8.tick: ASCII.tick, UTF8.arrow: ASCII.arrow,
    UTF8.below: ASCII.below, UTF8.back: ASCII.back, UTF8.cursor: ASCII.cursor, "µ": "u", "—": "-", "’": "'",
    **{sign: ASCII.states[state] for state, sign in UTF8.states.items()},
})  # fmt: skip
"""Our signs, for an encoding that lacks them."""


class Keyboard:
    """Lines typed at stdin.  Nothing is read before somebody wants it: a program that we run may want it, too."""

    def __init__(self) -> None:
        try:
            self._fd = sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):
            self._fd = -1
        self._held = b""

    def line(self, timeout: float | None = None) -> str | None:
        """The next line, without its end; None: none came in time.

        Args:
            timeout: seconds; None: wait as long as it takes.

        Raises:
            EOFError: there is no more.
        """
        while b"\n" not in self._held:
            if self._fd < 0:
                raise EOFError
            if timeout is not None and not self._ready(timeout):
                return None
            data = os.read(self._fd, 4096)
            if not data:
                raise EOFError
            self._held += data
        line, _, self._held = self._held.partition(b"\n")
        return line.decode(errors="replace").strip()

    def _ready(self, timeout: float) -> bool:
        if sys.platform == "win32":  # select is for sockets there: Enter is waited for
            return True
        return bool(select.select([self._fd], [], [], timeout)[0])


class Voice:
    """One conversation."""

    def __init__(self) -> None:
        self.keyboard = Keyboard()
        self.talks = is_terminal(sys.stdin) and is_terminal(sys.stdout)
        """Whether there is somebody who reads and types."""
        self.seen = is_terminal(sys.stdout)
        self._ascii = not can_write(getattr(sys.stdout, "encoding", None) or "utf-8")
        self._lines = 0
        size = shutil.get_terminal_size()
        self.columns = min(max(size.columns, NARROWEST), WIDEST)
        self._screen = size.columns or WIDEST
        self._most = max(size.lines - 3, 5)
        """Lines between two pauses: with the pause, two lines of a screen stay free."""

    def say(self, text: str = "", first: str = "", indent: int = 0) -> None:
        """A paragraph; `first` stands where the indent of its first line would be."""
        text = f"{first or ' ' * indent}{text}"
        lines = textwrap.wrap(text, self.columns, subsequent_indent=" " * indent, break_on_hyphens=False,
                              replace_whitespace=True)  # fmt: skip
        self.lines(lines or [""])

    def lines(self, lines: Iterable[str]) -> None:
        """Lines as they are."""
        for line in lines:
            spelled = line.translate(_SPELLED) if self._ascii else line
            rows = max(1, -(-width_of(spelled) // self._screen)) if "\x1b" not in spelled else 1
            if self.talks and self._lines + rows > self._most:
                self.ask(_PAUSE)
            self._lines += rows
            tell(spelled)

    def program(self, lines: Iterable[str], indent: int = 0) -> None:
        """Lines that a program wrote: one that is too wide goes on behind a stroke, and nothing of it is lost."""
        for line in lines:
            self.lines(" " * indent + part for part in folded(line, self.columns - indent))

    def typed(self, *commands: str) -> None:
        """Commands of the workshop, as they are to be typed."""
        for command in commands:
            self.command("    ", f"{own_name()} {command}")

    def command(self, first: str, command: str) -> None:
        """A command behind `first`, on as many lines as it takes."""
        self.lines(command_lines(first, command, self.columns))

    def ask(self, prompt: str) -> str | None:
        """Ask for a line; None: nobody answers any more."""
        tell(f"{prompt} ", end="")
        self._lines = 0
        try:
            return self.keyboard.line()
        except EOFError:
            self.talks = False
            tell("")
            return None

    def heard(self, rows: int = 0) -> None:
        """What was said before has been read; so many rows stand below it, as that of what was typed."""
        self._lines = rows

    def room(self, rows: int) -> None:
        """Somebody else is going to write so many rows: a pause comes before them if they would not fit."""
        if self.talks and self._lines + rows > self._most:
            self.ask(_PAUSE)
        self._lines += rows


def command_lines(first: str, command: str, width: int) -> list[str]:
    """A command behind `first`; one that is too long goes on behind a stroke, as shells have it."""
    lines = [first.rstrip(" ")] if first.strip() else [first[:-1]]
    for word in _WORD.findall(command):
        if len(lines[-1]) + 1 + len(word) > width - len(_GOES_ON) and lines[-1].strip(" $"):
            lines[-1] += _GOES_ON
            lines.append(" " * (len(first) + 3))
        lines[-1] += f" {word}"
    return lines


def folded(line: str, width: int) -> list[str]:
    """A line in parts of that width, at spaces where there are some; each but the last ends in a stroke."""
    plain = _COLOUR.sub("", line)
    if width_of(plain) <= width:
        return [line]
    parts, rest, room = [], plain, width - len(_GOES_ON)
    while width_of(rest) > width:
        end = _fitting(rest, room)
        space = rest.rfind(" ", 0, end + 1)
        if space > end // 2:
            parts.append(rest[:space] + _GOES_ON)
            rest = _DEEPER + rest[space + 1 :]
        else:
            parts.append(rest[:end] + _GOES_ON.strip())
            rest = _DEEPER + rest[end:]
    return [*parts, rest]


def _fitting(text: str, width: int) -> int:
    """How many characters of a text fit."""
    taken = 0
    for number, char in enumerate(text):
        taken += width_of(char)
        if taken > width:
            return number
    return len(text)
