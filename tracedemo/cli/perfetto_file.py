"""Writes a file for Perfetto, packed or not."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from tracedemo.analysis.study import Study
from tracedemo.render.perfetto import Perfetto

LEVEL = 4
"""How hard gzip tries: a tenth is left of the text, and more takes twice as long for little."""
BLOCK = 1 << 16


def write(path: Path, studies: Sequence[Study]) -> tuple[str, ...]:
    """Write all runs into one file.  Returns what had no room in it, in sentences.

    Raises:
        OSError: it cannot be written.
    """
    perfetto = Perfetto(studies)
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            # Neither a name nor a time in it: the same run gives the same file.
            packed = gzip.GzipFile("", "wb", LEVEL, stream, mtime=0)
            stream = cast(BinaryIO, stack.enter_context(packed))
        waiting = bytearray()
        for part in perfetto.text():
            waiting += part.encode("utf-8")
            if len(waiting) >= BLOCK:
                stream.write(waiting)
                waiting.clear()
        stream.write(waiting)
    return perfetto.left_out
