"""What fits on a machine: pure arithmetic on numbers that were read once (`machine`).

Each wall is a limit, what it holds, how many fetches at once it lets through, and how it is moved. The lowest one is the
one that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

SPARE_FILES = 64
"""Descriptors that a process needs besides its sockets: files, the loop's own, the tool's."""
MOST_SERVERS = 8
"""Server processes at most: more of them take the processors away from what is measured."""
LISTENS_FOR = 4096
"""Connections that a server of ours lets wait at most (its backlog)."""
PORTS_SHARE = 0.9
"""Part of the local ports that is counted on: others use them, too."""
MEMORY_SHARE = 0.8
"""The same of the memory that is available ..."""
THREADS_SHARE = 0.5
"""... and of the threads that the machine can have."""

SOCKET_BYTES = 20 << 10
"""Memory of a fetch, on both sides together: our socket, the server's, the kernel's for both."""
THREAD_BYTES = 128 << 10
"""Memory of a thread that waits: of its stack what was touched, and the kernel's own."""
RECORDED_BYTES = 24 << 10
"""Memory of a recorded fetch: in the spool, and as rows of a Trace."""
MAPS_PER_THREAD = 2
"""Regions of memory that a thread's stack takes: itself, and its guard."""


class Machine(NamedTuple):
    """What a machine allows; None: no limit, or none that could be read."""

    files_soft: int | None = None
    """Open files of a process, as programs get them ..."""
    files_hard: int | None = None
    """... and as far as they may raise it themselves."""
    ports: tuple[int, int] | None = None
    """First and last local port that the kernel hands out."""
    backlog: int | None = None
    """Connections that may wait for accept() on one listener (net.core.somaxconn)."""
    memory: int | None = None
    """Bytes that programs can have without swapping."""
    threads: int | None = None
    """Threads of all programs together."""
    threads_limit: str = ""
    """Which limit that is."""
    maps: int | None = None
    """Regions of memory of a process (vm.max_map_count)."""
    loopbacks: int = 1
    """Loopback addresses that can be listened on, as far as they are needed."""


class Wall(NamedTuple):
    """One limit."""

    name: str
    """In two words."""
    value: str
    """What it is set to, and where, a clause."""
    most: int
    """Fetches at once that it lets through."""
    remedy: str
    """How to move it, a sentence."""

    @property
    def sentence(self) -> str:
        """All of it."""
        return f"{self.most:,} fetches at once, by {self.name}: {self.value}"


def servers_for(fetches: int, machine: Machine) -> int:
    """How many servers share the work: none has more connections waiting than its backlog holds, or more than it has
    descriptors for; but at most MOST_SERVERS.
    """
    share = min(waiting_room(machine), _files(machine) or LISTENS_FOR)
    return max(1, min(MOST_SERVERS, -(-fetches // max(share, 1))))


def waiting_room(machine: Machine) -> int:
    """Connections that may wait on one server."""
    return LISTENS_FOR if machine.backlog is None else min(LISTENS_FOR, machine.backlog)


def _files(machine: Machine) -> int | None:
    """Sockets that a process can have; None: any number."""
    return None if machine.files_hard is None else max(machine.files_hard - SPARE_FILES, 0)


def walls(
    machine: Machine, *, threads: bool = False, processes: int = 1, recorded: bool = True
) -> tuple[Wall, ...]:
    """All limits that stand somewhere, the lowest first.

    Args:
        threads: each fetch has a thread of its own.
        processes: client processes among which the fetches are shared out.
        recorded: the run is recorded, too.
    """
    found = [*_of_files(machine, processes), *_of_ports(machine), *_of_memory(machine, threads, recorded)]
    if threads:
        found += _of_threads(machine, processes)
    return tuple(sorted(found, key=lambda wall: wall.most))


def _of_files(machine: Machine, processes: int) -> Iterator[Wall]:
    files = _files(machine)
    if files is None:
        return
    hard = machine.files_hard or 0
    value = (
        f"{hard:,} for a process, of which {SPARE_FILES} are for other things (hard limit of RLIMIT_NOFILE)"
    )
    more = f"; or share the fetches out: --processes {processes + 1}"
    yield Wall(
        "open files", value, files * processes, f"Raise it as root: ulimit -Hn {max(hard * 2, 65536)}{more}"
    )
    value = f"{MOST_SERVERS} servers with {hard:,} each (hard limit of RLIMIT_NOFILE)"
    yield Wall("open files of the servers", value, files * MOST_SERVERS,
               f"Raise it as root: ulimit -Hn {max(hard * 2, 65536)}")  # fmt: skip


def _of_ports(machine: Machine) -> Iterator[Wall]:
    if machine.ports is None:
        return
    low, high = machine.ports
    each = int(max(high - low + 1, 0) * PORTS_SHARE)
    value = f"{high - low + 1:,} to each of {MOST_SERVERS} servers, {low} to {high} (net.ipv4.ip_local_port_range)"
    yield Wall("local ports", value, each * MOST_SERVERS,
               'Widen it as root: sysctl -w net.ipv4.ip_local_port_range="1024 65535"')  # fmt: skip


def _of_memory(machine: Machine, threads: bool, recorded: bool) -> Iterator[Wall]:
    if machine.memory is None:
        return
    each = SOCKET_BYTES + (THREAD_BYTES if threads else 0) + (RECORDED_BYTES if recorded else 0)
    value = (
        f"{machine.memory >> 20:,} MiB are available, and a fetch takes up to {each >> 10} KiB (MemAvailable)"
    )
    yield Wall(
        "memory", value, int(machine.memory * MEMORY_SHARE) // each, "End other programs, or add memory."
    )


def _of_threads(machine: Machine, processes: int) -> Iterator[Wall]:
    if machine.threads is not None:
        value = (
            f"{machine.threads:,} for all programs, of which we take half at most ({machine.threads_limit})"
        )
        remedy = f"Raise it as root: sysctl -w {machine.threads_limit}={machine.threads * 4}"
        if machine.threads_limit not in _SYSCTLS:
            remedy = "Raise it where this container or user is set up."
        yield Wall("threads", value, int(machine.threads * THREADS_SHARE), remedy)
    if machine.maps is not None:
        value = f"{machine.maps:,} for a process, and a thread takes {MAPS_PER_THREAD} (vm.max_map_count)"
        yield Wall("regions of memory", value, (machine.maps - 1000) // MAPS_PER_THREAD * processes,
                   f"Raise it as root: sysctl -w vm.max_map_count={machine.maps * 4}")  # fmt: skip


_SYSCTLS = frozenset({"kernel.threads-max", "kernel.pid_max"})


def brakes(fetches: int, machine: Machine) -> Iterator[str]:
    """Sentences about what does not stop anybody, but slows them down."""
    servers = servers_for(fetches, machine)
    room = servers * waiting_room(machine)
    if fetches > room:
        yield (
            f"backlog: {room:,} connections can wait for {servers} servers (net.core.somaxconn is {machine.backlog:,});"
            " of more that come at once some begin again after a second. Raise it as root:"
            f" sysctl -w net.core.somaxconn={LISTENS_FOR}"
        )
