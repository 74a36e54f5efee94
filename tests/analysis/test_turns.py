"""Turns of event loops, on traces told by hand."""

from __future__ import annotations

import pytest

from tests.analysis.loop_story import HELPER, LoopStory, fetching
from tests.analysis.story import MS, PID, TID, US, fetch
from tracedemo.analysis.furniture import callback_word, self_pipes, wakers, word
from tracedemo.analysis.study import Study
from tracedemo.analysis.turns import Loop, Turn
from tracedemo.analysis.turns_folding import fold_turns
from tracedemo.events import FLOW, KERNEL, PYTHON, Event, Site, Trace


def loops(story: LoopStory) -> tuple[Loop, ...]:
    """The loops of a story."""
    return Study(story.raw()).loops


def only(story: LoopStory) -> Loop:
    """The one loop of a story."""
    (loop,) = loops(story)
    return loop


def fetched() -> Loop:
    """The loop of the told fetch."""
    (loop,) = Study(fetching()).loops
    return loop


def names(turn: Turn) -> list[str]:
    return [handle.name for handle in turn.handles]


def asked(turn: Turn) -> list[tuple[str, str, int]]:
    return [(one.call, one.answer, one.times) for handle in turn.handles for one in handle.asked]


# -- Turns


def test_a_turn_is_a_select_and_what_ran_after_it() -> None:
    """Each select of the loop begins a turn, which holds the callbacks up to the next one."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a")
    story.run("b")
    story.turn(slept=5 * MS, timeout=0.005)
    story.run("c")

    first, second = only(story).turns

    assert [(1, ["a", "b"]), (2, ["c"])] == [(turn.number, names(turn)) for turn in (first, second)]
    assert (0, 0) == (first.slept, first.timeout)
    assert (5 * MS, 0.005) == (second.slept, second.timeout)
    assert first.empty
    assert 2 * (20 * US + US) == first.time


def test_what_a_callback_asked() -> None:
    """Calls inside a callback's time are its own, equal ones together, with their answers."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("fetch", "Task-1", step=True, line=7):
        story.socket(6)
        story.recv(6, 100)
        story.recv(6, 100)
        story.recv(6, 50)
        story.call("setblocking", 6)

    (turn,) = only(story).turns
    (handle,) = turn.handles

    assert [
        ("socket", "fd 6", 1),
        ("recv", "100 bytes", 2),
        ("recv", "50 bytes", 1),
        ("setblocking", "", 1),
    ] == asked(turn)
    assert ("fetch", True, "Task-1", 7) == (
        handle.name,
        handle.step,
        handle.owner,
        handle.site and handle.site.line,
    )
    assert handle.returned
    assert handle.system_calls is None


def test_calls_between_callbacks_belong_to_none() -> None:
    """A call outside of every callback, and one of another thread, is not a callback's."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("a"):
        begin = story.clock[TID]
        story.call("gethostname", at=begin, tid=HELPER, result="x")
    story.call("gethostname", result="x")

    (turn,) = only(story).turns

    assert [] == asked(turn)


def test_a_select_inside_a_callback_is_no_turn() -> None:
    """A callback that waits in a select of its own does so in its own turn."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("a"):
        story.call("poll", None, result=[], timeout=0.01, could_wait=True, took=10 * MS)
    story.turn()
    story.run("b")

    first, second = only(story).turns

    assert [("poll", "nothing ready", 1)] == asked(first)
    assert [2, ["b"]] == [second.number, names(second)]


def test_before_the_first_select() -> None:
    """Callbacks before the first select that was seen stand in turn 0, and turns count from 1 all the same."""
    story = LoopStory()
    story.run("early")
    story.turn()
    story.run("late")

    loop = only(story)

    assert [(0, None, ["early"]), (1, 1, ["late"])] == [
        (turn.number, turn.row, names(turn)) for turn in loop.turns
    ]
    assert [1] == [turn.number for turn in loop.rounds]


