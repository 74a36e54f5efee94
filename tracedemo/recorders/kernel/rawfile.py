"""The file that the tracer writes: records in frames, so that all whole frames are good, wherever the file was cut off.

    file    MAGIC frame*
    frame   u32 length, body      length & PACKED: the body is compressed
    body    marshal of a list of records

marshal, since the program stands still while the tracer packs: it is the fastest there is, and the file is read by the same
interpreter, from the folder of the run, which nobody else can write to.
"""

from __future__ import annotations

import marshal
import os
import zlib
from collections.abc import Iterator
from typing import Any

MAGIC = b"tracedemo ptrace 1\n"
PACKED = 1 << 31
BULKY = 2048
"""Bytes a record, on average, from which on a frame is compressed: those of a poll() over thousands of descriptors."""
NO_REFERENCES = 2
"""Version of marshal's format: later ones look for equal objects, which takes longer than writing them."""

Record = tuple[Any, ...]

# The first field of a record: a number of a system call, or one of these
HEADER, END, NOTE, FAILED, ENDED = -1, -2, -3, -4, -5
"""
    number, tid, pid, t0, t1, result, args, at entry, at exit, what      a system call; t1 None: it has not returned yet
    HEADER, machine, version of python-ptrace
    END, tid, status of waitpid
    NOTE, sentence
    FAILED, step, errno, text                                            the tracer gave up
    ENDED,                                                               it came to its end
"""


class Writer:
    """Writes records, a frame at a time.  A full disk ends the writing, not the program: the file then has no ENDED."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._full = False
        self._put(MAGIC)

    def write(self, records: list[Record]) -> None:
        """One frame."""
        body = marshal.dumps(records, NO_REFERENCES)
        packed = 0
        if len(body) > BULKY * len(records):
            body, packed = zlib.compress(body, 1), PACKED
        self._put((len(body) | packed).to_bytes(4, "little") + body)

    def _put(self, data: bytes) -> None:
        while data and not self._full:
            try:
                data = data[os.write(self._fd, data) :]
            except OSError:
                self._full = True


def records(data: bytes) -> Iterator[Record]:
    """All records of the whole frames of a file.

    Raises:
        ValueError: what stands in a frame is none of our records; those before it have been given.
    """
    if not data.startswith(MAGIC):
        if MAGIC.startswith(data):
            return
        raise ValueError("not a file of the ptrace engine")
    at = len(MAGIC)
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        end = at + 4 + (length & ~PACKED)
        if end > len(data):
            return
        body = data[at + 4 : end]
        try:
            yield from marshal.loads(zlib.decompress(body) if length & PACKED else body)  # noqa: S302  # see above
        except (EOFError, TypeError, zlib.error) as error:
            raise ValueError(f"a frame at byte {at} is damaged: {error}") from error
        at = end
