"""What holds an event loop."""

from __future__ import annotations

import pytest

from tests.analysis.findings.telling import found, kinds, told, turn
from tests.analysis.story import MS, TID, US, Story
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, TRACER, Site


def blocking(story: Story, took: int = 10 * MS, op: str = "recv", **fields: object) -> None:
    """A call on a blocking socket."""
    fields = {"bytes": 4, "could_wait": True} | fields
    story.call(op, 4, took=took, **fields)


def test_call_that_waited_in_a_turn() -> None:
    """A receive that waited inside a callback is told with its time, its line and the way out."""
    story = Story()
    turn(story, took=20 * MS)
    blocking(story, site=Site("story.py", 7, "main"))
    one = found(story)["blocking-call"]

    assert "1 call inside the event loop waited (recv()), and held it for 10 milliseconds." == one.title
    assert "1 call, 10 milliseconds in which no other task could run." == one.cost
    assert (1, 10 * MS, None) == (one.calls, one.ns, one.system_calls)
    assert [(Site("story.py", 7, "main"), 1, 1)] == [tuple(place)[:3] for place in one.places]
    assert "to_thread" in one.remedy


def test_call_that_could_have_waited() -> None:
    """A blocking socket is told even if what was asked for was there already, and the cost says that."""
    story = Story()
    turn(story)
    blocking(story, took=US)
    one = found(story)["blocking-call"]

    assert "1 call inside the event loop would wait" in one.title
    assert "1 call, none of which had to wait this time." == one.cost
    assert 0 == one.ns


def test_some_waited() -> None:
    """Of several calls it is told how many waited, and only their time counts."""
    story = Story()
    turn(story, took=40 * MS)
    blocking(story)
    blocking(story, took=US, op="accept")
    one = found(story)["blocking-call"]

    assert (
        "2 calls inside the event loop can wait (recv() and accept()); 1 of them did, and held it for 10 milliseconds."
        == one.title
    )
    assert 10 * MS == one.ns
    assert 2 == len(one.rows)


def test_call_that_never_returned() -> None:
    """A receive that never came back held the loop to the end of the run."""
    story = Story(clock_end=(30 * MS, 0))
    turn(story, took=None)
    story.call("recv", 4, took=None, could_wait=True)

    assert 30 * MS - 1 == found(story)["blocking-call"].ns


@pytest.mark.parametrize(
    "told_by",
    [
        pytest.param(blocking, id="in no turn"),
        pytest.param(lambda story: (turn(story), blocking(story, tid=TID + 1, at=5)), id="another thread"),
        pytest.param(lambda story: (turn(story), story.recv(4, 9)), id="non-blocking"),
        pytest.param(lambda story: (turn(story), blocking(story, mark=TRACER)), id="the tool's own"),
        pytest.param(lambda story: (turn(story), blocking(story, importing=True)), id="an import"),
        pytest.param(lambda story: (turn(story), blocking(story, US, "sendall")), id="a send that went through"),
        pytest.param(lambda story: (turn(story, took=5), blocking(story, at=6)), id="after the turn"),
        pytest.param(lambda story: (turn(story), blocking(story, op="close")), id="what waits for nobody"),
    ],
)  # fmt: skip
def test_no_blocking_call(told_by) -> None:
    """Only what a callback called, on a socket that may put its thread to sleep, holds the loop."""
    story = Story()
    told_by(story)

    assert "blocking-call" not in kinds(story)


def test_send_that_waited() -> None:
    """A send counts when the kernel did not take it at once."""
    story = Story()
    turn(story, took=20 * MS)
    blocking(story, op="sendall", size=10_000_000)

    assert [("sendall", 4)] == told(story, "blocking-call")


