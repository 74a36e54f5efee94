"""The join: each system call under the Python call that made it, and none lost."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import MS, PID, TID, US, Story
from tracedemo.analysis.join import COUNTED, Join, Outside, join, reasons
from tracedemo.analysis.segments import is_call
from tracedemo.events import KERNEL, PYTHON, TRACER, Event, Trace


class Told(Story):
    """A story with system calls."""

    def made(self, op: str, at: int, took: int | None = 1, **fields: object) -> Event:
        """A system call."""
        known = {name: fields.pop(name) for name in list(fields) if name in Event._fields}
        known.setdefault("result", None if "errno" in known else 0)
        known.setdefault("fd", fields.get("fd"))
        return self.add(KERNEL, op, at, None if took is None else at + took, args=fields, **known)


def joined(story: Story) -> Join:
    found = join(story.raw())
    assert found is not None
    return found


def pairs(story: Story) -> list[tuple[str, str | None]]:
    """Of each system call its name, and that of the call above it."""
    trace, found = story.raw(), joined(story)
    return [
        (event.op, trace[found.parent[row]].op if row in found.parent else None)
        for row, event in enumerate(trace)
        if event.lane == KERNEL
    ]


def outside(story: Story) -> list[tuple[str, str]]:
    trace = story.raw()
    return [(trace[each.row].op, each.reason) for each in joined(story).outside]


# Where a system call belongs


def test_no_kernel_lane() -> None:
    """Without system calls there is nothing to join."""
    story = Story()
    story.socket(4)

    assert join(story.raw()) is None
    assert join(Trace()) is None


def test_under_its_call() -> None:
    """A system call lies under the call of its thread that was open when it was entered, its borders included."""
    story = Told()
    story.call("connect", 4, at=100, took=50)
    for at in (99, 100, 125, 150, 151):
        story.made("connect", at, fd=4)

    assert [None, "connect", "connect", "connect", None] == [above for _, above in pairs(story)]


def test_innermost() -> None:
    """Of calls within calls (a signal handler's) it is the innermost, and the outer one again when that has returned."""
    story = Told()
    story.call("recv", 4, at=100, took=100)
    story.call("send", 5, at=120, took=20)
    story.made("recvfrom", 110, fd=4)
    story.made("sendto", 130, fd=5)
    story.made("recvfrom", 150, fd=4)

    assert [("recvfrom", "recv"), ("sendto", "send"), ("recvfrom", "recv")] == pairs(story)


def test_threads_are_kept_apart() -> None:
    """A call of another thread is not looked at, whatever it does at that time."""
    story = Told()
    story.call("recv", 4, at=100, took=100)
    story.call("send", 5, at=100, took=100, tid=TID + 1)
    story.made("sendto", 110, fd=5, tid=TID + 1)
    story.made("recvfrom", 120, fd=4)

    assert [("sendto", "send"), ("recvfrom", "recv")] == pairs(story)


def test_entry_decides() -> None:
    """A system call whose return was stamped after that of its call, or never, still lies under it."""
    story = Told()
    story.call("recv", 4, at=100, took=50)
    story.made("recvfrom", 149, 100, fd=4)
    story.made("recvfrom", 150, None, fd=4)

    assert ["recv", "recv"] == [above for _, above in pairs(story)]


def test_another_program() -> None:
    """After execve() the calls of the program before will never return, and nothing is made by them any more."""
    story = Told()
    story.call("recv", 4, at=100, took=None)
    story.call("recv", 5, at=100, took=None, tid=TID + 1)
    story.made("recvfrom", 110, None, fd=4)
    story.made("execve", 120, fd=None)
    story.made("sendto", 130, fd=5)
    story.made("sendto", 140, fd=5, tid=TID + 1)

    assert ["recv", "recv", None, None] == [above for _, above in pairs(story)]


def test_call_that_never_returned() -> None:
    """What the program was killed in keeps the system call that it slept in."""
    story = Told()
    story.call("recv", 4, at=100, took=None)
    story.made("recvfrom", 110, None, fd=4)

    assert [("recvfrom", "recv")] == pairs(story)


def test_epoll_is_made_before_its_row() -> None:
    """An epoll_create1 right before the selector with its descriptor is the selector's; another one is not."""
    story = Told()
    story.made("epoll_create1", 90, result=3, fd=3)
    story.call("selector", 3, at=100)
    story.made("epoll_create1", 190, result=8, fd=8)
    story.call("selector", 9, at=200)
    story.made("epoll_create1", 290, result=7, fd=7)
    story.call("socket", 5, at=300)
    story.call("selector", 7, at=320)

    assert ["selector", None, None] == [above for _, above in pairs(story)]


def test_finalizer_closes_behind_its_row() -> None:
    """The close() after a row of a finalizer is its own: once, and for its descriptor only."""
    story = Told()
    for at, fd in ((100, 4), (200, 5)):
        story.call("close", fd, at=at, took=0, by="garbage collection")
        story.made("close", at + 10, fd=4)
        story.made("close", at + 20, fd=4)

    assert ["close", None, None, None] == [above for _, above in pairs(story)]


# What lies under none


def test_start_is_counted() -> None:
    """What a process makes before its first call is its start; the same after it is listed."""
    story = Told()
    story.made("openat", 10)
    story.made("socket", 20)
    story.socket(4, at=100)
    story.made("openat", 200)
    found = joined(story)

    assert (0, 1) == found.startup
    assert [("openat", "files, modules and output")] == outside(story)


def test_start_of_another_interpreter() -> None:
    """A process that calls execve() starts anew; a forked one does not."""
    story = Told()
    story.socket(4, at=10)
    story.made("execve", 20, pid=PID + 1, tid=PID + 1)
    story.made("openat", 30, pid=PID + 1, tid=PID + 1)
    story.made("getsockname", 30, pid=PID + 2, tid=PID + 2)
    for pid in (PID + 1, PID + 2):
        story.socket(4, at=100, pid=pid, tid=pid)
    trace = story.raw()

    assert ["execve", "openat"] == [trace[row].op for row in joined(story).startup]
    assert [("getsockname", "made in C, outside of Python's socket and selector interface")] == outside(story)


def test_process_without_python() -> None:
    """All of a program that makes no call is listed: nobody knows when its start was over."""
    story = Told()
    story.socket(4, at=10)
    story.made("execve", 20, pid=PID + 1, tid=PID + 1)
    story.made("connect", 30, pid=PID + 1, tid=PID + 1)

    assert () == joined(story).startup
    assert ["execve", "connect"] == [op for op, _ in outside(story)]


@pytest.mark.parametrize(
    ("op", "fields", "reason"),
    [
        ("clone3", {}, "a thread or a process is started"),
        ("write", {"fd": 1}, "files, modules and output"),
        ("connect", {"pid": PID + 7}, "its process made no call that was recorded: no Python, or not traced"),
        ("connect", {"tid": TID + 7}, "its thread made no call that was recorded"),
        ("connect", {}, "made in C, outside of Python's socket and selector interface"),
        ("ioctl", {"request": "FIONBIO"}, "made in C, outside of Python's socket and selector interface"),
        ("ioctl", {"request": "TCGETS"}, "files, modules and output"),
    ],
)
def test_reasons(op: str, fields: dict[str, object], reason: str) -> None:
    """Each system call under no call is listed with the reason."""
    story = Told()
    story.socket(4, at=10)
    story.made(op, 100, **fields)

    assert [(op, reason)] == outside(story)


def test_dropped_calls_are_a_reason() -> None:
    """Where calls of Python were dropped, that is said before all else."""
    story = Told(dropped={PYTHON: 5})
    story.socket(4, at=10)
    story.made("connect", 100)

    assert [("connect", "calls of Python were dropped, and it may have been under one of them")] == outside(
        story
    )


def test_most_frequent_reason_first() -> None:
    """Reasons are counted."""
    assert [("b", 2), ("a", 1)] == list(reasons([Outside(1, "a"), Outside(2, "b"), Outside(3, "b")]))


def test_tool() -> None:
    """What tracedemo itself makes, on its own files or under a row of its own, is neither the program's nor matched."""
    story = Told()
    story.socket(4, at=10)
    story.call("port", 4, at=100, took=50, mark=TRACER)
    story.made("getsockname", 110, fd=4)
    story.made("close", 200, mark=TRACER)
    found = joined(story)

    assert 2 == len(found.tool)
    assert (0, (), ()) == (found.matched, found.outside, found.unmatched)


# The match rate


def test_rate_of_all() -> None:
    """100 % is said only of all."""
    story = Told()
    story.connect(4, at=100, took=10)
    story.made("connect", 105, fd=4)
    found = joined(story)

    assert (1, 1, 1.0) == (found.matched, found.counted, found.rate)
    told = (
        "The one system call on sockets, polls and epolls after the start lies under a Python call (100 %)."
    )
    assert told == found.told


def test_rate_of_most() -> None:
    """One of 100,000 that does not match is not rounded away."""
    story = Told()
    story.connect(4, at=100, took=10)
    found = replace(joined_with(story), matched=99_999, unmatched=(Outside(0, "x"),))

    assert "99,999 of 100,000 system calls" in found.told
    assert "(99.99 %); 1 does not." in found.told


def joined_with(story: Told) -> Join:
    story.made("connect", 105, fd=4)
    return joined(story)


def test_nothing_to_match() -> None:
    """A run that only read files has no rate to speak of."""
    story = Told()
    story.socket(4, at=10)
    story.made("read", 100, fd=9)
    found = joined(story)

    assert (0, 1.0) == (found.counted, found.rate)
    assert "There were no system calls on sockets, polls and epolls after the start." == found.told


# Witnesses: a join that is wrong is noticed


@pytest.mark.parametrize("wrong", [{"tid": TID + 1}, {"t0": 201, "t1": 202}, {"t0": 99, "t1": 150}])
def test_what_is_moved_is_noticed(wrong: dict[str, int]) -> None:
    """A system call of another thread, or shifted out of its call's time, is unmatched, listed, and lowers the rate."""
    story = Told()
    story.socket(3, at=10)
    story.call("recv", 4, at=100, took=100)
    story.made("recvfrom", 150, fd=4)

    assert (1.0, ()) == (joined(story).rate, joined(story).outside)
    story.events[-1] = story.events[-1]._replace(**wrong)
    found = joined(story)
    assert (0.0, 1, 1) == (found.rate, len(found.outside), len(found.unmatched))
    assert "0 of 1 system call" in found.told


@pytest.mark.parametrize("shift", [-1 * MS, 1 * MS])
def test_clocks_apart_are_noticed(shift: int) -> None:
    """If the engine's clock were a millisecond off, hardly anything would match."""
    story = Told()
    for _ in range(100):
        story.call("recv", 4, took=10 * US, gap=3 * MS)
        at = story.events[-1].t0
        story.made("recvfrom", at + 2 * US + shift, fd=4)

    assert joined(story).rate == 0


def test_sure() -> None:
    """A thread of which all system calls were matched is sure; one with a stray one, and one that was not seen, is not."""
    story = Told()
    for tid in (TID, TID + 1, TID + 2):
        story.connect(4, at=100, took=10, tid=tid)
    story.made("connect", 105, fd=4)
    story.made("connect", 105, fd=4, tid=TID + 1)
    story.made("connect", 205, fd=4, tid=TID + 1)

    assert {(PID, TID)} == joined(story).sure
    story.header = replace(story.header, dropped={KERNEL: 1})
    assert not joined(story).sure


# All of it at once

OPS = (
    "recvfrom",
    "sendto",
    "read",
    "openat",
    "ioctl",
    "epoll_wait",
    "clone3",
    "close",
    "epoll_create1",
    "execve",
)


@st.composite
def runs(draw: st.DrawFn) -> Trace:
    """Calls within calls on several threads of two processes, and system calls anywhere."""
    story = Told(dropped={})
    for thread in range(draw(st.integers(1, 3))):
        pid = draw(st.sampled_from((PID, PID + 50)))
        tid = TID + thread
        for begin, end in draw(nested(0, 1000)):
            op = draw(st.sampled_from(("recv", "select", "close", "selector")))
            fields = draw(st.sampled_from(({}, {}, {"mark": TRACER}, {"importing": True}, {"by": "garbage"})))
            took = draw(st.sampled_from((end - begin, end - begin, end - begin, None)))
            story.call(op, 4, at=begin, took=took, tid=tid, pid=pid, **fields)
        for at in draw(st.lists(st.integers(-200, 1200), max_size=8)):
            mark = draw(st.sampled_from((None, None, None, TRACER)))
            story.made(draw(st.sampled_from(OPS)), at, fd=4, tid=tid, pid=pid, result=4, mark=mark)
    return story.raw()


@st.composite
def nested(draw: st.DrawFn, begin: int, end: int, depth: int = 0) -> list[tuple[int, int]]:
    """Intervals, one after the other or one within the other."""
    found: list[tuple[int, int]] = []
    cuts = sorted(draw(st.sets(st.integers(begin, end), max_size=6 if depth == 0 else 2)))
    for one, other in zip(cuts[::2], cuts[1::2], strict=False):
        found.append((one, other))
        if depth < 3 and other - one > 4:
            found.extend(draw(nested(one + 1, other - 1, depth + 1)))
    return found


def innermost(trace: Trace, row: int) -> int | None:
    """The same by looking at every call: of those that are open, the one that was begun last."""
    call = trace[row]
    above = None
    for number, event in enumerate(trace):
        begun = event.lane == PYTHON and event.tid == call.tid and number < row
        if begun and (event.t1 is None or call.t0 <= event.t1):
            above = number
    return above


@settings(deadline=None, max_examples=150)
@given(runs())
def test_every_system_call_is_somewhere_once(trace: Trace) -> None:
    """Those under a call of the program, those outside, those of a start and the tool's own are all, and none is two."""
    kernel = [row for row, event in enumerate(trace) if event.lane == KERNEL]
    found = join(trace)
    if found is None:
        assert not kernel
        return
    apart = [*(each.row for each in found.outside), *found.startup, *found.tool]
    under = [row for row in found.parent if row not in set(apart)]
    assert kernel == sorted([*apart, *under])
    assert sorted(found.parent) == sorted(row for rows in found.beneath.values() for row in rows)
    assert all(found.parent[row] == above for above, rows in found.beneath.items() for row in rows)
    assert set(found.unmatched) <= set(found.outside)
    assert found.matched == sum(_counts(trace[row]) for row in under if is_call(trace[found.parent[row]]))
    assert len(found.unmatched) == sum(_counts(trace[each.row]) for each in found.outside)


def _counts(event: Event) -> bool:
    return event.op in COUNTED


@settings(deadline=None, max_examples=150)
@given(runs())
def test_innermost_of_its_thread(trace: Trace) -> None:
    """Whatever is nested in whatever, time gives the innermost open call of the thread, as looking at all calls does."""
    found = join(trace)
    for row, event in enumerate(trace):
        if event.lane == KERNEL and found is not None:
            expected, above = innermost(trace, row), found.parent.get(row)
            if expected is None and above is not None:  # told by the descriptor
                assert {("epoll_create1", "selector"), ("close", "close")} >= {(event.op, trace[above].op)}
            else:
                assert expected == above


def many(count: int) -> Iterator[Trace]:
    """Runs of so many calls, each with three system calls; some never return, so that the stack does not empty."""
    for never in (False, True):
        story = Told()
        for number in range(count):
            unreturned = never and number % 10 == 0
            story.call("recv", 4, took=None if unreturned else 100, gap=50)
            at = story.events[-1].t0
            for step in (10, 20, 120):
                story.made("recvfrom", at + step, fd=4)
        yield story.raw()


def test_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a call is over is asked at most once for each row, and once more for each that is: also below calls that
    never return.
    """
    module = sys.modules["tracedemo.analysis.join"]
    asked: list[int] = []
    real = module._is_over
    monkeypatch.setattr(module, "_is_over", lambda end, now: asked.append(end) or real(end, now))
    for trace in many(1_000):
        asked.clear()
        assert join(trace) is not None
        assert 0 < len(asked) <= 2 * len(trace)


def script_run() -> Told:
    """An interpreter that starts, reads its script twice, and lets it run: it writes, and makes a call."""
    story = Told(kind="script", argv=("me.py",))
    story.made("execve", 0)
    story.made("openat", 10, path="lib.pyc", result=3)
    for at in (20, 30):
        story.made("openat", at, path="me.py", result=4)
        story.made("read", at + 2, fd=4)
        story.made("close", at + 4, fd=4)
    story.made("write", 40, fd=1)
    story.made("openat", 50, path="me.py", result=4)
    story.made("close", 52, fd=4)
    story.call("socket", None, at=100, took=10)
    return story


def test_start_ends_with_the_script() -> None:
    """What a script does before its first socket call is its own, though it open its own file again."""
    found = joined(script_run())

    assert 8 == len(found.startup)
    assert 3 == len(found.outside)