def test_a_select_that_never_returned() -> None:
    """The last turn of a killed program has a select without an end, and is not called empty."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a")
    story.call("select", 3, took=None, timeout=None, watched=1, could_wait=True)

    last = only(story).turns[-1]

    assert (None, False, ()) == (last.t1, last.empty, last.handles)


def test_a_select_that_failed() -> None:
    """A select that failed tells its error, and found nothing."""
    story = LoopStory()
    story.loop()
    story.call("select", 3, errno="EBADF", exc="OSError", timeout=None, watched=1)
    story.run("a")

    (turn,) = only(story).turns

    assert ("EBADF", (), False) == (turn.failed, turn.ready, turn.empty)


def test_a_callback_that_never_returned() -> None:
    """A callback without an end lasts to the end of the trace, and holds what was called until then."""
    story = LoopStory(clock_end=(300 * MS, 0))
    story.loop()
    story.turn()
    begin = story.clock[TID]
    with story.callback("stuck", returned=False):
        story.call("recv", 6, took=None, could_wait=True)

    (handle,) = only(story).handles

    assert not handle.returned
    assert 300 * MS - begin == handle.time
    assert ["never returned"] == [one.answer for one in handle.asked]
    assert handle.blocked


def test_a_lost_end() -> None:
    """A callback of which the end was lost has ended when the next one begins."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a", returned=False)
    begin = story.clock[TID]
    story.run("b")

    a, b = only(story).handles

    assert (begin, False, False) == (a.t1, a.returned, b.nested)
    assert b.returned


def test_nested_callbacks_count_once() -> None:
    """The time of a callback inside another one is part of that one's, and is not added to it."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("outer"):
        with story.callback("inner"):
            story.call("gethostname", result="x")
        story.call("getpeername", 6, result="y")

    (turn,) = only(story).turns
    outer, inner = turn.handles

    assert (False, True) == (outer.nested, inner.nested)
    assert outer.time == turn.time
    assert (["getpeername"], ["gethostname"]) == tuple(
        [one.call for one in handle.asked] for handle in (outer, inner)
    )


# -- Loops


def test_no_loop() -> None:
    """A program with a select of its own, and no callbacks, has no event loop."""
    story = LoopStory()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:50001")

    assert () == loops(story)
    assert () == Study(Trace()).loops


def test_one_loop_after_the_other() -> None:
    """Two loops that one thread runs one after the other are two, each with turns from 1 and descriptors of its own."""
    story = LoopStory()
    for _ in range(2):
        story.loop()
        story.turn()
        story.run("a")
        story.call("close", 3, what="EpollSelector")

    assert [(1, ("self-pipe READ",))] * 2 == [
        (loop.turns[0].number, loop.turns[0].watched) for loop in loops(story)
    ]


def test_a_selector_before_the_loop_is_none() -> None:
    """A select that the thread made before its loop was there is no turn of the loop."""
    story = LoopStory()
    story.call("selector", 9, result=9, selector="EpollSelector")
    story.select([])
    story.loop()
    story.turn()
    story.run("a")

    assert [1] == [turn.number for turn in only(story).turns]


def test_two_threads() -> None:
    """Each thread that runs callbacks has a loop, whichever rows lie between its own."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("a"):
        story.clock[HELPER] = story.clock[TID]
        story.turn(tid=HELPER)
        story.run("b", tid=HELPER)
        story.clock[TID] = story.clock[HELPER]
    story.turn()

    first, second = loops(story)

    assert [(TID, [["a"], []]), (HELPER, [["b"]])] == [
        (loop.tid, [names(turn) for turn in loop.turns]) for loop in (first, second)
    ]


