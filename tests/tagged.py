"""All processes that a command has started, told by a variable of their environment; for tests that leave nobody behind."""

from __future__ import annotations

import os
import select
from pathlib import Path

PATIENCE_MS = 30_000
"""A process that has not ended by then will not."""


def tagged(tag: str) -> list[int]:
    """Processes with this text in their environment; the dead have none."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if tag.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def state_of(pid: int) -> str:
    """The letter of proc_pid_stat(5): T and t are stopped; empty: it has ended."""
    try:
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()[0]
        )
    except OSError:
        return ""


def wait_until_gone(tag: str) -> list[str]:
    """Wait for the end of all that are tagged; gives those that do not end: number, state and command line."""
    while pids := tagged(tag):
        for pid in pids:
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            try:
                ended = select.poll()
                ended.register(fd, select.POLLIN)
                if not ended.poll(PATIENCE_MS):
                    return [described(one) for one in tagged(tag)]
            finally:
                os.close(fd)
    return []


def described(pid: int) -> str:
    """Number, state and command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        words = "ended meanwhile"
    return f"{pid} ({state_of(pid)}): {words}"
