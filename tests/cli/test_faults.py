"""`--fault`: wherever our server is started, and what is said of a run that it spoiled."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell
from tracedemo import tracefile
from tracedemo.runner import RunOptions, find_target
from tracedemo.runner.limit import GRACE_S, LOCKSTEP_S, LOCKSTEP_STEP_S, limit_of
from tracedemo.server import ServerOptions

LOCKSTEP = ("--pace", "lockstep")
LAST_OF_THREE = ("--fault", "reset:50%", "--seed", "4")


def test_names_the_connection_and_the_cause(typed: Typed) -> None:
    """A variant that failed complains itself; then it is said on which connection our server did what."""
    done = typed("run", "selector", "-n", "2", *LOCKSTEP, "--fault", "truncated")
    complaint, failed, ours = done.stderr.splitlines()

    assert 1 == done.returncode
    assert complaint.endswith("failed: broken response: 600 bytes came, 1200 were promised")
    assert "tracedemo: the variant selector failed with exit code 1" == failed
    connection = r"connection {} \(fd \d+, from 127.0.0.1:\d+\)"
    both = f"{connection.format(1)}, {connection.format(2)}"
    assert re.fullmatch(rf"  Our server misbehaved, as asked: truncated on {both}", ours)
    assert 2 == len(re.findall(r"^[ \d.]+ server +fault truncated", done.stdout, re.MULTILINE))


def test_many_connections(typed: Typed) -> None:
    """Of many connections three are named, and the others counted."""
    done = typed("run", "selector", "-n", "5", *LOCKSTEP, "--fault", "garbage", "--view", "summary")

    assert re.search(
        r"garbage on connection 1 .*, connection 2 .*, connection 3 .* and 2 more$", done.stderr, re.MULTILINE
    )
    assert "our server misbehaved as asked (--fault garbage): garbage on 5 of 5 connections" in " ".join(
        done.stdout.split()
    )


def test_nobody_is_drawn(typed: Typed) -> None:
    """Where chance spares all, the run goes well, and that is said."""
    done = typed("run", "blocking", *LOCKSTEP, "--fault", "reset:0.01%", "--view", "summary")

    assert (0, "") == (done.returncode, done.stderr)
    assert "(--fault reset:0.01% --seed 0): no fault was drawn for any of 1 connection" in " ".join(
        done.stdout.split()
    )


def test_refused(typed: Typed) -> None:
    """Of a server that refuses it is said that it cannot know of anybody."""
    done = typed("run", "blocking", "--fault", "refuse", "--view", "summary")

    assert 1 == done.returncode
    assert "Connection refused" in done.stderr
    assert "  Our server was asked to misbehave: --fault refuse" in done.stderr.splitlines()
    assert "it did not listen" in done.stdout


@pytest.mark.parametrize("format_", ["table", "plain"])
def test_findings_are_told(format_: str, typed: Typed) -> None:
    """What the post's scheduler does about one failure, and about silence, is shown as a finding."""
    one = typed(
        "run",
        "selector",
        "-n",
        "5",
        *LOCKSTEP,
        "--fault",
        "reset:20%",
        "--view",
        "findings",
        "--format",
        format_,
    )
    silent = typed(
        "run", "selector", *LOCKSTEP, "--fault", "stall", "--view", "findings", "--format", format_
    )

    assert "given up with it" in " ".join(one.stdout.split())
    assert "would have waited for ever" in " ".join(silent.stdout.split())
    assert 1 == one.returncode == silent.returncode


def test_time_is_over(typed: Typed) -> None:
    """By the clock a variant that waits for ever is ended, and the message names the time; there is no traceback."""
    done = typed("run", "blocking", "--delay", "0", "--gap", "0", "--fault", "no-accept", "--view", "summary")
    ended, shown, ours = done.stderr.splitlines()

    assert 1 == done.returncode
    assert ended.startswith(
        "tracedemo: blocking was ended after 5 s, in which it had set itself no deadline: our server was "
    )
    assert "  What it did until then was recorded." == shown
    assert "no-accept on connection 1 (fd " in ours
    assert "The program was ended: its time was over." in done.stdout