def test_totals() -> None:
    """Callbacks, their time, and who they ran for are added up."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a", "Task-1")
    story.run("b", "Task-2", took=50 * US)
    story.run("c", "Task-1")

    loop = only(story)

    assert [("Task-2", 1, 51 * US), ("Task-1", 2, 42 * US)] == [tuple(total) for total in loop.by_owner]
    assert 93 * US == loop.time
    assert "b" == (loop.longest and loop.longest.name)


def test_trio() -> None:
    """A thread that waits in poll() of an epoll object, and whose callbacks are steps only, is a loop all the same."""
    story = LoopStory()
    story.call("selector", 3, result=3, selector="epoll")
    story.call("register", 6, events="IN", selector="epoll")
    story.call("poll", 3, result=[[6, "IN"]], timeout=None, selector="epoll", took=10 * MS, could_wait=True)
    story.run("worker", "worker", step=True)

    (turn,) = only(story).turns

    assert (10 * MS, 1, ("fd 6 IN",), ["worker"]) == (turn.slept, turn.registered, turn.watched, names(turn))


# -- What is registered


def test_what_is_registered() -> None:
    """A turn knows how many descriptors its select watched, and which, the self-pipe by name."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("a"):
        story.socket(6)
        story.watch(6, "WRITE")
    story.turn()
    with story.callback("b"):
        story.call("modify", 6, events="READ|WRITE", selector="EpollSelector")
    story.turn()
    with story.callback("c"):
        story.leave(6)
    story.turn()

    assert [
        (1, ("self-pipe READ",)),
        (2, ("self-pipe READ", "fd 6 WRITE")),
        (2, ("self-pipe READ", "fd 6 READ|WRITE")),
        (1, ("self-pipe READ",)),
    ] == [(turn.registered, turn.watched) for turn in only(story).turns]


def test_not_all_names_are_known() -> None:
    """When the select watched more than was seen to be registered, the number stands, and no names."""
    story = LoopStory()
    story.loop()
    story.turn(watched=5)
    story.run("a")

    (turn,) = only(story).turns

    assert (5, ()) == (turn.registered, turn.watched)


# -- What blocks


def test_fifty_milliseconds() -> None:
    """A callback blocks the loop when it took over 50 ms, and not when it took just that."""
    story = LoopStory()
    story.loop()
    for took in (50 * MS - US, 50 * MS):
        story.turn()
        story.run("a", took=took)

    assert [(50 * MS, False), (50 * MS + US, True)] == [
        (handle.time, handle.blocked) for handle in only(story).handles
    ]


def test_samples_of_the_watchdog() -> None:
    """A sample belongs to the callback that began when it says, and tells where that stood, and when."""
    loop = fetched()

    (turn,) = [turn for turn in loop.turns if turn.blocked]
    (handle,) = turn.handles
    (sample,) = handle.samples

    assert (55 * MS, 6) == (sample.t - handle.t0, sample.site and sample.site.line)
    assert "fetch" == handle.name


def test_only_samples_are_left() -> None:
    """A blocked callback of which only samples are left stands in its turn, up to the last sample, once."""
    story = LoopStory()
    story.loop()
    story.turn()
    begin = story.clock[TID]
    story.blocked(begin, begin + 60 * MS, 6, callback="slow")
    story.blocked(begin, begin + 110 * MS, 7, callback="slow")

    (handle,) = only(story).handles

    assert ("slow", 110 * MS, False) == (handle.name, handle.time, handle.returned)
    assert [6, 7] == [sample.site and sample.site.line for sample in handle.samples]


# -- The furniture


def test_the_wake_up_byte() -> None:
    """A turn that a byte in the self-pipe began says which thread wrote it, and what that had looked up."""
    turn = fetched().turns[2]
    (found,) = turn.ready

    assert ("self-pipe", "a byte from asyncio_0, which had looked up localhost") == (found.label, found.cause)
    assert ["_chain_future.<locals>._set_state", "BaseSelectorEventLoop._read_from_self"] == names(turn)
    assert [("recv", "1 byte", 1), ("recv", "EAGAIN", 1)] == asked(turn)


def test_each_byte_wakes_once() -> None:
    """Bytes of two threads that one read takes out are told together, and never again."""
    story = LoopStory()
    story.loop()
    story.turn()
    story.run("a")
    now = story.clock[TID]
    story.wake(at=now + US, owner="one")
    story.wake(at=now + 2 * US, owner="two", tid=HELPER + 1)
    story.turn((4, "READ"), slept=MS)
    story.empty_pipe()
    story.turn((4, "READ"), slept=MS)
    story.empty_pipe()

    causes = [turn.ready[0].cause for turn in only(story).turns[1:]]

    assert [
        "a byte from one and from two",
        "a byte that no recorded call has written: a signal's, perhaps",
    ] == causes


