"""A check runs the learner's program, and finds what its trace lacks, however the program ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.workshop.small import WRONG
from tracedemo.runner import asleep
from tracedemo.workshop.checking import Complaint, Verdict, check
from tracedemo.workshop.lesson import Lesson

HEAD = '"""A program."""\nimport os, select, signal, socket, sys, threading, time\nhost, port = sys.argv[1].split(":")\n'
CONNECTED = f"{HEAD}sock = socket.create_connection((host, int(port)))\n"
SPIN = """\
sock.setblocking(False)
while True:
    try:
        sock.recv(1)
    except BlockingIOError:
        pass
"""


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs here do nothing for long but sleep: looks may follow each other sooner."""
    monkeypatch.setattr(asleep, "LOOK_S", 0.08)


def verdict(lesson: Lesson, folder: Path, text: str, seed: int | None = None) -> Verdict:
    """What comes of a program in the lesson's only scenario."""
    (folder / lesson.file).write_text(text)
    (found,) = check(lesson, folder / lesson.file, seed=seed)
    return found


@pytest.mark.parametrize(
    ("program", "rule"),
    [
        (f"{CONNECTED}sock.recv(1)\n", "ends/deadlock"),
        (f"{CONNECTED}select.select([sock], [], [])\n", "ends/deadlock"),
        (f"{CONNECTED}{SPIN}", "ends/spin"),
        (f"{HEAD}while True:\n    pass\n", "ends/endless"),
        (f"{HEAD}time.sleep(1000)\n", "ends/asleep"),
        (f"{HEAD}threading.Event().wait()\n", "ends/asleep"),
        (f"{CONNECTED}while True:\n    time.sleep(0.02)\n", "ends/asleep"),
        (f"{HEAD}os.kill(os.getpid(), signal.SIGKILL)\n", "ends/killed"),
        (f"{CONNECTED}signal.setitimer(signal.ITIMER_REAL, 0.01)\nsock.recv(1)\n", "ends/killed"),
        (f"{HEAD}input()\n", "ends/well"),
        (f"{HEAD}sys.exit(3)\n", "ends/well"),
        (f"{HEAD}raise ValueError\n", "ends/well"),
        (f"{HEAD}os._exit(1)\n", "ends/well"),
        ("def f(:\n", "ends/well"),
        ("", "result/body"),
        (f"{HEAD}print('0' * 64)\n", "result/body"),
    ],
)  # fmt: skip
def test_first_complaint(program: str, rule: str, small: Sequence[Lesson], tmp_path: Path) -> None:
    """How a program ends is looked at first, then what it printed: each bad ending has its rule, and a remedy."""
    found = verdict(small[0], tmp_path, program)

    assert not found.passed
    assert rule == found.complaints[0].rule
    assert found.complaints[0].sentence
    assert found.complaints[0].remedy


def first_of(lesson: Lesson, folder: Path, program: str) -> Complaint:
    """The first complaint about a program."""
    return verdict(lesson, folder, program).complaints[0]


def test_who_sleeps_is_told_where(small: Sequence[Lesson], tmp_path: Path) -> None:
    """A program that sleeps where no socket wakes it is told the line, and what stands there; so is one that naps."""
    sleeps = first_of(small[0], tmp_path, f"{CONNECTED}\n\ntime.sleep(1000)\n")
    naps = first_of(small[0], tmp_path, f"{HEAD}while True:\n    time.sleep(0.02)\n")

    assert (
        "it sleeps in time.sleep(1000), and has made no call on a socket or a selector since"
        == sleeps.sentence
    )
    assert (7, "ends/asleep") == (sleeps.line, sleeps.rule)
    assert sleeps.event is not None
    assert "it sleeps in time.sleep(0.02), and has made no call on a socket or a selector" == naps.sentence
    assert (5, "ends/asleep") == (naps.line, naps.rule)


def test_who_will_not_wake_up_is_ended_all_the_same(small: Sequence[Lesson], tmp_path: Path) -> None:
    """A program that catches our Ctrl-C and ends well was asleep nevertheless; where it slept is not known then."""
    found = first_of(
        small[0], tmp_path, f"{HEAD}try:\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    pass\n"
    )

    assert ("ends/asleep", None) == (found.rule, found.line)
    assert "it sleeps, and has made no call on a socket or a selector" == found.sentence


