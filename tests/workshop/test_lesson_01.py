"""What lesson 01 measures and asks for, on traces told by hand."""

from __future__ import annotations

import pytest

from tests.analysis.story import MS, TID, Story
from tracedemo.analysis.study import Study
from tracedemo.events import TRACER
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.own import measure_of, rule_of

LESSON = find_lesson("01")
BEFORE_CONNECT, SLEEPERS = measure_of(LESSON, "before_connect"), measure_of(LESSON, "sleepers")


def fetch(*between: str) -> Story:
    """A connection, and these system calls between its socket() and its connect()."""
    story = Story(server={"pace": "lockstep"})
    story.socket(4, took=100)
    story.add("kernel", "socket", 1, 2, result=4, args={"family": "AF_INET"})
    story.call("connect", 4, took=1 * MS, address="127.0.0.1:8000", could_wait=True)
    for at, op in enumerate(between):
        story.add("kernel", op, 1_000 + at, 1_000 + at, fd=5, args={"family": "AF_UNIX"}, result=5)
    story.add("kernel", "connect", 2_000, 3_000, fd=4, result=0)
    story.call("recv", 4, size=100, bytes=0, could_wait=True, waited=True)
    return story


def test_what_lies_between_is_counted() -> None:
    """Sockets of the lookup are counted as what lies between, and are not taken for the connection's own."""
    assert BEFORE_CONNECT([Study(fetch().trace())]).answer == 0
    assert BEFORE_CONNECT([Study(fetch("socket", "connect", "close").trace())]).answer == 3


def test_who_made_no_connection_is_answered_in_words() -> None:
    """Without a socket() or its connect() there is no number, and so no option that is right by accident."""
    alone = Story()
    alone.add("kernel", "socket", 1, 2, result=4, args={"family": "AF_INET"})

    assert BEFORE_CONNECT([Study(Story().trace())]).answer == "no socket()"
    assert BEFORE_CONNECT([Study(alone.trace())]).answer == "no connect()"


def test_who_could_wait_and_did_not_has_not_slept() -> None:
    """Only calls that really waited are named as those that sleep."""
    assert SLEEPERS([Study(fetch().trace())]).answer == "recv"
    assert SLEEPERS([Study(Story().trace())]).answer == "none"


def said(name: str, story: Story, code: int, complaints: str) -> list[str]:
    case = Case(Scenario(name="told", rules=()), Run(story.trace(), code, "", complaints), {})
    return [broken.sentence for broken in rule_of(LESSON, name).broken(case)]


def test_giving_up_has_words_of_its_own() -> None:
    """An exit code and a sentence are enough; a good exit code, a traceback, silence and a signal are not."""
    ended, killed = Story(ended="exit"), Story(ended="signal SIGALRM")
    for story in (ended, killed):
        story.recv(4, 100)

    assert [] == said("deadline/own-words", ended, 1, "silent for 0.5 s: gave up\n")
    assert ["it ended with exit code 0, as if it had the whole answer"] == said(
        "deadline/own-words", ended, 0, ""
    )
    assert ["it ended with a traceback: ValueError: x"] == said(
        "deadline/own-words", ended, 1, "Traceback (most recent call last):\n  ...\nValueError: x\n"
    )
    assert ["it ended without a word"] == said("deadline/own-words", ended, 1, "")
    assert ["it ended without a word"] == said("deadline/own-words", killed, 142, "Alarm clock\n")
    assert ["it came to its end without a call on a socket or a selector"] == said(
        "deadline/own-words", Story(ended="exit"), 0, ""
    )


def waited(*within: float, after: float = 0.0) -> Story:
    """Something came, and then nothing any more: waits that would have ended after so many seconds."""
    story = Story(argv=("fetch.py", "127.0.0.1:1", "0.5"), server={"size": 9, "nonce": "x"})
    story.recv(4, 100, took=1 * MS)
    story.clock[TID] += round(after * 1_000 * MS)
    for seconds in within:
        at = story.clock[TID]
        story.add(
            "python", "lockstep", at + 1, at + 2, result="nothing left", args={"within": seconds}, mark=TRACER
        )
        story.call("recv", 4, took=round(seconds * 1_000 * MS), exc="TimeoutError")
    return story


@pytest.mark.parametrize("within", [(0.5,), (0.1,) * 6, (0.46,), (0.99,)])
def test_who_gives_up_in_time_is_left_alone(within: tuple[float, ...]) -> None:
    """A wait as long as was asked for is right, and so are several that are so together, or nearly."""
    assert [] == said("deadline/timeout", waited(*within), 1, "")


def test_a_wait_that_began_late_is_as_long_as_the_silence() -> None:
    """Whoever waits until a moment has less time left for its wait when it came to it late."""
    assert [] == said("deadline/timeout", waited(0.25, after=0.25), 1, "")


@pytest.mark.parametrize(
    ("within", "sentence"),
    [
        ((), "it did not wait for the rest of the answer until a timeout was over"),
        ((0.01,), "it gave up after 0.01 s of silence, and PATIENCE_S is 0.5"),
        ((5.0,), "it was to wait for 5 s, and PATIENCE_S is 0.5"),
        ((0.5,) * 3, "it was to wait for 1.5 s, and PATIENCE_S is 0.5"),
    ],
)
def test_who_gives_up_too_early_or_too_late_is_named(within: tuple[float, ...], sentence: str) -> None:
    """A wait that was to be much shorter or much longer than the patience is named, and so is none at all."""
    assert [sentence] == said("deadline/timeout", waited(*within), 1, "")
