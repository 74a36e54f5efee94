"""A file in memory for the spool, with nothing taken from the program: no low descriptor, no module of its own time."""

import itertools
import mmap
import os
import sys

HIGH = 250
"""The tool's own descriptors lie from here on."""


class suppress:  # noqa: N801  # contextlib costs 2 ms of start-up in every traced program
    """contextlib.suppress, for a place where contextlib may not be imported yet."""

    def __init__(self, kind: type[BaseException]) -> None:
        self.kind = kind

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: "type[BaseException] | None", *_: object) -> bool:
        return kind is not None and issubclass(kind, self.kind)


def map_file(folder: str, size: int) -> "mmap.mmap":
    """Map a new spool file, without taking a low descriptor from the program.

    A map keeps a duplicate of its descriptor, and the kernel hands out the lowest free number: the program's first
    socket would be fd 4 instead of 3. Python 3.13 can do without it. Before, we hold the low numbers while the
    duplicate is made.
    """
    if not folder:
        return mmap.mmap(-1, size)
    fd = _new_file(os.path.join(folder, str(os.getpid())))
    held = [fd]
    try:
        os.truncate(fd, size)
        if sys.version_info >= (3, 13):
            return mmap.mmap(fd, size, trackfd=False)
        with suppress(
            OSError
        ):  # a process that may have few descriptors has the highest but one taken, and not the top
            while held[-1] < HIGH:
                held += os.pipe()  # two at once
        with suppress(OSError):
            held.append(os.dup(fd))
        if held[2:]:
            os.close(held.pop(-2))
        return mmap.mmap(fd, size)
    finally:
        _close_all(held)


def _close_all(numbers: "list[int]") -> None:
    """Close descriptors; those in a row at once, which is one system call where there is close_range(2)."""
    numbers = sorted(numbers)
    first = 0
    for place, number in enumerate(numbers):
        if place + 1 == len(numbers) or numbers[place + 1] != number + 1:
            os.closerange(numbers[first], number + 1)
            first = place + 1


def _new_file(start: str) -> int:
    """A descriptor of a new file; a number is added to its name when an earlier process had the same pid."""
    for ending in itertools.chain([""], map("-{}".format, itertools.count(2))):
        with suppress(FileExistsError):
            return os.open(f"{start}{ending}.spool", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    raise AssertionError
