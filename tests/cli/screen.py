"""A terminal with a shell's job control, and an emulator that tells what is on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyte

from tests.cli.shell import TRACEDEMO, Shell, read_terminal

JOBS = """
import os, signal, sys, termios

def foreground(group):
    os.tcsetpgrp(0, group)

def report():
    _, status = os.waitpid(child, os.WUNTRACED)
    foreground(os.getpgrp())
    same = termios.tcgetattr(0) == before
    word = "STOPPED" if os.WIFSTOPPED(status) else f"ENDED {os.waitstatus_to_exitcode(status)}"
    print(f"{word} {'as it was' if same else 'CHANGED'}.", flush=True)
    return os.WIFSTOPPED(status)

signal.signal(signal.SIGTTOU, signal.SIG_IGN)
before = termios.tcgetattr(0)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    foreground(os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
print(f"CHILD {child}.", flush=True)
while report():
    input()
    foreground(child)
    os.killpg(child, signal.SIGCONT)
"""
"""What a shell does: it lends the terminal to a command until that stops or ends, and says how it was left."""

KEYS = {
    "right": "\x1b[C",
    "left": "\x1b[D",
    "end": "\x1b[F",
    "home": "\x1b[1~",
    "pgdn": "\x1b[6~",
    "tab": "\t",
}


class Screen:
    """What is typed, and what is seen."""

    def __init__(
        self, shell: Shell, words: tuple[str, ...], size: tuple[int, int], environ: dict[str, str]
    ) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.sent = b""
        self._child, self._fd = pty.fork()
        if not self._child:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.chdir(shell.folder)
            command = [sys.executable, "-c", JOBS, *TRACEDEMO, *words]
            os.execve(command[0], command, shell.environ | environ)

    @property
    def text(self) -> str:
        """The screen, line by line."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, wanted: str | Callable[[str], object]) -> str:
        """Wait until the screen holds a text, or is as a function wants it."""
        seen = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        while not seen(self.text):
            assert self._read(), f"{wanted!r} is not on the screen:\n{self.text}"
        return self.text

    def wait_for_sent(self, wanted: bytes) -> None:
        """Wait until something was sent, wherever on the screen it went."""
        while wanted not in self.sent:
            assert self._read(), f"{wanted!r} was not sent:\n{self.text}"

    def press(self, *keys: str) -> None:
        """Type keys, by name or as they are."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())

    def resize(self, columns: int, lines: int) -> None:
        """Make the window larger or smaller."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def pid(self) -> int:
        """The process of tracedemo."""
        while not (found := re.search(rb"CHILD (\d+)\.", self.sent)):
            assert self._read()
        return int(found[1])

    def ended(self, code: int) -> None:
        """Wait for its end, and hold it to its exit code and to how it left the terminal."""
        self.wait_for("ENDED")
        while self._read():
            pass
        assert f"ENDED {code} as it was." in self.text
        self.left()

    def left(self) -> None:
        """It has left the other screen, and given back cursor and line ends: each as often as it took them."""
        for taken, given in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?7l", b"\x1b[?7h"),
        ):
            assert self.sent.count(taken) == self.sent.count(given) > 0
            assert self.sent.rindex(taken) < self.sent.rindex(given)

    def close(self) -> None:
        """Close the window."""
        os.close(self._fd)
        os.waitpid(self._child, 0)

    def signal(self, number: signal.Signals) -> None:
        """Send tracedemo a signal."""
        os.kill(self.pid, number)

    def _read(self) -> bool:
        data = read_terminal(self._fd, self.text)
        self.sent += data
        self._stream.feed(data)
        return bool(data)


@contextmanager
def screen(shell: Shell, *words: str, size: tuple[int, int] = (80, 24), **environ: str) -> Iterator[Screen]:
    """Type `tracedemo WORDS` in a terminal of some size."""
    found = Screen(shell, words, size, environ)
    try:
        yield found
    finally:
        found.close()
