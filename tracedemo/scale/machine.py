"""What this machine allows: read once, from the kernel's own files; what cannot be read is no limit that we know."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from pathlib import Path

from tracedemo.scale.limits import MOST_SERVERS, Machine

PROC = Path("/proc/sys")


def read_machine() -> Machine:
    """The limits in force."""
    soft, hard = _files()
    threads, which = _threads()
    ports = _numbers(PROC / "net/ipv4/ip_local_port_range")
    return Machine(
        files_soft=soft,
        files_hard=hard,
        ports=(ports[0], ports[1]) if len(ports) == 2 else None,
        backlog=_number(PROC / "net/core/somaxconn"),
        memory=_memory(),
        threads=threads,
        threads_limit=which,
        maps=_number(PROC / "vm/max_map_count"),
        loopbacks=_loopbacks(),
    )


def _numbers(path: Path) -> list[int]:
    with suppress(OSError, ValueError):
        return [int(word) for word in path.read_text(encoding="ascii").split()]
    return []


def _number(path: Path) -> int | None:
    found = _numbers(path)
    return found[0] if len(found) == 1 else None


def _files() -> tuple[int | None, int | None]:
    """Soft and hard limit of open files (getrlimit(2))."""
    try:
        import resource
    except ImportError:  # Windows
        return None, None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    none = resource.RLIM_INFINITY
    # macOS calls the hard limit infinite and does not mean it: OPEN_MAX counts there.
    most = 10_240 if sys.platform == "darwin" else None
    return (None if soft == none else soft), (most if hard == none else hard)


def _memory() -> int | None:
    """MemAvailable of /proc/meminfo (proc_meminfo(5)), or what is left of the group's own limit."""
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
        for limit, used in _GROUPS:
            most, now = _number(limit), _number(used)
            if most is not None and now is not None:
                free = min(free, max(most - now, 0))
        return free
    return None


_GROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
"""Limit and use of the group that a container is (cgroups(7)), of both versions."""


def _threads() -> tuple[int | None, str]:
    """Threads that may exist, and by which limit (proc_sys_kernel(5), cgroups(7))."""
    known = {
        "kernel.threads-max": _number(PROC / "kernel/threads-max"),
        "kernel.pid_max": _number(PROC / "kernel/pid_max"),
        "pids.max": _number(Path("/sys/fs/cgroup/pids.max")),
    }
    limits = {name: number for name, number in known.items() if number is not None}
    if not limits:
        return None, ""
    name = min(limits, key=limits.__getitem__)
    return limits[name], name


def _loopbacks() -> int:
    """How many of 127.0.0.1, 127.0.0.2 ... can be listened on: Linux has all of them, macOS the first."""
    for number in range(MOST_SERVERS):
        with socket.socket() as sock:
            try:
                sock.bind((f"127.0.0.{number + 1}", 0))
            except OSError:
                return max(number, 1)
    return MOST_SERVERS