@pytest.mark.parametrize(
    ("op", "args", "name"),
    [
        ("getaddrinfo", {"host": "example.com", "port": 80}, "example.com"),
        ("gethostbyname", {"host": "localhost"}, "localhost"),
        ("gethostbyaddr", {"host": "127.0.0.1"}, "127.0.0.1"),
        ("connect", {"address": "example.com:80"}, "example.com"),
        ("connect_ex", {"address": "example.com:80"}, "example.com"),
        ("getnameinfo", {"host": "10.0.0.1", "port": 80, "result": ["a.example", "80"]}, "10.0.0.1"),
    ],
)
def test_lookup(op: str, args: dict, name: str) -> None:
    """A name that is looked up in a callback is told, whichever call does it."""
    story = Story()
    turn(story, took=9 * MS)
    story.call(op, took=2 * MS, could_wait=True, **args)
    one = found(story)["lookup-in-loop"]

    assert (
        f"'{name}' was looked up in the event loop's thread, which stood still for 2 milliseconds."
        == one.title
    )
    assert (1, 2 * MS) == (one.calls, one.ns)


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("getaddrinfo", {"host": "127.0.0.1", "port": 80}),
        ("getaddrinfo", {"host": "::1", "port": 80}),
        ("getaddrinfo", {"port": 80}),
        ("gethostbyname", {"host": ""}),
        ("connect", {"address": "127.0.0.1:80"}),
        ("connect", {"address": "[::1]:80"}),
        ("connect", {"address": "unix:/run/x:y"}),
        ("connect", {"address": "unix:@x"}),
        ("getnameinfo", {"host": "10.0.0.1", "port": 80, "result": ["10.0.0.1", "80"]}),
        ("getservby", {"name": "http"}),
        ("gethostname", {}),
    ],
)
def test_no_lookup(op: str, args: dict) -> None:
    """An address in numbers, a path, and what the kernel knows by itself, are no lookups."""
    story = Story()
    turn(story)
    story.call(op, **args)

    assert "lookup-in-loop" not in kinds(story)


def test_asked_whether_it_is_numeric() -> None:
    """A lookup that failed, and was then made by a helper thread, only asked whether the name is numeric, as trio does."""
    story = Story()
    turn(story)
    story.call("getaddrinfo", host="example.com", could_wait=True, exc="gaierror")
    assert ["lookup-in-loop"] == kinds(story)

    story.call("getaddrinfo", host="example.com", could_wait=True, tid=TID + 1, at=20)
    assert [] == kinds(story)


def test_one_name_again() -> None:
    """A name that is looked up several times is named once."""
    story = Story()
    turn(story, took=9 * MS)
    for _ in range(3):
        story.call("gethostbyname", took=MS, host="a.example", could_wait=True)

    assert found(story)["lookup-in-loop"].title.startswith(
        "'a.example' was looked up 3 times in the event loop's"
    )


def test_lookup_outside_the_loop() -> None:
    """A lookup in a helper thread, or before the loop runs, holds nobody."""
    story = Story()
    story.call("getaddrinfo", host="example.com", could_wait=True)
    turn(story, took=5 * MS)
    story.call("getaddrinfo", host="example.com", could_wait=True, tid=TID + 1, at=20)

    assert [] == kinds(story)


def test_long_turn() -> None:
    """A callback of more than 50 ms is told by its name, its task and its length."""
    story = Story()
    turn(story, took=60 * MS, site=Site("a.py", 3, "fetch"), step="fetch", owner="Task-2 (fetch)")
    one = found(story)["long-turn"]

    assert (
        "1 turn held the event loop for longer than 50 milliseconds; it was a step of fetch() in Task-2 (fetch),"
        " for 60 milliseconds."
    ) == one.title
    assert (
        "60 milliseconds in which no other task ran and nobody asked which sockets were ready; it was spent in code that"
        " makes no call of Python's socket interface."
    ) == one.cost
    assert "--watchdog" in one.remedy
    assert 60 * MS == one.ns


def test_long_turn_in_a_call() -> None:
    """Where most of a long turn was a call, the call is named."""
    story = Story()
    turn(story, took=60 * MS, callback="Handler.read", owner=None)
    blocking(story, took=58 * MS)
    one = found(story)["long-turn"]

    assert "it was Handler.read, for 60 milliseconds." in one.title
    assert one.cost.endswith("58 milliseconds of it lay in recv(), the rest in other code.")


def test_long_turn_with_a_short_call() -> None:
    """A call in a long turn is named, however short it was."""
    story = Story()
    turn(story, took=60 * MS)
    story.call("recv", 4, bytes=1)

    assert found(story)["long-turn"].cost.endswith(
        "10 nanoseconds of it lay in recv(), the rest in other code."
    )