def test_compare(typed: Typed) -> None:
    """All that are compared meet the same faults."""
    done = typed(
        "compare", "blocking", "selector", *LOCKSTEP, *LAST_OF_THREE, "-o", "both.jsonl", "--view", "summary"
    )
    traces = [tracefile.read(path).trace for path in sorted(Path.cwd().glob("both*.jsonl"))]

    assert 1 == done.returncode
    assert {("reset:50%", 4)} == {
        (trace.header.server["fault"], trace.header.server["seed"]) for trace in traces
    }


@pytest.mark.parametrize("command", ["diff", "report", "step"])
def test_other_commands(command: str, typed: Typed) -> None:
    """Whatever runs variants takes faults."""
    words = ["selector", "selector"] if command == "diff" else ["selector"]
    done = typed(command, *words, "-n", "1", *LOCKSTEP, "--fault", "half-close")

    assert 1 == done.returncode
    assert "not an HTTP response: b''" in done.stderr


def test_saved_run_has_had_its_faults(typed: Typed, recorded: Path) -> None:
    """What is saved has been run, so that a fault comes too late for it."""
    done = typed("report", recorded, "--fault", "reset")

    assert 2 == done.returncode
    assert done.stderr.startswith("tracedemo: --fault is for what is run, and ")


def test_script(shell: Shell) -> None:
    """A program of the user's own meets the fault, and keeps its exit code; the report tells what was done to it."""
    shell.write(
        "client.py",
        """
        import socket, sys
        host, _, port = sys.argv[1].partition(":")
        with socket.create_connection((host, int(port))) as sock:
            sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            try:
                sock.recv(1)
            except ConnectionResetError:
                sys.exit(7)
        """,
    )
    done = shell("run", "--fault", "reset", "client.py", "{address}")

    assert 7 == done.returncode
    assert "our server misbehaved as asked (--fault reset): reset on 1 of 1 connection" in " ".join(
        done.stderr.split()
    )
    assert [] == shell.left_behind()


def test_serve(shell: Shell) -> None:
    """`serve` says what it does wrong, does it, and tells it."""
    with shell.start("serve", "--port", "0", "--delay", "0", "--fault", "reset") as process:
        assert process.stdout is not None
        place = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert place
        told = process.stdout.readline()
        process.stdout.readline()
        with socket.create_connection(("127.0.0.1", int(place[1]))) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        lines = [process.stdout.readline().split()[0] for _ in range(4)]
        process.send_signal(signal.SIGINT)
        process.communicate()

    assert "--fault reset: it reads the request, then breaks the connection off with a reset\n" == told
    assert ["accepted", "fault", "request", "reset"] == lines
    assert 0 == process.returncode


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ({"server": {"fault": "stall"}, "requests": 10}, GRACE_S + 10 * 0.05),
        ({"server": {"fault": "no-accept:1%", "delay_ms": 1000, "gap_ms": 0}, "requests": 2}, GRACE_S + 2),
        (
            {"server": {"fault": "stall", "pace": "lockstep"}, "requests": 10},
            LOCKSTEP_S + 10 * LOCKSTEP_STEP_S,
        ),
        ({"server": {"fault": "reset,truncated"}}, None),
        ({"server": {}}, None),
        ({"server": {"fault": "stall"}, "duration": 3.0}, None),
        ({"server": {"fault": "stall"}, "address": "127.0.0.1:1"}, None),
    ],
)
def test_limit(words: dict[str, object], limit: float | None) -> None:
    """A variant has a limit of time where our server may keep silent, by the clock, and nobody has set another."""
    server = ServerOptions(**words.pop("server"))  # type: ignore[arg-type]

    assert limit == limit_of(find_target(["selector"]), RunOptions(server=server, **words))  # type: ignore[arg-type]


def test_no_limit_for_others(tmp_path: Path) -> None:
    """Who has deadlines, or no server, needs no limit, and a program of the user's own may wait as long as it likes."""
    script = tmp_path / "x.py"
    script.touch()

    for word in ("robust", "sleepers", str(script)):
        assert limit_of(find_target([word]), RunOptions(server=ServerOptions(fault="stall"))) is None
