"""Asking again and again, and byte by byte."""

from __future__ import annotations

import pytest

from tests.analysis.findings.telling import found, kinds, told
from tests.analysis.story import MS, TID, Story
from tracedemo.analysis.findings.asking import AGAIN, BYTES


def vain(story: Story, times: int, fd: int = 4, **fields: object) -> None:
    """A socket that says "not yet" again and again."""
    for _ in range(times):
        story.not_yet("recv", fd, **fields)


def one_by_one(story: Story, times: int, fd: int = 4, **fields: object) -> None:
    """Bytes, one by one."""
    for _ in range(times):
        story.call("recv", fd, size=1, bytes=1, result=1, **fields)


def test_busy_loop() -> None:
    """Ten repeats without a wait are a busy loop; the first "not yet" is evidence, and costs nothing."""
    story = Story()
    vain(story, AGAIN + 1)
    one = found(story)["busy-loop"]

    assert (
        '1 socket had said "not yet" and was asked again 10 times by recv(), without waiting for it in between.'
        == one.title
    )
    assert (
        '10 calls, 100 nanoseconds inside them, all answered "not yet"; whatever else the thread did between two calls took'
        " at most 1 millisecond." == one.cost
    )
    assert (AGAIN, AGAIN + 1) == (one.calls, len(one.rows))


def test_asked_in_turn() -> None:
    """Sockets that are asked in turn add up, and what comes in between on one of them changes nothing for the others."""
    story = Story()
    for number in range(6):
        vain(story, 1, 4)
        vain(story, 1, 5)
        if number == 2:
            story.recv(6, 100)
    one = found(story)["busy-loop"]

    assert one.title.startswith('2 sockets had said "not yet" and were asked again 10 times')


def test_fewer_repeats() -> None:
    """Less than ten may have been meant."""
    story = Story()
    vain(story, AGAIN)

    assert [] == kinds(story)


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(lambda story: story.select([[4, "READ"]], took=MS), id="a wait that ends"),
        pytest.param(lambda story: story.select([[4, "READ"]]), id="ready already"),
        pytest.param(lambda story: story.select([], took=MS, timeout=0.001), id="a timeout"),
        pytest.param(lambda story: story.recv(4, 5), id="data"),
        pytest.param(lambda story: story.call("recv", 9, took=MS, could_wait=True, bytes=1), id="a blocking call"),
        pytest.param(lambda story: story.select([[4, "READ"]], timeout=0, could_wait=False), id="a look that finds it"),
        pytest.param(lambda story: story.call("close", 4), id="another socket of that number"),
    ],
)  # fmt: skip
def test_not_yet_and_then_something(between) -> None:
    """Who waits, or gets something, between two "not yet" answers repeats nothing."""
    story = Story()
    for _ in range(3 * AGAIN):
        vain(story, 1)
        between(story)

    assert "busy-loop" not in kinds(story)


def test_look_without_a_wait() -> None:
    """A select that must not sleep, and finds nothing, makes no wait of it."""
    story = Story()
    for _ in range(AGAIN + 1):
        vain(story, 1)
        story.select([], timeout=0, could_wait=False)

    assert ["busy-loop"] == kinds(story)


@pytest.mark.parametrize(("away", "kind"), [(MS, ["busy-loop"]), (MS + 1, [])])
def test_away_between_tries(away: int, kind: list[str]) -> None:
    """Who does something else for more than 1 ms between two tries, as one who sleeps, does not spin."""
    story = Story()
    vain(story, 3 * AGAIN, gap=away)

    assert kind == kinds(story)


def test_other_thread_is_no_company() -> None:
    """A thread that sleeps between its tries is away, whatever another one calls meanwhile."""
    story = Story()
    for number in range(3 * AGAIN):
        vain(story, 1, gap=10 * MS)
        for part in range(20):
            story.recv(5, 1, tid=TID + 1, at=number * 10 * MS + part * MS // 2)

    assert "busy-loop" not in kinds(story)


def test_two_threads_do_not_add_up() -> None:
    """What two threads ask is not one loop."""
    story = Story()
    vain(story, AGAIN // 2 + 1)
    vain(story, AGAIN // 2 + 1, 5, tid=TID + 1)

    assert [] == kinds(story)


def test_one_byte_reads() -> None:
    """Bytes that are fetched one by one, each there already, are told with how many calls were too many."""
    story = Story()
    one_by_one(story, BYTES + 1)
    one = found(story)["one-byte-reads"]

    assert (
        "8 bytes of 1 socket were fetched one by one, though each was there already when the one before was fetched."
        == one.title
    )
    assert "8 calls too many, 80 nanoseconds inside them, where one could have brought all of it." == one.cost
    assert [("recv", 4)] * (BYTES + 1) == told(story, "one-byte-reads")


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda story: one_by_one(story, BYTES), id="few"),
        pytest.param(lambda story: one_by_one(story, 3 * BYTES, flags="MSG_PEEK"), id="only looked at"),
        pytest.param(lambda story: one_by_one(story, 3 * BYTES, took=MS, could_wait=True), id="waited for each"),
        pytest.param(lambda story: [story.recv(4, 1) for _ in range(3 * BYTES)], id="asked for more"),
        pytest.param(lambda story: [one_by_one(story, 1, fd) for fd in range(4, 4 + 3 * BYTES)], id="many sockets"),
        pytest.param(
            lambda story: [(story.select([[4, "READ"]], took=MS), one_by_one(story, 1)) for _ in range(3 * BYTES)],
            id="each after a wait",
        ),
    ],
)  # fmt: skip
def test_no_one_byte_reads(tell) -> None:
    """Few bytes, bytes that came alone, and one byte that came where more was asked for, are no habit."""
    story = Story()
    tell(story)

    assert "one-byte-reads" not in kinds(story)


def test_select_before_each_byte() -> None:
    """A select before each byte, which finds the next one there, makes it no better."""
    story = Story()
    for _ in range(BYTES + 1):
        story.select([[4, "READ"]])
        one_by_one(story, 1)

    assert ["one-byte-reads"] == kinds(story)


def test_several_sockets() -> None:
    """Only the sockets on which it is a habit count."""
    story = Story()
    one_by_one(story, BYTES + 1, 4)
    one_by_one(story, 2 * BYTES, 5)
    one_by_one(story, 2, 6)
    one = found(story)["one-byte-reads"]

    assert one.title.startswith(f"{3 * BYTES - 1} bytes of 2 sockets were")