def test_long_turn_around_another_loop() -> None:
    """A call that a callback inside a long turn made lies in that turn, too."""
    story = Story()
    turn(story, took=60 * MS, step="outer")
    turn(story, took=40 * MS, step="inner")
    story.call("recv", 4, took=2 * MS, bytes=1)

    assert "; 2 milliseconds of it lay in recv(), " in found(story)["long-turn"].cost


def test_long_turn_that_is_all_call() -> None:
    """Nothing is said of other code where there was no time for it."""
    story = Story(clock_end=(60 * MS, 0))
    story.add(FLOW, "callback", 0, None, args={"callback": "work"})
    story.call("recv", 4, took=None)

    assert found(story)["long-turn"].cost.endswith("; all of it lay in recv().")


def test_long_turn_with_missing_rows() -> None:
    """Where rows are missing, it is not said that there was no call."""
    story = Story(dropped={"python": 1})
    turn(story, took=60 * MS)

    assert found(story)["long-turn"].cost.endswith("no call of Python's socket interface was recorded in it.")


def test_several_long_turns() -> None:
    """Of several the longest is named, and all are added up."""
    story = Story()
    for took, step in ((60, "a"), (90, "b"), (20, "c")):
        turn(story, took=took * MS, step=step, owner=None)
        story.clock[TID] += took * MS
    one = found(story)["long-turn"]

    assert "2 turns held the event loop for longer" in one.title
    assert "the longest was a step of b(), for 90 milliseconds." in one.title
    assert 150 * MS == one.ns


def test_turn_of_just_50_ms() -> None:
    """Up to 50 ms nothing is said."""
    story = Story()
    turn(story, took=50 * MS)

    assert [] == kinds(story)


def test_watchdog_names_the_line() -> None:
    """What the watchdog saw makes the line known, and is evidence, too."""
    story = Story()
    begin = turn(story, took=70 * MS)
    here = Site("user.py", 12, "crunch")
    story.add(FLOW, "blocked", begin.t0, begin.t0 + 50 * MS, args={"step": "main"}, site=here, user_site=here)
    one = found(story)["long-turn"]

    assert one.title.endswith("; the watchdog saw it at line 12 of user.py.")
    assert 2 == len(one.rows)
    assert [here] == [place.site for place in one.places]
    assert "--watchdog" not in one.remedy


def test_seen_is_apart_from_begun() -> None:
    """A line at which turns began, and at which the watchdog saw the thread twice, is told as both."""
    story = Story()
    here = Site("user.py", 12, "crunch")
    for _ in range(2):
        begin = turn(story, took=70 * MS, site=here)
        story.add(FLOW, "blocked", begin.t0, begin.t0 + 50 * MS, args={"step": "main"}, site=here)
        story.clock[TID] += 70 * MS

    assert [(2, False), (2, True)] == [
        (place.number, place.seen) for place in found(story)["long-turn"].places
    ]


def test_watchdog_alone() -> None:
    """What the watchdog saw is told even where the callback itself is missing, and so are the calls that lay in it."""
    story = Story()
    story.call("recv", 4, at=MS, took=MS, bytes=1)
    story.add(FLOW, "blocked", 0, 50 * MS, args={"callback": "work"}, site=Site("user.py", 12, "crunch"))
    one = found(story)["long-turn"]

    assert "it was work, for 50 milliseconds; the watchdog saw it at line 12 of user.py." in one.title
    assert "; 1 millisecond of it lay in recv(), " in one.cost


def test_one_lost_turn_seen_twice() -> None:
    """Two samples of one callback that is missing are one turn, as long as the later one knows."""
    story = Story()
    for sampled in (50 * MS, 100 * MS):
        story.add(FLOW, "blocked", 0, sampled, args={"callback": "work"}, site=Site("user.py", 12, "crunch"))
    one = found(story)["long-turn"]

    assert one.title.startswith(
        "1 turn held the event loop for longer than 50 milliseconds; it was work, for 100"
    )
    assert 2 == len(one.rows)


def test_turn_without_calls() -> None:
    """A turn that made no call at all is evidence by itself."""
    story = Story()
    turn(story, took=80 * MS)
    study = Study(story.trace())

    assert ["callback"] == [study.events[row].op for row in study.findings[0].rows]
