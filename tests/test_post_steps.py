"""The post's seven steps, under its heading "Putting it all together", found in the trace of the `selector` variant.

One run in lock-step, one request: what follows is what the program did, not what a comment says that it does.
"""

from __future__ import annotations

import pytest

from tracedemo import runner
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, PYTHON, TRACER, Event
from tracedemo.server import ServerOptions
from tracedemo.variants import by_name

PIECES = 3


@pytest.fixture(scope="module")
def study() -> Study:
    """One fetch by the `selector` variant, as it was recorded."""
    options = runner.RunOptions(
        capture=True, requests=1, server=ServerOptions(pace="lockstep", pieces=PIECES)
    )
    done = runner.run(runner.variant_target(by_name("selector")), options)
    assert done.exit_code == 0, done.complaints
    return Study(done.trace)


@pytest.fixture(scope="module")
def story(study: Study) -> list[Event]:
    """What the program did, in order: its calls and the steps of its generator, from the selector on."""
    events = [event for event in study.trace if event.lane in (PYTHON, FLOW) and event.mark != TRACER]
    return [event for event in events if not event.args.get("importing")]


def words(events: list[Event]) -> list[str]:
    """Each event in a word, with its errno or its value."""
    return [" ".join(filter(None, (event.op, event.errno, event.args.get("value")))) for event in events]


def between(story: list[Event], first: str, last: str, nth: int = 0) -> list[Event]:
    """From the nth `first` to the first `last` after it."""
    starts = [row for row, event in enumerate(story) if words([event])[0].startswith(first)]
    start = starts[nth]
    end = next(row for row in range(start + 1, len(story)) if words([story[row]])[0].startswith(last))
    return story[start : end + 1]


def test_step_1_the_generator_is_made_and_nothing_runs(story: list[Event]) -> None:
    """Before the first next() there is a selector, and not a single call of fetch_data."""
    before = story[: words(story).index("start")]

    assert ["selector"] == words(before)


def test_step_2_the_first_next_runs_up_to_the_first_yield(story: list[Event]) -> None:
    """The first next() makes a socket, begins to connect, meets EINPROGRESS and yields the socket, for WRITE."""
    step = between(story, "start", "yield")

    fd = step[1].fd
    assert ["start", "socket", "setblocking", "connect EINPROGRESS", f"yield fd {fd}, WRITE"] == words(step)
    assert "BlockingIOError" == step[3].exc
    assert {"fetch_data #1"} == {event.owner for event in step}


def test_step_3_the_scheduler_registers_the_socket_and_selects(story: list[Event]) -> None:
    """After the yield the socket is registered for WRITE by the scheduler, which then calls select()."""
    step = between(story, "yield", "select")

    assert ["register", "select"] == words(step[1:])
    assert "WRITE" == step[1].args["events"]
    assert "run" == step[1].site.function
    assert "run" == step[2].site.function


def test_step_4_the_kernel_says_writable(study: Study, story: list[Event]) -> None:
    """The first select() returns the socket as writable, because the handshake is done."""
    select = next(event for event in story if event.op == "select")
    wakeup = study.wakeups[0]

    assert ((story[2].fd, "WRITE"),) == select.result
    assert "the handshake is done" in wakeup.cause


def test_step_5_the_generator_sends_and_waits_to_read(story: list[Event]) -> None:
    """Resumed, the generator sends the request and yields for READ; the scheduler registers that, and sleeps."""
    step = between(story, "unregister", "select")

    fd = story[2].fd
    assert ["unregister", "resume", "send", f"yield fd {fd}, READ", "register", "select"] == words(step)
    assert "READ" == step[4].args["events"]
    assert step[5].args["waited"] is True


def test_step_6_the_response_arrives_and_is_read(study: Study, story: list[Event]) -> None:
    """Each piece wakes select(), and the generator reads all there is: EAGAIN after each piece, no bytes at the end."""
    reads = [event.errno or ("end" if event.bytes == 0 else "data") for event in story if event.op == "recv"]
    causes = [wakeup.cause for wakeup in study.wakeups[1:]]

    assert ["data", "EAGAIN"] * PIECES + ["end"] == reads
    for piece, cause in enumerate(causes[:PIECES], start=1):
        assert f"the server sent piece {piece}" in cause
    assert "the server closed the connection" in causes[PIECES]
    assert PIECES + 2 == len(study.wakeups)
    assert {"fetch_data #1"} == {resumed.owner for wakeup in study.wakeups for resumed in wakeup.resumed}


def test_step_7_the_generator_returns_and_all_is_over(story: list[Event]) -> None:
    """The generator closes its socket and returns; the scheduler, having its value, closes the selector."""
    ending = story[-3:]

    assert ["close", "return", "close"] == words(ending)
    assert story[2].fd == ending[0].fd
    assert "EpollSelector" == ending[2].args["what"]
