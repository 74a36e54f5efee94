"""Wakeups and connections: the views of who waits for what."""

from __future__ import annotations

import json
import re

import pytest

from tests.render import traces
from tests.render.looks import said, show, studies
from tests.render.traces import ADDRESS, MS, PID, US, Script
from tracedemo.analysis.filters import parse
from tracedemo.analysis.study import Study
from tracedemo.render import VIEWS, Options


def told(view: str, script: Script, width: int | None = 100, **options: object) -> str:
    return str(VIEWS[view].table([Study(script.trace())], Options(width=width, **options)))


def polled(*results: tuple[tuple[int, str], ...], took: int = 10 * US, timeout: float | None = 0) -> Script:
    """A program that looks around again and again."""
    script = Script()
    for result in results:
        script.call("select", took, None, 1, fd=3, args={"timeout": timeout, "watched": 1, "could_wait": timeout != 0},
                    result=result)  # fmt: skip
    return script


# Wakeups


def test_each_ready_descriptor_has_a_line() -> None:
    """When, how long asleep, what was ready and why, and who went on at which line."""
    text = show("wakeups", "selector")

    assert re.search(
        r"^ 0\.920 +60 µs  fd 4 WRITE  the handshake is done +fetch_data #1  selector\.py:9$",
        text,
        re.MULTILINE,
    )
    assert re.search(
        r"^ +fd 6 WRITE  the handshake is done +fetch_data #3  selector\.py:9$", text, re.MULTILINE
    )
    assert re.search(
        r"^31\.365  30\.0 ms  fd 4 READ +the server sent piece 1 +fetch_data #1", text, re.MULTILINE
    )
    assert 15 == len(text.splitlines()) + 0 - 1


def test_empty_wakeups_are_folded() -> None:
    """Wakeups that found nothing are one line with a count, unless unfolded."""
    script = polled((), (), (), ((4, "READ"),), ())

    assert re.search(r"no  none ×3 +nothing was ready", told("wakeups", script))
    assert 4 == told("wakeups", script, unfold=True).count("none")
    assert "select returns 3 times without sleeping, nothing was ready." in "".join(
        VIEWS["wakeups"].plain([Study(script.trace())], Options())
    )


def test_timeout() -> None:
    """A select that slept until its timeout says so."""
    text = told("wakeups", polled((), took=5 * MS, timeout=0.005))

    assert re.search(r"5\.0 ms  none +timeout", text)


@pytest.mark.parametrize("width", [50, 60, 80, 100, 160])
def test_big_batch(width: int) -> None:
    """Many descriptors at once stand in one row, every one of them; unfolded, each has its line."""
    study = Study(traces.selector(30))
    text = str(VIEWS["wakeups"].table([study], Options(width=width)))
    batch = re.sub(r"\s+", " ", text)

    assert "30: fd 4, 5," in batch
    for fd in range(4, 34):
        assert re.search(rf"\b{fd}\b", batch)
    unfolded = str(VIEWS["wakeups"].table([study], Options(width=width, unfold=True)))
    assert 30 == unfolded.count("the handshake is done") or width < 100


def test_nobody_asked() -> None:
    """A program without select has no wakeups, and the view says why."""
    assert "No wakeups: the program never asked which sockets are ready." in show("wakeups", "blocking")
    assert ["No wakeups: the program never asked which sockets are ready."] == said("wakeups", "blocking")


def test_wakeups_of_one_descriptor() -> None:
    """A filter by descriptor leaves the wakeups in which it was ready."""
    text = show("wakeups", "selector", only=parse("fd=5"))

    assert 4 == len(re.findall(r"fd 5", text))
    assert "--only leaves out 6 wakeups." in text


def test_wakeups_plain() -> None:
    """Read aloud, a wakeup is a sentence with its cause and who went on."""
    assert (
        "At 31.4 milliseconds: select returns after 30 milliseconds asleep, woken: the server sent piece 1 (fd 4);"
        " then fetch_data #1 at line 13 goes on."
    ) in said("wakeups", "selector")


def test_wakeups_for_programs() -> None:
    """For programs a wakeup is an object with all that was ready and all who went on."""
    first = json.loads(next(VIEWS["wakeups"].jsonl(studies("selector"), Options())))

    assert [4, 5, 6] == [item["fd"] for item in first["ready"]]
    assert ["fetch_data #1", "fetch_data #2", "fetch_data #3"] == [item["owner"] for item in first["resumed"]]


# Connections


def test_connection() -> None:
    """Number, name, peer, how long to connect and to the first byte, bytes, requests, "not yet" answers, and its end."""
    assert re.search(
        r"^ +1  fetch_data #1  127\.0\.0\.1:43555 +850 µs +30\.4 ms +49 +1,200 +1 +◆ 3  yes$",
        show("connections", "selector"),
        re.MULTILINE,
    )


