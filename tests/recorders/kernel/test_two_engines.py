"""strace against our own engine: two tracers that share no way of seeing tell the same story; and the join holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import pytest

from tests.recorders.conftest import Record
from tests.recorders.inprocess.test_witness import SCRIPTS
from tracedemo.analysis.join import join
from tracedemo.events import KERNEL, Event, Trace
from tracedemo.recorders.kernel.lane import FORKS
from tracedemo.runner import RunOptions, run, variant_target
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant, by_name

pytestmark = [pytest.mark.strace, pytest.mark.ptrace]

SINGLE = ("blocking", "nonblocking", "selector")
"""Variants of one thread: with several, which of them looks a name up first is not in anybody's hands."""


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    """A run of each variant before all others: it writes the bytecode of modules that nobody has imported here before."""
    for variant in VARIANTS:
        recorded(variant, "strace", requests=1)


Told = tuple[str, str, Any, str | None, int | None]


def recorded(variant: Variant, engine: str, *, host: str | None = None, **options: Any) -> Trace:
    """Three fetches under an engine, paced by cause."""
    server = ServerOptions(pace="lockstep", nonce="n")
    done = run(
        variant_target(variant),
        RunOptions(
            **{"kernel": engine, "capture": True, "requests": 3, "host": host, "server": server} | options
        ),
    )
    assert (0, "") == (done.exit_code, done.complaints)
    assert {} == done.trace.header.dropped
    assert engine == done.trace.header.engine
    return done.trace


def threads(trace: Trace) -> list[list[Told]]:
    """What each thread asked of the kernel, in order: without the tool's own, and without what no two runs share."""
    found = join(trace)
    assert found is not None
    events, tool = trace.hold(), set(found.tool)
    lanes: dict[int, list[Event]] = {}
    for row, event in enumerate(events):
        if event.lane == KERNEL and row not in tool:
            lanes.setdefault(event.tid, []).append(event)
    port = str(trace.header.server.get("address", "")).rpartition(":")[2]
    return [told(rows, port) for rows in lanes.values()]


def told(rows: Sequence[Event], port: str) -> list[Told]:
    """Calls with their arguments; descriptors are numbered by their first use in the thread, which is all that is sure."""
    story = []
    for event in rows:
        text = repr(dict(event.args)).replace(port or "no port", "PORT")
        text = re.sub(r"(127\.0\.0\.1|\[::1\]):\d{4,5}", r"\1:LOCAL", text)
        text = re.sub(r"tracedemo-\w+|(?<=/)\d+(?=\.spool)|(?<=:\[)\d+(?=\])|(?<=/proc/)\d+", "OWN", text)
        text = re.sub(r"(?<='timeout': )[1-9]\d{2,}", "LEFT", text)  # what is left of a deadline
        result = "a thread" if event.op in FORKS else event.result
        story.append((event.op, text, result, event.errno, event.bytes))
    return story


def unnumbered(story: Sequence[Told]) -> list[Told]:
    """The same with descriptors named in the order in which this thread used them."""
    names: dict[str, str] = {}

    def name(number: str) -> str:
        return names.setdefault(number, f"fd{len(names)}")

    made = ("socket", "openat", "epoll_create1", "accept4")
    return [
        (op, re.sub(r"(?<='fd': )\d+", lambda match: name(match[0]), text),
         name(str(result)) if op in made and result is not None else result, errno, moved)
        for op, text, result, errno, moved in story
    ]  # fmt: skip


Stories = Sequence[Sequence[Told]]


def differences(ours: Stories, theirs: Stories) -> list[str]:
    """Where two tellings part, thread by thread: the first two calls that are not the same."""
    found = [] if len(ours) == len(theirs) else [f"{len(ours)} threads, {len(theirs)} threads"]
    for one, other in zip(ours, theirs, strict=False):
        pairs = zip_longest(one, other)
        parting = next(((number, *pair) for number, pair in enumerate(pairs) if pair[0] != pair[1]), None)
        if parting is not None:
            found.append("call {}: {}, but {}".format(*parting))
    return found


