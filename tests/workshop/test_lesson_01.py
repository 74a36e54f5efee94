"""What lesson 01 measures and asks for, on traces told by hand."""

from __future__ import annotations

from tests.analysis.story import MS, Story
from tracedemo.analysis.study import Study
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
    ended = Story(ended="exit")
    killed = Story(ended="signal SIGALRM")

    assert [] == said("deadline/own-words", ended, 1, "silent for 0.5 s: gave up\n")
    assert ["it ended with exit code 0, as if it had the whole answer"] == said(
        "deadline/own-words", ended, 0, ""
    )
    assert ["it ended with a traceback: ValueError: x"] == said(
        "deadline/own-words", ended, 1, "Traceback (most recent call last):\n  ...\nValueError: x\n"
    )
    assert ["it ended without a word"] == said("deadline/own-words", ended, 1, "")
    assert ["it ended without a word"] == said("deadline/own-words", killed, 142, "Alarm clock\n")


def test_giving_up_is_the_end_of_a_wait() -> None:
    """A call that ended in TimeoutError is one, and so is a select() whose time was over; a mere look is not."""
    late, asleep, looked = Story(), Story(), Story()
    late.call("recv", 4, exc="TimeoutError", timeout=0.5)
    asleep.select([], timeout=0.5)
    looked.select([], timeout=0)
    looked.select([[4, "READ"]], timeout=0.5)

    assert [] == said("deadline/timeout", late, 1, "")
    assert [] == said("deadline/timeout", asleep, 1, "")
    assert ["it did not wait for the rest of the answer until a timeout was over"] == said(
        "deadline/timeout", looked, 1, ""
    )
