"""The view of the event loop, in its particulars."""

from __future__ import annotations

import re

import pytest

from tests.analysis.loop_story import HELPER, LoopStory
from tests.analysis.story import MS, TID, US
from tests.render.looks import check_golden, lines, said, show
from tracedemo.analysis.study import Study
from tracedemo.events import KERNEL, PYTHON, Event, Header, Site, Trace
from tracedemo.render import VIEWS, Options


def shown(trace: Trace, width: int | None = 100, **options: bool) -> str:
    """The view of a trace."""
    return str(VIEWS["loop"].table([Study(trace)], Options(width=width, **options)))


def aloud(trace: Trace) -> list[str]:
    return list(VIEWS["loop"].plain([Study(trace)], Options()))


def test_golden() -> None:
    """The told fetch looks as it did, in ascii, unfolded, and read aloud."""
    check_golden("loop-looping-ascii", show("loop", "looping", 100, ascii=True))
    check_golden("loop-looping-unfold", show("loop", "looping", 100, unfold=True))
    check_golden("loop-looping-plain", "\n".join(said("loop", "looping")) + "\n")


def test_what_is_never_cut() -> None:
    """Answers, errno names and ready descriptors stand whole on the narrowest screen, across its line ends."""
    text = " ".join(show("loop", "looping", 60).split())

    for whole in (
        "EINPROGRESS",
        "EAGAIN",
        "fd 4 READ",
        "fd 6 WRITE",
        "400 bytes",
        "end of stream",
        "no error",
    ):
        assert whole in text


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_names_are_not_cut_where_they_are_explained(width: int) -> None:
    """Where a callback's name is short of its class, its whole name stands below, with what it does."""
    text = show("loop", "looping", width)

    assert "_SelectorSocketTransport._read_ready" in text
    assert "…" not in text


def test_blocked_turns_are_marked() -> None:
    """A callback that blocked the loop is told by its style, by a sign, and in words with the line that did it."""
    found = lines("loop", "looping", 120)

    blocked = [piece.split() for line in found for piece, style in line if style == "state.blocked"]
    assert ["120", "ms"] in blocked
    text = show("loop", "looping", 120)
    assert "▓ blocked the loop for 120 ms; after 55.0 ms it stood at fetch.py:6 (time.sleep(0.12))" in text
    assert "1 turn blocked the loop for 50 ms or more: turn 11 (120 ms)." in text


def test_blocked_without_a_watchdog() -> None:
    """Without a sample the view says how to get the line."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("slow", took=60 * MS)

    assert "blocked the loop for 60.0 ms; --watchdog finds the line" in shown(story.raw())


def test_what_the_watchdog_cost() -> None:
    """The watchdog's cost, which the header tells, stands below the turns, and is read aloud."""
    story = LoopStory(notes=("the watchdog looked 12 times and used 0.3 ms of CPU",))
    story.loop()
    story.turn()
    story.run("a")

    assert "The watchdog looked 12 times and used 0.3 ms of CPU.\n" in shown(story.raw())
    assert "The watchdog looked 12 times and used 0.3 ms of CPU." == aloud(story.raw())[-1]


def test_folded_and_unfolded() -> None:
    """Equal turns are one line with a count and their common time; unfolded, each has its own."""
    assert "12 ×3  145.347    24 µs" in show("loop", "looping")
    unfolded = show("loop", "looping", unfold=True)
    assert "×" not in unfolded
    assert 3 == unfolded.count("_run_until_complete_cb\n")


def test_patterns() -> None:
    """Two turns that are repeated are shown once, and the rest of them is added up."""
    story = LoopStory()
    story.loop()
    for _ in range(4):
        story.turn(slept=MS, timeout=0.001)
        story.run("timer")
        story.turn()
        story.run("step", "Task-1", step=True)

    text = shown(story.raw(), 120)

    assert "turns 3 to 8: the same 2 turns, 3 more times: 3.0 ms asleep, 126 µs in callbacks" in text
    assert 1 == text.count("slept until its timeout of 1 ms, nothing ready")
    assert "Turns 3 to 8: the same 2 turns, 3 more times: 3.0 ms asleep, 126 µs in callbacks." in aloud(
        story.raw()
    )


def test_system_calls() -> None:
    """With a kernel lane, each callback shows how many system calls it made."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("a", "Task-1"):
        now = story.clock[TID]
        story.recv(6, 10)
        story.add(KERNEL, "recvfrom", now + 1, now + 2, fd=6, result=10)

    assert "syscalls" in shown(story.raw())
    assert "recv → 10 bytes 1 system call" in " ".join(shown(story.raw(), 60).split())
    assert "(1 system call)." in aloud(story.raw())[-1]


def test_several_loops_are_told_apart() -> None:
    """Two loops of two threads have a heading each, with the thread's name where it is known."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a")
    story.clock[HELPER] = story.clock[TID]
    story.loop((8, 9), tid=HELPER, owner="worker")
    story.turn(tid=HELPER)
    story.run("b", tid=HELPER)

    text = shown(story.raw())

    assert "Loop 1 of 2: main thread" in text
    assert "Loop 2 of 2: thread worker" in text
    assert "Loop 2 of 2: thread worker:" in aloud(story.raw())


