"""The trace file: a Trace as JSON lines, and back.

Format 1 (docs/trace-format.md)
    a header line, one line an event in order of `t0`, one line a source file, and an end line with the number of events
    and the checksum (CRC-32) of all bytes before it. Empty lines do not count.
    Fields equal to their default are left out. Readers accept fields that they do not know and fields that are missing.

History
    1   2026-11  first format

What cannot be read is never lost silently: `read` gives what came before the broken line, and says which line it was.

    writing     write(trace, path), lines(trace), event_line(event)
    reading     read(path), parse(file), read_beginning(path, rows)
    pattern     a line as it is written here, taken apart at once
    fields      what a field may hold
    header      the first line
    portable    a file that tells nothing of the machine that wrote it
"""

from __future__ import annotations

from tracedemo.tracefile.reading import Loaded, parse, read, read_beginning
from tracedemo.tracefile.writing import FORMAT, event_line, header_line, lines, write

__all__ = [
    "FORMAT",
    "Loaded",
    "event_line",
    "header_line",
    "lines",
    "parse",
    "read",
    "read_beginning",
    "write",
]