def test_who_waits_for_nobody_in_a_call_is_told_which(small: Sequence[Lesson], tmp_path: Path) -> None:
    """A program that waits in a call for something that is not our server's is ended, too, and the call is named."""
    found = first_of(small[0], tmp_path, f"{HEAD}left, right = socket.socketpair()\nleft.recv(1)\n")

    assert ("ends/late", 5) == (found.rule, found.line)
    assert "it had been in recv() for " in found.sentence


@pytest.mark.parametrize(
    ("program", "sentence", "remedy"),
    [
        (f"{HEAD}os._exit(3)\n", "it ended with exit code 3, and did not say why", "os._exit()"),
        (f"{HEAD}sys.exit('no more')\n", "it ended with exit code 1: no more", "words of its own"),
        (f"{HEAD}1 / 0\n", "it ended with exit code 1: ZeroDivisionError: division by zero", "traceback"),
        (f"{HEAD}input()\n", "it ended with exit code 1: EOFError: EOF when reading a line", "traceback"),
        (f"{HEAD}while True:\n    pass\n", "it has used up its 2 s of processor time", "what should end it?"),
        (f"{HEAD}os.abort()\n", "it was ended by SIGABRT", "a signal"),
        ("", "it came to its end without a call on a socket or a selector", "Is main() called"),
        ("import selectors, socket\n", "it came to its end without a call", "Is main() called"),
    ],
)  # fmt: skip
def test_each_ending_has_a_sentence_that_is_true(
    program: str, sentence: str, remedy: str, small: Sequence[Lesson], tmp_path: Path
) -> None:
    """Whoever ends without a word is not sent to a traceback that is not there, and each ending has its own remedy."""
    found = first_of(small[0], tmp_path, program)

    assert sentence in found.sentence
    assert remedy in found.remedy


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers(name: str, small: Sequence[Lesson], tmp_path: Path) -> None:
    """A wrong answer fails with the rule that it breaks; what was drawn does not matter."""
    rule, body = WRONG[name]
    text = small[0].marked().filled(f"def read_all(sock):\n    {body}\n\n\n")

    for seed in (1, 2):
        assert rule == verdict(small[0], tmp_path, text, seed).complaints[0].rule


def test_right_answer(small: Sequence[Lesson], tmp_path: Path) -> None:
    """The solution passes, its trace is there, and what it printed is the digest that nobody could know."""
    found = verdict(small[0], tmp_path, small[0].marked().solved())

    assert found.passed
    assert found.trace is not None
    assert 64 == len(found.output.strip())
    assert "" == found.errors


def test_digest_is_another_each_time(small: Sequence[Lesson], tmp_path: Path) -> None:
    """An answer that was right once is wrong at the next check, even with the same draw."""
    printed = verdict(small[0], tmp_path, small[0].marked().solved(), seed=1).output
    found = verdict(small[0], tmp_path, f"{HEAD}print({printed.strip()!r})\n", seed=1)

    assert "result/body" == found.complaints[0].rule


def test_complaint_tells_the_place(small: Sequence[Lesson], tmp_path: Path) -> None:
    """A complaint names the step, the descriptor and the line of the learner's file."""
    found = verdict(small[0], tmp_path, f"{CONNECTED}sock.recv(1)\n")
    text = str(found.complaints[0])

    assert "ends/deadlock: event " in text
    assert f"fd {found.complaints[0].fd}" in text
    assert "line 5: it waits" in text


def test_what_it_said_is_kept(small: Sequence[Lesson], tmp_path: Path) -> None:
    """What the program wrote to stderr is there to be shown."""
    found = verdict(small[0], tmp_path, f"{HEAD}raise ValueError('so it is')\n")

    assert "ValueError: so it is" in found.errors


def test_draw_is_decided_by_the_seed(small: Sequence[Lesson], tmp_path: Path) -> None:
    """The same seed draws the same numbers, within the limits of the lesson; seeds differ."""
    drawn = [verdict(small[0], tmp_path, "", seed).values["k"] for seed in (1, 1, 2, 3, 4, 5)]

    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
    assert all(3 <= number <= 7 for number in drawn)


def test_scenario_is_told_with_what_was_drawn(small: Sequence[Lesson], tmp_path: Path) -> None:
    """Who waits is told the scenario, with the numbers that were drawn."""
    told: list[str] = []
    (tmp_path / "fetch.py").write_text("")
    (found,) = check(small[0], tmp_path / "fetch.py", tell=told.append)

    assert [f"running fetch.py: an answer in {found.values['k']} pieces"] == told
