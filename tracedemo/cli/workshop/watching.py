"""Wait for a file to be saved, or for a line to be typed.

The file's time and size are looked at again and again: that works on every file system, also where those who wait for
news of the kernel hear none (network drives, Windows folders under Linux).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tracedemo.cli.workshop.voice import Voice

EACH_S = 0.5
SAVED = "\0saved"
"""What is heard when the file was saved: nobody types that."""


def stamp(path: Path) -> tuple[int, int] | None:
    """Time and size of a file; None: it is not there, as in the middle of some editors' saving."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class Watch:
    """Watches one file.  What is saved while it is being checked, is seen afterwards."""

    def __init__(self, voice: Voice, file: Path) -> None:
        self.file = file
        self._voice = voice
        self._seen = stamp(file)
        self._listens = True

    def looked(self, look: Callable[[], bool]) -> bool:
        """Look at the file; it is as old as it was before that."""
        self._seen = stamp(self.file)
        return look()

    def wait(self, prompt: str) -> str:
        """A line that was typed, or SAVED; where nobody types, only that; `q` when nobody types any more."""
        self._voice.say(prompt)
        self._voice.heard()
        while stamp(self.file) in (self._seen, None):
            if not self._listens:
                time.sleep(EACH_S)
                continue
            try:
                line = self._voice.keyboard.line(EACH_S)
            except EOFError:
                if self._voice.talks:  # Ctrl-D
                    return "q"
                self._listens = False
                continue
            if line is not None:
                self._voice.heard(1)
                return line
        return SAVED
