"""Nobody is left behind: what a tracer that was killed leaves running is ended.

Theory
    A seccomp filter stays with a process for good. When strace before 6.6 is killed, the processes that it traced run on,
    and each system call that the filter hands to a tracer fails with ENOSYS: the program is broken, and nobody waits for
    it. So we take the orphans of our children (PR_SET_CHILD_SUBREAPER, prctl(2)), and when the tracer has ended, end what
    it has left: our new children that were started with the variables of this run, and all below them. After a tracer
    that ends by itself there are none, since it waits for all that it traces.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SET_SUBREAPER, _GET_SUBREAPER = 36, 37
PROC = Path("/proc")


@contextmanager
def adopting(*, wanted: bool) -> Iterator[None]:
    """Meanwhile children of our children become ours when their parent dies."""
    if not wanted or not sys.platform.startswith("linux"):
        yield
        return
    import ctypes

    libc = ctypes.CDLL(None)
    before = ctypes.c_int()
    libc.prctl(_GET_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    libc.prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_SET_SUBREAPER, before.value, 0, 0, 0)


def end_orphans(folder: Path) -> int:
    """End what is left of a run, and give how many processes that were.

    Args:
        folder: of the run; the target's environment names it.
    """
    ended = 0
    while roots := [
        pid for pid, parent in _parents().items() if parent == os.getpid() and _is_of(pid, folder)
    ]:
        for pid in _below(roots):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                ended += 1
        for pid in roots:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return ended


def _below(roots: list[int]) -> list[int]:
    """These processes and all their descendants."""
    parents = _parents()
    found = list(roots)
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid and child not in found)
    return found


def _parents() -> dict[int, int]:
    """The parent of each process that there is."""
    parents = {}
    for path in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name stands in parentheses, and may hold some.
            parents[int(path.parent.name)] = int(path.read_bytes().rpartition(b")")[2].split()[1])
    return parents


def _is_of(pid: int, folder: Path) -> bool:
    with suppress(OSError):
        return b"TRACEDEMO_HOOK_FOLDER=" + os.fsencode(folder) in (PROC / f"{pid}/environ").read_bytes()
    return False