def test_connection_in_a_paragraph() -> None:
    """Where columns don't fit, each connection is a paragraph with the same facts."""
    text = show("connections", "selector", 50)

    assert "1  fetch_data #1  127.0.0.1:43555\n   connect 850 µs, first byte 30.4 ms\n" in text
    assert "   ◆ EINPROGRESS 1, EAGAIN 2\n" in text


def test_lookup() -> None:
    """The lookup that named the peer counts for its connection."""
    script = Script()
    args = {"host": "localhost", "port": 43555}
    script.call("getaddrinfo", 3 * MS, "a", 1, args=args, result=(ADDRESS,))
    script.call("socket", 10 * US, "a", 1, fd=3, result=3)
    script.call("connect", 50 * US, "a", 1, fd=3, args={"address": ADDRESS})

    assert re.search(r"127\.0\.0\.1:43555 +3\.0 ms +50 µs", told("connections", script))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("connect", {"args": {"address": ADDRESS}, "errno": "ECONNREFUSED", "exc": "ConnectionRefusedError"})],
         "never +connect ECONNREFUSED"),
        ([("connect", {"args": {"address": ADDRESS}}), ("close", {"args": {"by": "garbage collection"}})],
         "by garbage"),
        ([("bind", {"args": {"address": "0.0.0.0:80"}}), ("listen", {"args": {"backlog": 5}})],
         r"listening on 0\.0\.0\.0:80"),
        ([("setblocking", {"args": {"mode": "blocking"}})], "no peer seen"),
    ],
)  # fmt: skip
def test_other_fates(steps: list[tuple[str, dict]], expected: str) -> None:
    """A refused connection, one that nobody closed, one that listens, one that did nothing: each says so."""
    script = Script()
    script.call("socket", 10 * US, "a", 1, fd=3, result=3)
    for op, fields in steps:
        script.call(op, 10 * US, "a", 1, fd=3, **fields)

    assert re.search(expected, told("connections", script, 120))
    assert re.search(expected.rpartition(" +")[2], re.sub(r"\s+", " ", told("connections", script, 40)))


def test_accepted() -> None:
    """An accepted connection says from whom."""
    script = Script()
    script.call("accept", 10 * US, "a", 1, fd=3, args={"new_fd": 4, "peer": "10.0.0.1:5"}, result=4)
    script.call("recv", 10 * US, "a", 1, fd=4, result=5, bytes=5)

    assert "from 10.0.0.1:5" in told("connections", script)


def watched() -> Script:
    """A descriptor that a selector watched, and of which nothing else was seen."""
    script = Script()
    script.call("register", 10 * US, None, 1, fd=5, args={"events": "READ"})
    script.call("unregister", 10 * US, None, 1, fd=5)
    return script


def test_what_was_only_watched() -> None:
    """Of what was only registered nothing says that it is a socket, or that somebody should have closed it."""
    text = told("connections", watched())

    assert re.search(r"a pipe, or another file +0 +0 +0$", text, re.MULTILINE)
    assert "closed:" not in told("connections", watched(), 40)
    (sentence,) = VIEWS["connections"].plain([Study(watched().trace())], Options())
    assert "a pipe, or another file; " in sentence
    assert "closed" not in sentence


def test_what_was_only_watched_where_calls_were_dropped() -> None:
    """What was only registered may be a socket, if not all calls were kept."""
    script = watched()
    script.header["dropped"] = {"python": 9}

    assert re.search(r"no peer seen .*not seen$", told("connections", script), re.MULTILINE)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, "never"),
        ({"pid": PID}, "never"),
        ({"dropped": {"flow": 1}}, "never"),
        ({"dropped": {"python": 1}}, "not seen"),
        ({"ended": "signal SIGKILL"}, "not seen"),
        ({"pid": PID + 1}, "not seen"),
    ],
)
def test_never_or_not_seen(header: dict, expected: str) -> None:
    """A socket was never closed only if its process was seen to its end, and all of its calls."""
    script = Script(**({"pid": PID} | header))
    script.call("socket", 10 * US, "a", 1, fd=3, result=3)
    script.call("connect", 10 * US, "a", 1, fd=3, args={"address": ADDRESS})

    assert re.search(rf" {expected}$", told("connections", script), re.MULTILINE)
    assert f"closed: {expected}\n" in f"{told('connections', script, 40)}\n"
    *_, sentence = VIEWS["connections"].plain([Study(script.trace())], Options())
    assert sentence.endswith("; never closed." if expected == "never" else "; not seen to be closed.")


def test_no_sockets() -> None:
    """Without sockets the view says so."""
    assert "No sockets." in show("connections", "empty")
    assert ["No sockets."] == said("connections", "empty")


def test_connections_for_programs() -> None:
    """For programs a connection is an object with all that is known of it."""
    first = json.loads(next(VIEWS["connections"].jsonl(studies("selector"), Options())))

    assert ("127.0.0.1:43555", 850_000, [4]) == (first["peer"], first["connect_ns"], first["fds"])
