"""Wait for a file to be saved, or for a line to be typed.

The file's time and size are looked at again and again: that works on every file system, also where those who wait for
news of the kernel hear none (network drives, Windows folders under Linux).
"""

from __future__ import annotations

import time
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


def await_save(voice: Voice, path: Path, prompt: str, before: tuple[int, int] | None = None) -> str:
    """A line that was typed, or SAVED; where nobody types, only that.

    Args:
        before: the file's stamp when it was looked at last; None: as it is now.
    """
    before = before or stamp(path)
    voice.say(prompt)
    voice.heard()
    listens = True
    while stamp(path) in (before, None):
        if not listens:
            time.sleep(EACH_S)
            continue
        try:
            line = voice.keyboard.line(EACH_S)
        except EOFError:
            if voice.talks:  # Ctrl-D
                return "q"
            listens = False
            continue
        if line is not None:
            return line
    return SAVED