def unnamed(call: Told) -> Told:
    """Without the names of temporary files, which no two runs share."""
    return (call[0], re.sub(r"/(?:tmp)?[a-z0-9_]{8}(?=')", "/temporary", call[1]), *call[2:])


@pytest.mark.parametrize(
    "variant", [one for one in VARIANTS if one.name != "upload"], ids=lambda variant: variant.name
)
def test_variants(variant: Variant) -> None:
    """Both engines see the same calls, in the same order, with the same arguments, results and errnos.

    Not of `upload`: how much of a body the kernel takes at once is no two times the same.
    """
    ours, theirs = (threads(recorded(variant, engine)) for engine in ("ptrace", "strace"))

    assert sum(map(len, theirs)) > 200  # the start of the interpreter alone
    if len(theirs) > 1:  # who of the threads gets which descriptor is up to the scheduler
        ours, theirs = (sorted(map(unnumbered, stories), key=repr) for stories in (ours, theirs))
    assert [] == differences(ours, theirs)


@pytest.mark.parametrize("name", SINGLE)
def test_names(name: str) -> None:
    """So they do where a name is looked up, with its files, its AF_UNIX sockets and its errors."""
    variant = by_name(name)
    assert variant is not None
    ours, theirs = (threads(recorded(variant, engine, host="localhost")) for engine in ("ptrace", "strace"))

    assert [] == differences(ours, theirs)
    assert any(op == "connect" and "unix:" in text for op, text, *_ in theirs[0])


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - {"sendall of 2 MB", "threads", "fork", "unclosed"}))
def test_scripts(name: str, record: Record) -> None:
    """And for what no variant does: timeouts, datagrams, messages, poll and select, dup, sendfile."""
    found = []
    for engine in ("ptrace", "strace"):
        done = record(SCRIPTS[name], kernel=engine)
        assert (0, "") == (done.exit_code, done.complaints)
        assert {} == done.trace.header.dropped
        found.append([[unnamed(each) for each in story] for story in threads(done.trace)])

    assert [] == differences(*found)


@pytest.mark.parametrize("engine", ["strace", "ptrace"])
@pytest.mark.parametrize("requests", [1, 100])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_join(variant: Variant, requests: int, engine: str) -> None:
    """Every system call on a socket, poll or epoll after the start lies under one Python call of its thread."""
    # In lock-step a hundred threads take turns; by the clock, others ask more often the busier the machine is.
    paced = {"server": ServerOptions(delay_ms=3, gap_ms=1)} if variant.name == "threads" else {}
    trace = recorded(variant, engine, requests=requests, **paced)
    found = join(trace)

    assert found is not None
    assert () == found.unmatched
    assert found.matched >= (5 * requests if variant.fetches else 2)
    events = trace.hold()
    for row, above in found.parent.items():
        call = events[above]
        assert (events[row].pid, events[row].tid) == (call.pid, call.tid)


@pytest.mark.parametrize("engine", ["strace", "ptrace"])
def test_join_of_eight_threads(engine: str, record: Record) -> None:
    """Eight threads that send and receive at once keep their system calls to themselves."""
    done = record(
        """
        import socket, threading
        def talk(number):
            left, right = socket.socketpair()
            for _ in range(200):
                left.send(b"x" * number), right.recv(100)
            left.close(), right.close()
        threads = [threading.Thread(target=talk, args=(number,)) for number in range(1, 9)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        """,
        kernel=engine,
    )
    trace = done.trace
    found = join(trace)

    assert (0, "") == (done.exit_code, done.complaints)
    assert found is not None
    assert () == found.unmatched
    assert found.matched >= 8 * 400
    events = trace.hold()
    for row, above in found.parent.items():
        if events[row].op == "sendto":
            assert (events[row].tid, events[row].result) == (events[above].tid, events[above].result)