def test_a_byte_of_a_signal_handler() -> None:
    """What writes a byte in the loop's own thread, inside of the select, is a signal handler."""
    story = LoopStory()
    story.loop()
    begin = story.clock[TID]
    story.turn((4, "READ"), slept=MS)
    after = story.clock[TID]
    story.wake(at=begin + MS // 2, owner="loop", tid=TID)
    story.clock[TID] = after
    story.empty_pipe()

    assert "a byte from a signal handler" == only(story).turns[0].ready[0].cause


def test_a_signal_that_is_handled_while_the_pipe_is_emptied() -> None:
    """The loop writes into the pipe that it empties when the byte in it tells of a signal."""
    story = LoopStory()
    story.loop()
    story.turn((4, "READ"), slept=MS)
    with story.callback("BaseSelectorEventLoop._read_from_self", fd=4):
        story.recv(4, 1)
        story.wake(at=story.clock[TID], owner="loop", tid=TID)
        story.recv(4, 1)

    assert "a byte from a signal handler" == only(story).turns[0].ready[0].cause


def test_a_byte_written_after_the_select() -> None:
    """A byte that the loop wrote when the select had returned has not woken it, and, once taken out, wakes nobody."""
    story = LoopStory()
    story.loop()
    story.wake(at=story.clock[TID])
    story.turn((4, "READ"), slept=MS)
    with story.callback("done"):
        story.wake(at=story.clock[TID], owner="loop", tid=TID)
    story.empty_pipe()
    story.turn((4, "READ"), slept=MS)

    assert [
        "a byte from asyncio_0",
        "a byte that no recorded call has written: a signal's, perhaps",
    ] == [turn.ready[0].cause for turn in only(story).turns]


def test_a_byte_of_a_thread_without_a_name() -> None:
    """A thread of which only the number is known is told by that."""
    story = LoopStory()
    story.loop()
    story.wake(at=story.clock[TID], owner=None)
    story.turn((4, "READ"), slept=MS)
    story.empty_pipe()

    assert "a byte from thread 101" == only(story).turns[0].ready[0].cause


def test_self_pipes_are_found_by_their_maker() -> None:
    """Both ends of a socketpair are a self-pipe when the loop made it, and not when the program did."""
    story = LoopStory()
    story.loop()
    story.call("socketpair", 8, result=[8, 9])
    story.call("send", 9, size=1, bytes=1, result=1)
    events = list(story.trace())

    pipes = self_pipes(events)

    assert {1: 1, 2: 1} == pipes
    assert {} == wakers(events, pipes)


def test_bytes_that_found_no_room() -> None:
    """A send into a full self-pipe wakes nobody."""
    story = LoopStory()
    story.loop()
    story.not_yet("send", 5, tid=HELPER, at=story.clock[TID])
    events = list(story.trace())

    assert {} == wakers(events, self_pipes(events))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("BaseSelectorEventLoop._sock_connect_cb", "SO_ERROR"),
        ("_UnixSelectorEventLoop._read_from_self", "self-pipe"),
        ("_SelectorSocketTransport._read_ready", "recv() once"),
        ("_SelectorDatagramTransport._call_connection_lost", "closes its socket"),
        ("StreamReaderProtocol.connection_made", "connection is there"),
        ("_chain_future.<locals>._set_state", "result of a thread's"),
        ("gather.<locals>._done_callback", "gather()"),
        ("_run_until_complete_cb", "stop"),
        ("Mine._read_ready", ""),
        ("main.<locals>._set_state", ""),
        ("_read_ready", ""),
        ("", ""),
    ],
)
def test_words_of_callbacks(name: str, says: str) -> None:
    """A callback of asyncio's own has a word, of whichever loop or transport; another one with such a name has none."""
    found = callback_word(name)

    assert says in found
    assert bool(says) == bool(found)


