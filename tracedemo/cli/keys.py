"""Keys of a terminal, one at a time, and the screen to ourselves.  The terminal is left as it was, however it ends.

`with Terminal() as terminal: for key in terminal.keys(): ...` gives printable characters; `right`, `pgdn`, `enter` and the
like; and `RESIZED` when there is reason to draw all again: another size, or the program goes on after Ctrl-Z.
"""

from __future__ import annotations

import codecs
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

RESIZED = "resized"

_SEQUENCES = {
    "[A": "up", "[B": "down", "[C": "right", "[D": "left", "[H": "home", "[F": "end", "[Z": "backtab",
    "OA": "up", "OB": "down", "OC": "right", "OD": "left", "OH": "home", "OF": "end",
    "[1~": "home", "[4~": "end", "[7~": "home", "[8~": "end", "[5~": "pgup", "[6~": "pgdn",
}  # fmt: skip
"""What stands behind ESC, in the ways in which terminals say it."""
_NAMES = {"\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\x08": "backspace", "\x1b": "esc"}
_LONGEST = 8
_ESC_S = 0.05
"""Seconds after which an ESC is the key, and not the begin of another one."""

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""The other screen, no cursor, no new line where a line is too long."""
_LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"

_WATCHED = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)


def take(text: str) -> tuple[list[str], str]:
    """The keys in what a terminal sent, and what may be the begin of one more."""
    found = []
    while text:
        if text[0] != "\x1b":
            found.append(_NAMES.get(text[0], text[0]))
            text = text[1:]
            continue
        length = _length(text)
        if length is None:
            break
        if length > 1:
            key = _SEQUENCES.get(text[1:length])
            found += [key] if key else []
        else:
            found.append("esc")
        text = text[length:]
    return found, text


def _length(text: str) -> int | None:
    """How long the sequence is that begins with ESC; None: it has not come to its end."""
    if len(text) == 1:
        return None
    if text[1] == "O":
        return 3 if len(text) > 2 else None
    if text[1] != "[":
        return 1
    for place, char in enumerate(text[2 : 2 + _LONGEST], start=3):
        if "@" <= char <= "~":
            return place
    return None if len(text) < 2 + _LONGEST else 1


class Terminal:
    """The terminal that the program was started from.

    Args:
        stdin, stdout: its two directions.
    """

    DEFAULT = (80, 24)
    """Columns and lines of one that does not say."""

    def __init__(self, stdin: int = 0, stdout: int = 1) -> None:
        self._in, self._out = stdin, stdout
        self._before: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._pipe: tuple[int, int] = (-1, -1)
        self._wakeup = -1
        self._shown: Sequence[str] = ()

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._in)
        read, write = self._pipe = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self._wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in _WATCHED:
            self._handlers[number] = signal.signal(number, _note)
        try:
            self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, termios.error):  # the terminal has gone
            self._end()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        for end in self._pipe:
            os.close(end)

    def _begin(self) -> None:
        tty.setcbreak(self._in, termios.TCSADRAIN)  # keys that were typed ahead are kept
        self._write(_ENTER)
        self._shown = ()

    def _end(self) -> None:
        self._write(_LEAVE)
        termios.tcsetattr(self._in, termios.TCSADRAIN, self._before)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        try:
            columns, lines = os.get_terminal_size(self._out)
        except OSError:
            columns = lines = 0
        return columns or self.DEFAULT[0], lines or self.DEFAULT[1]

    def show(self, lines: Sequence[str]) -> None:
        """Fill the screen.  Only lines that have changed are written: nothing flickers."""
        before, self._shown = self._shown, lines
        text = "".join(
            f"\x1b[{number};1H{line}\x1b[0m\x1b[K"
            for number, line in enumerate(lines, start=1)
            if number > len(before) or before[number - 1] != line
        )
        if len(lines) < len(before) or not before:
            text += f"\x1b[{len(lines) + 1};1H\x1b[J" if len(lines) < self.size[1] else ""
        self._write(text)

    def keys(self) -> Iterator[str]:
        """Keys as they come; none any more when the terminal has gone."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        held = ""
        while True:
            ready, _, _ = select.select([self._in, self._pipe[0]], [], [], _ESC_S if held else None)
            if self._pipe[0] in ready:
                yield from self._signals(os.read(self._pipe[0], 1024))
            elif not ready:
                yield "esc"
                held = held[1:]
            if self._in in ready:
                data = os.read(self._in, 1024)
                if not data:
                    return
                found, held = take(held + decoder.decode(data))
                yield from found

    def _signals(self, numbers: bytes) -> Iterator[str]:
        if signal.SIGTSTP in numbers:
            self._stop()
        elif signal.SIGCONT in numbers:  # stopped by somebody who did not ask
            self._begin()
        self._shown = ()
        self._write("\x1b[2J")
        yield RESIZED

    def _stop(self) -> None:
        """Ctrl-Z: the shell gets its terminal back, until it lets us go on."""
        self._end()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, _note)
        self._begin()

    def _write(self, text: str) -> None:
        data = text.encode(sys.stdout.encoding or "utf-8", "replace")
        while data:
            data = data[os.write(self._out, data) :]


def _note(_number: int, _frame: FrameType | None) -> None:
    """The number of the signal goes into the pipe; that wakes us up."""
