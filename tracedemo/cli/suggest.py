"""The next thing worth typing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import IO

from tracedemo.cli import tell


def suggest(*commands: str, stream: IO[str] | None = None) -> None:
    """Print commands, in the words that work in this very shell.

    Args:
        commands: without the name of the program.
    """
    name = own_name()
    tell("\nNext: " + "\n      ".join(f"{name} {command}" for command in commands), stream)


def own_name() -> str:
    """`tracedemo` where the shell finds it; else the path by which we were started, as after scripts/demo."""
    if shutil.which("tracedemo"):
        return "tracedemo"
    started = Path(sys.argv[0])
    if started.name != "tracedemo" or not started.is_file():
        return "python -m tracedemo"
    try:
        nearby = os.path.relpath(started)
    except (OSError, ValueError):  # no folder that we stand in, or another drive
        return str(started)
    return str(started) if nearby.startswith("..") else nearby