@pytest.mark.parametrize(
    ("op", "function", "owner", "says"),
    [
        ("getsockopt", "BaseSelectorEventLoop._sock_connect_cb", None, "asks how connecting ended (SO_ERROR)"),
        ("send", "_write_to_self", "asyncio_0", "wakes the loop by a byte into its self-pipe"),
        (
            "getaddrinfo",
            "getaddrinfo",
            "asyncio_0",
            "looks a name up in a thread of the loop's executor, since that blocks",
        ),
        ("getaddrinfo", "getaddrinfo", "asyncio_x", ""),
        ("recv", "main", None, ""),
    ],
)  # fmt: skip
def test_words_of_calls(op: str, function: str, owner: str | None, says: str) -> None:
    """A call has a word by the function of the loop that makes it; a lookup by its thread."""
    event = Event(0, PYTHON, op, 0, 1, PID, TID, owner, site=Site("x.py", 1, function))

    assert says == word(event)
    assert "" == word(event._replace(lane=KERNEL))


def test_word_of_a_step() -> None:
    """The step of a task is no furniture, whatever it is called."""
    event = Event(0, FLOW, "callback", 0, 1, PID, TID, args={"step": "_run_until_complete_cb"})

    assert "" == word(event)
    assert "" != word(event._replace(args={"callback": "_run_until_complete_cb"}))


# -- The kernel's side


def test_system_calls() -> None:
    """With a kernel lane, each callback has the number of the system calls in its time and thread."""
    story = LoopStory()
    story.loop()
    story.turn()
    with story.callback("a"):
        now = story.clock[TID]
        story.recv(6, 10)
        story.add(KERNEL, "recvfrom", now + 1, now + 2, fd=6, result=10)
        story.add(KERNEL, "recvfrom", now + 1, now + 2, fd=6, result=10, tid=HELPER)
    story.run("b")

    assert [1, 0] == [handle.system_calls for handle in only(story).handles]


# -- Folding


def told(loop: Loop, *, unfold: bool = False) -> list[tuple[int, int, int]]:
    """Of each group the first turn, how many are shown, and how often."""
    return [
        (group.turns[0].number, group.period, group.times) for group in fold_turns(loop.turns, unfold=unfold)
    ]


def test_equal_turns_are_folded() -> None:
    """Turns that follow each other and did the same are one group, and unfolded again each its own."""
    story = LoopStory()
    story.loop()
    for name in "abbb":
        story.turn()
        story.run(name)

    assert [(1, 1, 1), (2, 1, 3)] == told(only(story))
    assert [(number, 1, 1) for number in (1, 2, 3, 4)] == told(only(story), unfold=True)


def test_a_pattern_is_folded() -> None:
    """Two turns that follow each other again and again are one group of two."""
    story = LoopStory()
    story.loop()
    for _ in range(4):
        story.turn(slept=MS, timeout=0.001)
        story.run("timer")
        story.turn()
        story.run("step", "Task-1", step=True)
    story.turn()
    story.run("end")

    assert [(1, 2, 4), (9, 1, 1)] == told(only(story))


def test_different_answers_are_not_folded() -> None:
    """Turns with other answers stand one by one."""
    story = LoopStory()
    story.loop()
    for size in (10, 20):
        story.turn()
        with story.callback("a"):
            story.recv(6, size)

    assert [(1, 1, 1), (2, 1, 1)] == told(only(story))


def test_blocked_turns_are_not_folded() -> None:
    """Turns that blocked the loop stand one by one."""
    story = LoopStory()
    story.loop()
    for _ in range(3):
        story.turn()
        story.run("slow", took=60 * MS)

    assert [(number, 1, 1) for number in (1, 2, 3)] == told(only(story))


def test_no_turn_is_lost() -> None:
    """All turns stand in exactly one group, in their order."""
    loop = fetched()

    assert list(loop.turns) == [turn for group in fold_turns(loop.turns) for turn in group.turns]
