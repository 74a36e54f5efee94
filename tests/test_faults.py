"""Every variant under every fault of the server ends: in the predicted call, with the predicted error, leaving nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.fault_table import TABLE, VARIANTS, Outcome, came_out, own, table
from tests.outside import nothing_left, sockets_at
from tracedemo import runner
from tracedemo.analysis.findings import Finding
from tracedemo.analysis.study import Study
from tracedemo.cli.ending import exit_code, say_ending
from tracedemo.events import INJECTED, PYTHON, SERVER, Trace
from tracedemo.server import ServerOptions
from tracedemo.server.faults import FAULTS, SILENT, Faults
from tracedemo.variants import VARIANTS as ALL_VARIANTS

DOCS = Path(__file__).parents[1] / "docs"
LINUX = sys.platform.startswith("linux")
CASES = [pytest.param(fault, name, id=f"{fault}-{name}") for fault, row in TABLE.items() for name in row]
SECOND_OF_FIVE = 5
"""A seed with which, at 20 %, of five connections only the second is drawn."""


def run(
    name: str, fault: str, *, requests: int = 2, seed: int = 0, pace: str = "lockstep", **more: object
) -> runner.Run:
    server = ServerOptions(pace=pace, fault=fault, seed=seed, delay_ms=0, gap_ms=1)  # type: ignore[arg-type]
    options = runner.RunOptions(capture=True, requests=requests, server=server, own=own(fault), **more)  # type: ignore[arg-type]
    return runner.run(runner.find_target([name]), options)


def port_of(trace: Trace) -> int:
    return int(str(trace.header.server["address"]).rpartition(":")[2])


def found(done: runner.Run, kind: str) -> list[Finding]:
    return [one for one in Study(done.trace).findings if one.kind == kind]


def test_every_fault_has_its_row() -> None:
    """The table is about every fault, and of each about all variants that fetch something."""
    assert list(FAULTS) == list(TABLE)
    assert {VARIANTS} == {tuple(row) for row in TABLE.values()}
    assert set(VARIANTS) == {variant.name for variant in ALL_VARIANTS if variant.fetches}


@pytest.mark.skipif(not LINUX, reason="reads /proc, and other kernels have answers of their own")
@pytest.mark.parametrize(("fault", "name"), CASES)
def test_shows_in_the_predicted_call(fault: str, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A fault comes out in the predicted call with the predicted answer, the program says so, and nothing is left."""
    expected: Outcome = TABLE[fault][name]
    with nothing_left():
        done = run(name, fault)
    say_ending(done, runner.RunOptions())
    said = done.output + capfd.readouterr().err

    assert (expected.call, expected.answer) == came_out(done.trace)
    assert expected.says in said
    assert (expected.code, expected.ended) == (exit_code(done), done.trace.header.ended)
    assert [] == sockets_at(port_of(done.trace))
    if expected.code and fault != "refuse":
        assert f"Our server misbehaved, as asked: {fault} on connection " in said


@pytest.mark.parametrize("name", VARIANTS)
def test_counted_and_marked(name: str) -> None:
    """The header says what was asked for and how many connections got it, as many as the lane has marked rows of it."""
    words, seed = "truncated:40%,garbage:20%", 3
    done = run(name, words, requests=6, seed=seed)
    header = done.trace.header
    drawn = [Faults(words, seed).of(number) for number in range(1, 7)]
    rows = [event for event in done.trace.lane(SERVER) if event.op == "fault"]

    assert (words, seed) == (header.server["fault"], header.server["seed"])
    assert [fault for fault in drawn if fault] == [event.args["detail"] for event in rows]
    assert {INJECTED} == {event.mark for event in rows}
    for fault in ("truncated", "garbage"):
        assert drawn.count(fault) == header.server[f"injected_{fault}"] > 0
    counts = f"(--fault {words} --seed {seed})"
    assert [True] == [counts in note for note in header.notes if note.startswith("our server misbehaved")]


@pytest.mark.parametrize("pace", ["lockstep", "clock"])
def test_same_seed_same_connections(pace: str) -> None:
    """By either pace the same seed gives the same connections the same faults."""
    told = [
        [
            (event.args["server_conn"], event.args["detail"])
            for event in run("selector", "truncated:50%", requests=8, seed=5, pace=pace).trace.lane(SERVER)
            if event.op == "fault"
        ]
        for _ in range(2)
    ]

    assert told[0] == told[1]
    assert told[0] == [
        (number, "truncated") for number in range(1, 9) if Faults("truncated:50%", 5).of(number)
    ]


CLOCK = [
    case
    for case in CASES
    if case.values[1] in ("blocking", "selector", "asyncio_streams") and case.values[0] not in SILENT
]


@pytest.mark.skipif(not LINUX, reason="other kernels have answers of their own")
@pytest.mark.parametrize(("fault", "name"), CLOCK)
def test_by_the_clock(fault: str, name: str) -> None:
    """By the clock the same call gets the same answer."""
    expected = TABLE[fault][name]
    with nothing_left():
        done = run(name, fault, pace="clock")

    assert expected.code == exit_code(done)
    assert (expected.call, expected.answer) == came_out(done.trace)


@pytest.mark.parametrize("name", ["selector", "asyncio_streams"])
def test_time_is_over(name: str) -> None:
    """By the clock what would wait for ever is ended when its time is over, and told as a finding."""
    with nothing_left():
        done = run(name, "stall", pace="clock")
    (one,) = found(done, "no-deadline")

    assert (1, "its time was over") == (exit_code(done), done.trace.header.ended)
    assert one.title.startswith("select() would have waited for ever")


