"""What fits: arithmetic on made-up machines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracedemo.scale.limits import (
    MOST_SERVERS,
    SPARE_FILES,
    Machine,
    brakes,
    servers_for,
    waiting_room,
    walls,
)

ROOMY = Machine(
    files_soft=1 << 20,
    files_hard=1 << 20,
    ports=(1024, 65535),
    backlog=4096,
    memory=1 << 40,
    threads=1 << 22,
    threads_limit="kernel.pid_max",
    maps=1 << 24,
    loopbacks=8,
)
numbers = st.integers(1, 1 << 22)
machines = st.builds(
    Machine,
    files_soft=st.none() | numbers,
    files_hard=st.none() | numbers,
    ports=st.none() | st.tuples(st.integers(1, 30_000), st.integers(30_000, 65_535)),
    backlog=st.none() | numbers,
    memory=st.none() | st.integers(0, 1 << 42),
    threads=st.none() | numbers,
    threads_limit=st.sampled_from(["kernel.threads-max", "pids.max"]),
    maps=st.none() | numbers,
)


def test_lowest_wall_is_first():
    """Of a machine whose hard limit of open files is 20,000 that is the wall, and the remedy names what to type."""
    wall = walls(ROOMY._replace(files_hard=20_000))[0]

    assert ("open files", 20_000 - SPARE_FILES) == (wall.name, wall.most)
    assert "20,000 for a process" in wall.sentence
    assert "19,936 fetches at once" in wall.sentence
    assert "ulimit -Hn 65536" in wall.remedy
    assert "--processes 2" in wall.remedy


def test_two_processes_have_twice_as_many_files():
    """The descriptors of several client processes add up."""
    machine = ROOMY._replace(files_hard=20_000)

    assert 2 * (20_000 - SPARE_FILES) == walls(machine, processes=2)[0].most


def test_ports_are_a_wall():
    """Where the kernel hands out a hundred local ports, each server has nine tenths of them."""
    wall = walls(ROOMY._replace(ports=(40_000, 40_099)))[0]

    assert ("local ports", 90 * MOST_SERVERS) == (wall.name, wall.most)
    assert "40000 to 40099" in wall.value
    assert "ip_local_port_range" in wall.remedy


def test_memory_is_a_wall():
    """With 100 MiB there is room for some thousand sockets, and for fewer threads, or recorded ones."""
    small = ROOMY._replace(memory=100 << 20)
    bare, recorded, threads = (
        walls(small, recorded=False)[0],
        walls(small)[0],
        walls(small, threads=True)[0],
    )

    assert {"memory"} == {wall.name for wall in (bare, recorded, threads)}
    assert bare.most > recorded.most > threads.most > 100


def test_threads_are_a_wall_of_threads_only():
    """A limit of threads is named where each fetch has one, with the sysctl that moves it; elsewhere it is none."""
    few = ROOMY._replace(threads=1000)

    assert ("threads", 500) == walls(few, threads=True)[0][::2]
    assert "sysctl -w kernel.pid_max=4000" in walls(few, threads=True)[0].remedy
    assert "threads" not in [wall.name for wall in walls(few)]


def test_threads_of_a_container_are_its_owners_affair():
    """The limit of a control group is moved by whoever made the group."""
    wall = walls(ROOMY._replace(threads=1000, threads_limit="pids.max"), threads=True)[0]

    assert "sysctl" not in wall.remedy


def test_thread_takes_two_maps():
    """A process with 65,530 regions of memory has room for about half as many threads."""
    wall = walls(ROOMY._replace(maps=65_530), threads=True)[0]

    assert ("regions of memory", 32_265) == (wall.name, wall.most)


def test_nothing_known_is_no_wall():
    """A machine that says nothing has no wall that we know."""
    assert () == walls(Machine(), threads=True)


def test_servers_share_a_backlog():
    """So many servers are started that none has more waiting than its backlog holds."""
    assert [1, 1, 2, 5, MOST_SERVERS] == [
        servers_for(fetches, ROOMY) for fetches in (10, 4096, 4097, 19_500, 10**6)
    ]


def test_small_backlog_is_a_brake():
    """Where more come at once than can wait, it is said what happens, and how to mend it; elsewhere nothing is said."""
    small = ROOMY._replace(backlog=128)

    assert 128 == waiting_room(small)
    (said,) = brakes(10_000, small)
    assert "1,024 connections can wait" in said
    assert "somaxconn is 128" in said
    assert [] == list(brakes(1000, small))


@given(machines, st.booleans(), st.integers(1, 8))
def test_walls_are_in_order(machine: Machine, threads: bool, processes: int):
    """Whatever a machine says, the lowest wall comes first, none lets fewer than no fetch through by more than rounding,
    and each says what to do.
    """
    found = walls(machine, threads=threads, processes=processes)

    assert [wall.most for wall in found] == sorted(wall.most for wall in found)
    assert all(wall.name and wall.value and wall.remedy.endswith((".", *"0123456789", '"')) for wall in found)


@given(machines, st.integers(1, 10**6))
def test_some_server_is_started(machine: Machine, fetches: int):
    """There is always a server, and never more than are allowed."""
    assert 1 <= servers_for(fetches, machine) <= MOST_SERVERS
