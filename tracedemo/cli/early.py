"""The first page of the log of a long file, shown before the file has been read.

A file of millions of calls takes a minute to be read, and who asks for its log wants to see its beginning, in `less` or by
`head`. So the beginning is read by itself, and of its log the first page is shown, if all of it is certain. What is shown
then is compared to it; and when the reader of the pipe goes away, nothing more is read.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from tracedemo import tracefile
from tracedemo.cli.present import Wish, screen
from tracedemo.render import VIEWS

LONG = 8 << 20
"""Bytes of a file from which on this is worth while: a smaller one is read in a part of a second."""
ROWS = 12_000
"""Rows that are read first: more than a page, and little enough to be quick."""


def show_beginning(files: Sequence[Path], wish: Wish, stream: IO[str]) -> list[str]:
    """Print the first lines of a log; they are given back, and are none where it must wait for the whole."""
    is_log = wish.views == (VIEWS["log"],) and wish.format == "table"
    if len(files) != 1 or not is_log or wish.only or wish.unfold or wish.startup or wish.files:
        return []
    console, options = screen(stream, unfold=False, only=None)
    if console is not None or options.width is not None or not _is_long(files[0]):
        return []
    from tracedemo.analysis.beginning import certain
    from tracedemo.analysis.identity import lacks_any
    from tracedemo.analysis.study import Study

    trace = tracefile.read_beginning(files[0], ROWS)
    if trace is None or not len(trace) or lacks_any(trace):
        return []
    study = Study(trace)
    lines = VIEWS["log"].beginning(study, options, certain(study))
    stream.writelines(lines)
    stream.flush()
    return lines


def _is_long(path: Path) -> bool:
    try:
        return path.stat().st_size >= LONG
    except OSError:
        return False


def watcher(stream: IO[str]) -> Callable[[], None] | None:
    """What finds out that nobody reads a stream any more; None: that cannot be seen here."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
    except (AttributeError, OSError, ValueError):  # Windows has no poll, and a stream in memory no descriptor
        return None

    def look() -> None:
        if any(mask & select.POLLERR for _, mask in poll.poll(0)):
            raise BrokenPipeError

    return look
