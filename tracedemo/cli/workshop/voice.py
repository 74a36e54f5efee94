"""What the workshop says and hears: lines that fit the screen, a pause before they leave it, and lines that are typed.

Plain appended lines: no full screen, no colour of its own, nothing that moves. A pause comes only where somebody reads and
types at a terminal.
"""

from __future__ import annotations

import os
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
        lines = textwrap.wrap(text, self.columns, subsequent_indent=" " * indent, break_long_words=False,
                              break_on_hyphens=False, replace_whitespace=True)  # fmt: skip
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

    def typed(self, *commands: str) -> None:
        """Commands of the workshop, as they are to be typed."""
        for command in commands:
            self.lines(_in_lines(f"{own_name()} {command}", self.columns - 4))

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

    def heard(self) -> None:
        """Somebody has typed: what was said before has been read."""
        self._lines = 0


def _in_lines(command: str, width: int) -> list[str]:
    """A command, indented; one that is too long goes on behind a stroke, as shells have it."""
    if len(command) <= width:
        return [f"    {command}"]
    *most, last = textwrap.wrap(command, width - 2, subsequent_indent="    ", break_long_words=False,
                                break_on_hyphens=False)  # fmt: skip
    return [*(f"    {line} \\" for line in most), f"    {last}"]
