"""What the machine allows: descriptors for a variant, and a place with room for the spools."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracedemo.errors import MachineError
from tracedemo.runner.targets import RunOptions, Target
from tracedemo.variants import Variant

SPARE_DESCRIPTORS = 64
"""Descriptors a program needs besides one for each request: files, the loop's own, the tool's."""
ROOM_IN_MEMORY = 1 << 30
"""Bytes that must be free in /dev/shm before spools go there."""


@contextmanager
def room_for(target: Target, options: RunOptions) -> Iterator[None]:
    """Make sure that a variant gets the descriptors it needs: raise our own soft limit, which a child inherits, meanwhile.

    Raises:
        MachineError: the hard limit is too low, and the variant does not keep to what there is.
    """
    variant = target.variant
    wanted = _wanted(variant, options) if variant is not None else 0
    try:
        import resource
    except ImportError:  # Windows has no such limit
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        yield
        return
    if hard != resource.RLIM_INFINITY and wanted > hard and variant is not None and _CAP in variant.options:
        wanted = hard
    if hard != resource.RLIM_INFINITY and wanted > hard:
        message = (
            f"{options.requests:,} requests at once need {wanted:,} open files, and this machine allows a process"
            f" {hard:,} (hard limit of RLIMIT_NOFILE)"
        )
        most = max(hard - SPARE_DESCRIPTORS, 1)
        raise MachineError(
            message, f"Ask for at most -n {most}, or raise the limit as root: ulimit -Hn {wanted}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


_CAP = "--at-most"
"""A variant that has this option opens no more sockets than there is room for."""


def _wanted(variant: Variant, options: RunOptions) -> int:
    """Descriptors that a variant needs."""
    if not variant.at_once:
        return 0
    most = int(options.own.get(_CAP, options.requests)) if _CAP in variant.options else options.requests
    return min(most, options.requests) + SPARE_DESCRIPTORS


@contextmanager
def on_one_processor(*, wanted: bool) -> Iterator[None]:
    """Run on one processor, as a child then does: a tracer and its program take turns, and are five times faster
    when nobody has to wake up another processor for that (research: a stop costs 8 us on one, and up to 40 on two).
    """
    if not wanted or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(before)})
    except OSError:  # a container may forbid it; it is only slower then
        yield
        return
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def limits() -> dict[str, int]:
    """The limits in force, for the header."""
    try:
        import resource
    except ImportError:
        return {}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {"nofile": soft, "nofile_hard": hard}


def place_for_spools() -> str | None:
    """Where the spools go: into memory, where the system has a folder for that with room; None: where TMPDIR says.

    On a disk the first touch of each region of a new file waits for the file system: measured on ext4, 1 to 3 ms, inside
    the program's run. In memory it takes 10 us. A full spool takes 224 MiB.
    """
    folder = "/dev/shm"  # noqa: S108  # the run's own folder in it is made by tempfile
    if "TMPDIR" in os.environ or not os.access(folder, os.W_OK):
        return None
    disk = os.statvfs(folder)
    return folder if disk.f_bavail * disk.f_frsize > ROOM_IN_MEMORY else None


def slots_that_fit(slots: int, folder: Path) -> int:
    """Fewer slots where the disk is nearly full: a page that cannot be written kills the program (SIGBUS)."""
    if not hasattr(os, "statvfs"):
        return slots
    disk = os.statvfs(folder)
    while slots > 1 << 12 and slots * 300 > disk.f_bavail * disk.f_frsize // 2:
        slots >>= 1
    return slots