def test_several_descriptors() -> None:
    """A callback that works on two descriptors says which call was about which."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("proxy", "Task-1", step=True):
        story.recv(6, 10)
        story.send(7, 10)

    assert "recv fd 6 → 10 bytes; send fd 7 → 10 bytes" in shown(story.raw())


def test_many_ready() -> None:
    """All descriptors that were ready for one cause stand together, however many they are."""
    story = LoopStory()
    story.loop()
    story.turn(*((fd, "READ") for fd in range(10, 60)), slept=MS)
    story.run("a")

    text = " ".join(shown(story.raw(), 80).split())

    assert f"fd {', '.join(map(str, range(10, 60)))} READ: it is ready" in text


def test_selects_that_did_not_end_well() -> None:
    """A select that failed, and one that never returned, are told as such."""
    story = LoopStory()
    story.run("early")
    story.call("select", 3, errno="EBADF", exc="OSError", timeout=None, watched=1)
    story.run("a", "Task-1")
    story.call("select", 3, took=None, timeout=None, watched=1, could_wait=True)

    text = shown(story.raw())

    assert "before the first select that was seen" in text
    assert "the select failed: EBADF" in text
    assert "the select never returned" in text


def test_other_owners_are_added_up() -> None:
    """Of many tasks those with the most time are named in the head, and the rest are counted; unfolded, all are named."""
    story = LoopStory()
    story.loop()
    story.turn()
    for number in range(20):
        story.run("a", f"Task-{number}", took=(20 - number) * 10 * US)

    assert "; 15 others 15 times, " in " ".join(shown(story.raw()).split())
    assert "others" not in shown(story.raw(), unfold=True)


# -- Without a loop


def select_of(function: str, **header: object) -> Trace:
    site = Site("base_events.py", 1, function)
    event = Event(0, PYTHON, "select", 0, 1, 1, 1, args={"timeout": 0}, result=[], site=site)
    return Trace(Header(**header), [event])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trace", "why"),
    [
        (Trace(), "it never asked which sockets are ready"),
        (select_of("main"), "its one select was its own. See --view wakeups"),
        (select_of("BaseEventLoop._run_once"), "it was recorded without them"),
        (select_of("BaseEventLoop._run_once", recorded={"flow": 1}, dropped={"flow": 9}),
         "the last one of 10 steps and callbacks was kept"),
        (Trace(Header(notes=("uvloop was imported: it lives in C",))), "uvloop was imported: it lives in C"),
    ],
)  # fmt: skip
def test_why_there_is_no_loop(trace: Trace, why: str) -> None:
    """Without a loop the view is one sentence that says so, and why."""
    (sentence,) = aloud(trace)

    assert sentence.endswith(f"{why}.")
    assert why in " ".join(shown(trace).split())


def dropping(keep: str) -> Trace:
    """A loop of four turns, in two of which callbacks were kept."""
    story = LoopStory(recorded={"flow": 2}, dropped={"flow": 5}, keep=keep)
    story.loop()
    for number in range(4):
        story.turn()
        if number in (1, 2):
            story.run(f"kept{number}")
    return story.raw()


def test_dropped_callbacks() -> None:
    """Where callbacks were dropped, the head says how many were kept, and turns beyond them say that theirs were not."""
    last, first = shown(dropping("last"), 200), shown(dropping("first"), 200)
    lost = re.compile(r"^ +(\d) .*; its callbacks were not kept", re.MULTILINE)

    assert "The last 2 of 7 steps and callbacks were kept: " in last
    assert "The first 2 of 7 steps and callbacks were kept: " in first
    assert (["1"], ["4"]) == (lost.findall(last), lost.findall(first))
    assert "The last 2 of 7 steps and callbacks were kept: " in aloud(dropping("last"))[0]


def test_nothing_dropped() -> None:
    """Where all callbacks were kept, a turn in which nothing ran says nothing of a loss."""
    story = LoopStory(recorded={"flow": 1}, dropped={"python": 3})
    story.loop()
    story.turn()
    story.turn()
    story.run("a")

    text = shown(story.raw(), 200)

    assert "steps and callbacks" not in text
    assert "not kept" not in text


def test_hostile_names() -> None:
    """Names of callbacks and tasks that would like to rule the terminal are text."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a\x1b[2J", "Task\u202e\x07")

    for text in (shown(story.raw()), *aloud(story.raw())):
        assert all(line.isprintable() for line in text.splitlines())
