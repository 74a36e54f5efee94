"""Whether a program sleeps where nobody wakes it: outside of all the calls that are recorded, or in one of them for long.

In lock-step a program that waits for our server is told when nothing can come. One that sleeps elsewhere (time.sleep, a
lock that nobody releases) tells nobody; but it can be seen from outside. In LOOKS looks, one after another, each of its
threads and of those of its children was asleep, none of them was inside a recorded call, and no call had been added. Who
is inside of one may have a timeout, which ends that; so four times as many looks are needed then.

It is a number of looks, not a time: where a machine is busy, a program that has something to do stands in the queue for a
processor, and that is no sleep (proc(5), "State"); and we look later, too. What /proc does not tell is no sleep, either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tracedemo.recorders.inprocess.progress import progress

PROC = Path("/proc")
LOOK_S = 0.25
"""Seconds between two looks."""
LOOKS, LOOKS_INSIDE = 12, 48
"""Looks in a row that must show the same: outside of recorded calls, and inside of one."""

_SLEEPING = ("S", "Z")
"""Interruptible sleep; and a child that has ended, and whom nobody has asked for."""


class Stillness(NamedTuple):
    """A program that is asleep."""

    calls: tuple[tuple[str, int], ...]
    """How many calls were made by now, by spool."""
    inside: bool
    """One of them has not returned."""


@contextmanager
def noticing(pid: int, folder: Path, tell: Callable[[bool], None] | None) -> Iterator[None]:
    """Meanwhile call `tell`, once, when a program is found to sleep where nobody wakes it.

    Args:
        folder: where its spools are.
        tell: told whether it is inside of a recorded call; None: nobody wants to know.
    """
    if tell is None or not PROC.is_dir():
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(pid, folder, tell, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(pid: int, folder: Path, tell: Callable[[bool], None], over: threading.Event) -> None:
    before: Stillness | None = None
    same = 0
    while not over.wait(LOOK_S):
        now = stillness(pid, folder)
        same = same + 1 if now is not None and now == before else 0
        before = now
        if now is not None and same >= (LOOKS_INSIDE if now.inside else LOOKS):
            tell(now.inside)
            return


def stillness(pid: int, folder: Path) -> Stillness | None:
    """What does not change as long as a program is asleep; None: it is not, or who knows."""
    try:
        if not _all_asleep(pid):
            return None
        found = {path.name: progress(path) for path in sorted(folder.glob("*.spool"))}
    except (OSError, ValueError):  # it has ended meanwhile
        return None
    known = {name: one for name, one in found.items() if one is not None}
    if not found or len(known) < len(found):
        return None
    calls = tuple((name, one.calls) for name, one in known.items())
    return Stillness(calls, any(one.inside for one in known.values()))


def _all_asleep(pid: int) -> bool:
    """Whether all threads of a process and of its children, and of theirs, are asleep at this moment."""
    for task in (PROC / str(pid) / "task").iterdir():
        # "pid (name) state ...": the name may hold anything (proc(5)).
        state = (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2][:1]
        if state not in _SLEEPING:
            return False
        children = (task / "children").read_text(encoding="ascii").split()
        if not all(_all_asleep(int(child)) for child in children):
            return False
    return True