@pytest.mark.parametrize("fault", sorted(SILENT))
def test_own_time_is_over(fault: str) -> None:
    """By the clock a variant that has deadlines is given no limit by the runner, and ends by itself when they are over."""
    with nothing_left():
        done = run("robust", fault, pace="clock")
    expected = TABLE[fault]["robust"]

    assert "limit" not in done.trace.header.server
    assert (expected.code, "exit") == (exit_code(done), done.trace.header.ended)
    assert (expected.call, expected.answer) == came_out(done.trace)
    assert 2 == done.complaints.count(expected.says)


@pytest.mark.parametrize("name", ["nonblocking", "selector"])
def test_one_fails_all(name: str) -> None:
    """In the post's scheduler one connection that is reset ends the other fetches, and that is told as a finding."""
    done = run(name, "reset:20%", requests=5, seed=SECOND_OF_FIVE)
    (one,) = found(done, "one-fails-all")

    assert 1 == done.trace.header.server["injected_reset"]
    assert one.title == (
        "recv() failed on one socket (ECONNRESET), and 4 others that still waited were given up with it."
    )
    assert "" == done.output


def test_one_fails_alone() -> None:
    """Threads, of which one fails, let the others come to their ends."""
    done = run("threads", "reset:20%", requests=5, seed=SECOND_OF_FIVE)

    assert [] == found(done, "one-fails-all")
    assert 4 == sum(event.op == "closed" for event in done.trace.lane(SERVER))


@pytest.mark.parametrize("fault", ["stall", "no-accept"])
@pytest.mark.parametrize("name", [name for name in VARIANTS if TABLE["stall"][name].ended != "exit"])
def test_wait_for_ever(name: str, fault: str) -> None:
    """A variant that would wait for ever is found out, with the connection on which nothing more comes."""
    done = run(name, fault, requests=1)
    (one,) = found(done, "no-deadline")
    expected = TABLE[fault][name]

    assert one.title.startswith(f"{expected.call}() would have ")
    assert "nothing more came on 1 socket" in one.title
    assert {event.op for event in map(done.trace.__getitem__, one.rows)} >= {expected.call}


def test_robust() -> None:
    """The scheduler done right keeps what went well when connections are reset or stall, and says which failed."""
    words, seed = "reset:20%,stall:20%", 5
    drawn = [Faults(words, seed).of(number) for number in range(1, 7)]
    done = run("robust", words, requests=6, seed=seed)

    assert {"reset", "stall", ""} == set(drawn)
    assert drawn.count("") == len(done.output.splitlines())
    failed = [number for number, fault in enumerate(drawn, start=1) if fault]
    assert failed == [int(number) for number in re.findall(r"fetching #(\d+) ", done.complaints)]
    assert [] == found(done, "one-fails-all") + found(done, "no-deadline")


def test_one_of_several_threads_waits_for_ever() -> None:
    """A thread that waits alone, after the others have ended, is found out, too."""
    done = run("threads", "stall:20%", requests=5, seed=SECOND_OF_FIVE)

    assert "deadlock" == done.trace.header.ended
    # The program's own closes: the server may be ended before it has heard of the last of them.
    assert 4 == len({event.conn for event in done.trace.lane(PYTHON) if event.op == "close" and event.conn})


def test_slow_read() -> None:
    """By the clock a request is read in portions, and its answer comes only after all of them."""
    done = run("selector", "slow-read", requests=1, pace="clock")
    (request,) = [event for event in done.trace.lane(SERVER) if event.op == "request"]
    (accepted,) = [event for event in done.trace.lane(SERVER) if event.op == "accepted"]

    # 16 and 32 bytes, then the rest of about 60: two pauses of 1 ms.
    assert request.t0 - accepted.t0 >= 2_000_000


UPLOAD = """
import selectors, socket, sys
host, _, port = sys.argv[1].rpartition(":")
size = 12 << 20
data = memoryview(b"PUT / HTTP/1.1\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % size + bytes(size))
with socket.create_connection((host, int(port))) as sock, selectors.DefaultSelector() as selector:
    sock.setblocking(False)
    selector.register(sock, selectors.EVENT_WRITE)
    while data:
        if sys.argv[2] == "wait":
            selector.select()
        try:
            data = data[sock.send(data):]
        except BlockingIOError:
            pass
    sock.setblocking(True)
    print(sock.recv(12))
"""
"""Sends more than all buffers hold: by a selector that says when there is room, or by trying again and again."""


@pytest.mark.skipif(not LINUX, reason="other kernels have answers of their own")
@pytest.mark.parametrize("how", ["wait", "try"])
@pytest.mark.parametrize(
    ("fault", "ended", "says"),
    [
        ("", "exit", "b'HTTP/1.1"),
        ("slow-read", "exit", "b'HTTP/1.1"),
        ("close-before-read", "exit", "ConnectionResetError"),
        ("no-accept", "deadlock or spin", ""),
    ],
)
def test_large_request(fault: str, ended: str, says: str, how: str, tmp_path: Path) -> None:
    """In lock-step a program that waits for room ends, too, whether its server reads slowly or not at all."""
    script = tmp_path / "upload.py"
    script.write_text(UPLOAD, encoding="utf-8")
    target = runner.find_target([str(script), runner.ADDRESS, how])
    server = ServerOptions(pace="lockstep", fault=fault, gap_ms=5)
    done = runner.run(target, runner.RunOptions(capture=True, server=server, slots=1 << 12))

    assert done.trace.header.ended in ended
    assert says in done.output + done.complaints


def test_page() -> None:
    """docs/faults.md has a part on each fault, in the same order, and the table of this test."""
    text = (DOCS / "faults.md").read_text(encoding="utf-8")
    parts = [line.strip("#` ") for line in text.splitlines() if line.startswith("### `")]

    assert list(FAULTS) == parts
    assert table() in text, "python tests/fault_table.py prints it"
