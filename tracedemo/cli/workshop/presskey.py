"""One key at a time, between lines.  While nobody is asked, the terminal is as it was, so that programs can have it."""

from __future__ import annotations

import importlib.util
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from tracedemo.cli import tell

_ESC_S = 0.05
"""Seconds after which an ESC is the key, and not the begin of another one."""
ENDED = ""
"""No key: the terminal has gone, or its user has pressed Ctrl-D."""


class Keys:
    """Keys from stdin; where Python has no termios (Windows), lines, whose first letter counts."""

    def __init__(self) -> None:
        self._typed: list[str] = []
        """Pressed already, and not yet asked for."""
        self._single = importlib.util.find_spec("termios") is not None

    def press(self, prompt: str) -> str:
        """Wait for a key: a character, or `enter`, `esc`, `right` and the like; ENDED when there is none any more.

        Args:
            prompt: is shown when a key would be heard at once, and not before.
        """
        if self._typed:
            return self._typed.pop(0)
        if not self._single:
            tell(prompt, end="")
            line = sys.stdin.readline()
            return (line.strip()[:1] or "enter") if line else ENDED
        return self._one(prompt)

    def _one(self, prompt: str) -> str:
        from tracedemo.cli.keys import take  # which needs termios

        fd = sys.stdin.fileno()
        with _key_by_key(fd, prompt):
            tell(prompt, end="")
            while not self._typed:
                try:
                    data = os.read(fd, 1024)
                    while data.endswith(b"\x1b") and select.select([fd], [], [], _ESC_S)[0]:
                        data += os.read(fd, 1024)
                except OSError:
                    return ENDED
                if not data or data.startswith(b"\x04"):
                    return ENDED
                found, rest = take(data.decode("utf-8", "replace"))
                self._typed += [*found, *(["esc"] if rest else [])]
        return self._typed.pop(0)


@contextmanager
def _key_by_key(fd: int, prompt: str) -> Iterator[None]:
    """Keys come at once and unseen, until the `with` is left; while the program is stopped (Ctrl-Z) the shell has its own
    way with them, and afterwards the prompt is shown once more.
    """
    import signal
    import termios
    import tty

    before = termios.tcgetattr(fd)

    def stop(_number: int, _frame: FrameType | None) -> None:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, stop)
        tty.setcbreak(fd, termios.TCSADRAIN)
        # No print: the signal may have come in the middle of one.
        os.write(sys.stdout.fileno(), f"\n{prompt}".encode(sys.stdout.encoding, "replace"))

    handler = signal.signal(signal.SIGTSTP, stop)
    try:
        tty.setcbreak(fd, termios.TCSADRAIN)  # keys that were typed ahead are kept
        yield
    finally:
        signal.signal(signal.SIGTSTP, handler)
        with suppress(termios.error):  # the terminal has gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
