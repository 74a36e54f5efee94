"""Nobody is left behind: what a tracer that was killed leaves running is ended.

Theory
    A seccomp filter stays with a process for good. When strace before 6.6 is killed, the processes that it traced run on,
    and each system call that the filter hands to a tracer fails with ENOSYS: the program is broken, and nobody waits for
    it. So we take the orphans of our children (PR_SET_CHILD_SUBREAPER, prctl(2)), and when the tracer has ended, end what
    it has left: our new children that were started with the variables of this run, or under a seccomp filter that we do not
    have, and all below them. After a tracer that ends by itself there are none, since it waits for all that it traces.

    It also waits for what the program leaves behind on purpose, a daemon for example, long after the program itself has
    ended. Whoever does not want to wait says so with Ctrl-C: then that is ended, too, as it cannot go on without a tracer.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracedemo.recorders.inprocess.decode import root_of, spool_heads

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
    own = set(_children())
    libc.prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_SET_SUBREAPER, before.value, 0, 0, 0)
        for pid in set(_children()) - own:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # the dead among those that were adopted


def _children() -> list[int]:
    return [pid for pid, parent in _parents().items() if parent == os.getpid()]


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
        if b"TRACEDEMO_HOOK_FOLDER=" + os.fsencode(folder) in (PROC / f"{pid}/environ").read_bytes():
            return True
        return _is_filtered(pid) and not _is_filtered(os.getpid())
    return False


def _is_filtered(pid: int) -> bool:
    """Whether a process runs under a seccomp filter, which it has for good (proc_pid_status(5))."""
    return b"\nSeccomp:\t2\n" in (PROC / f"{pid}/status").read_bytes()


def left_behind(tracer: int, folder: Path) -> list[int]:
    """What still runs under a tracer when the program itself has ended; empty as long as that runs, or without a tracer."""
    root = root_of(spool_heads(folder), tracer)
    if root is None or root.pid == tracer:
        return []
    traced = _traced_by(tracer)
    return [] if root.pid in traced else traced


def _traced_by(tracer: int) -> list[int]:
    """Processes that a tracer follows, wherever they stand in the tree (proc_pid_status(5))."""
    mark, found = f"\nTracerPid:\t{tracer}\n".encode(), []
    for path in PROC.glob("[0-9]*/status"):
        with suppress(OSError):
            if mark in path.read_bytes():
                found.append(int(path.parent.name))
    return found


LOOK_MS = 1000
"""Milliseconds after which somebody who waits is told what for."""

Tell = Callable[[str], None]


def wait_telling(tracer: int, folder: Path, tell: Tell) -> None:
    """Wait for the end of a tracer, which is not reaped; when the program has ended long before, say who is still there."""
    if not hasattr(os, "pidfd_open"):
        return
    fd = os.pidfd_open(tracer)
    try:
        ended = select.poll()
        ended.register(fd, select.POLLIN)
        told = False
        while not ended.poll(LOOK_MS):
            left = [] if told else left_behind(tracer, folder)
            if left:
                told = True
                tell(
                    f"the program has ended, and has left {_processes(left)} behind: waiting (Ctrl-C ends them)"
                )
    finally:
        os.close(fd)


def _processes(pids: list[int]) -> str:
    return f"process {pids[0]}" if len(pids) == 1 else f"{len(pids)} processes"
