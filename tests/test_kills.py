"""Whoever of a run is killed, and when: nobody is left, nobody is stopped, and what was recorded until then can be read.

The program itself kills, after so many steps: so a test does the same each time. Random moments, seen from outside, are in
`scripts/bench kills`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tagged import tagged, wait_until_gone
from tracedemo import tracefile
from tracedemo.events import KERNEL, PYTHON, Trace

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="processes are told apart by Linux's /proc"
)

ROOT = Path(__file__).parents[1]

KILLS = """
import os, signal, socket, sys
from pathlib import Path

steps, victims = int(sys.argv[1]), sys.argv[2].split(",")
left, right = socket.socketpair()
for _ in range(steps):
    left.send(b"x"), right.recv(1)

def words(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\\0")
    except OSError:
        return []

def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

above = [os.getpid()]
while b"run" not in words(above[-1]) and b"compare" not in words(above[-1]):
    above.append(parent(above[-1]))
tracedemo = above[-1]

def child(mark):
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if parent(path.name) == tracedemo and any(mark in word for word in words(path.name)):
                return int(path.name)
        except OSError:
            pass

who = {"target": lambda: os.getpid(), "tracer": lambda: above[1], "tracedemo": lambda: tracedemo,
       "server": lambda: child(b"tracedemo.server"), "guardian": lambda: child(b"guardian.py")}
pids = [who[name]() for name in victims]
for pid in pids:
    os.kill(pid, signal.SIGKILL)
if "guardian" not in victims and "server" not in victims:
    while True:  # until somebody ends us
        left.send(b"x"), right.recv(1)
"""


class Killed(NamedTuple):
    """A command, some of whose processes were killed."""

    exit_code: int
    said: str
    traces: list[Trace]
    """Of the last run, as bare `show` finds it."""


class Runner:
    """Runs tracedemo in surroundings of its own, and looks at what it leaves there."""

    def __init__(self, folder: Path) -> None:
        self.state, self.temporary, self.script = folder / "state", folder / "tmp", folder / "kills.py"
        self.temporary.mkdir()
        self.script.write_text(KILLS, encoding="utf-8")
        self.tag = f"XDG_STATE_HOME={self.state}"
        self.environment = os.environ | {"XDG_STATE_HOME": str(self.state), "TMPDIR": str(self.temporary)}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it, until all who could say something have ended."""
        return subprocess.run(
            [sys.executable, "-m", "tracedemo", *words], capture_output=True, text=True, check=False, cwd=ROOT,
            env=self.environment, start_new_session=True,
        )  # fmt: skip

    def killed(self, *words: str) -> Killed:
        """Run it, and make sure that nobody and nothing is left but the last run."""
        done = self(*words)
        assert [] == wait_until_gone(self.tag)
        assert [] == list(self.temporary.iterdir())
        paths = sorted((self.state / "tracedemo" / "last").glob("*.jsonl"))
        loaded = [tracefile.read(path) for path in paths]
        assert [""] * len(loaded) == [one.problem for one in loaded]
        return Killed(done.returncode, done.stderr, [one.trace for one in loaded])


@pytest.fixture
def tracedemo(tmp_path: Path) -> Runner:
    """Tracedemo in surroundings of its own."""
    return Runner(tmp_path)


LANES = [
    pytest.param((), id="bare"),
    pytest.param(("--kernel", "--engine", "strace"), id="strace", marks=pytest.mark.strace),
    pytest.param(("--kernel", "--engine", "ptrace"), id="ptrace", marks=pytest.mark.ptrace),
]
VICTIMS = ("target", "tracer", "server", "tracedemo")
ROUNDS = 2


def drawn(victim: str, lane: tuple[str, ...]) -> list[int]:
    """After how many steps somebody is killed: drawn, and the same each time."""
    moments = random.Random(f"{victim} {lane}")
    return [moments.randrange(300) for _ in range(ROUNDS)]


@pytest.mark.parametrize(
    ("victim", "lane"),
    [
        pytest.param(victim, *lane.values, id=f"{victim}-{lane.id}", marks=lane.marks)
        for victim in VICTIMS
        for lane in LANES
        if victim != "tracer" or lane.id != "bare"
    ],
)
def test_killed(victim: str, lane: tuple[str, ...], tracedemo: Runner) -> None:
    """Target, tracer, server or tracedemo itself is killed: nobody is left, and all steps until then are in the trace."""
    for steps in drawn(victim, lane):
        done = tracedemo.killed("run", *lane, str(tracedemo.script), str(steps), victim, "{address}")

        (trace,) = done.traces
        sends = [event for event in trace.lane(PYTHON) if event.op == "send"]
        assert steps <= len(sends)
        if lane and (victim, lane[-1]) != ("tracer", "ptrace"):  # which writes ten times a second
            assert steps <= sum(event.op == "sendto" for event in trace.lane(KERNEL))
        if victim == "tracedemo":
            assert -signal.SIGKILL == done.exit_code
            assert "tracedemo was killed" == trace.header.ended
            assert (
                "tracedemo was killed while kills.py ran\n  What was recorded until then: tracedemo show\n"
                in done.said
            )
        elif victim == "server":
            assert (0, "exit") == (done.exit_code, trace.header.ended)
        else:
            assert victim != "tracer" or trace.header.notes
            assert (128 + signal.SIGKILL, "signal SIGKILL") == (done.exit_code, trace.header.ended)


def test_killed_before_anything_was_recorded(tracedemo: Runner) -> None:
    """When tracedemo is killed by a program that is no Python, it is said that there is nothing; the run before is kept."""
    assert 0 == tracedemo("run", "-c", "import socket; socket.socketpair()").returncode

    done = tracedemo.killed("run", "--", "sh", "-c", "kill -9 $PPID; read line")

    assert "tracedemo was killed before the program had made a call" in done.said
    assert ["exit"] == [trace.header.ended for trace in done.traces]


def test_what_was_run_before_is_kept(tracedemo: Runner) -> None:
    """When tracedemo is killed in the second run of a comparison, the first one is kept, too."""
    again = f"{tracedemo.script} 5 tracedemo"
    done = tracedemo.killed("compare", "blocking", again)

    assert ["exit", "tracedemo was killed"] == [trace.header.ended for trace in done.traces]


def test_guardian_and_all_killed(tracedemo: Runner) -> None:
    """When all is killed, as by `killall -9 python`, the next bare `show` finds what was recorded, and clears up."""
    assert -signal.SIGKILL == tracedemo("run", str(tracedemo.script), "7", "guardian,tracedemo").returncode
    assert [] == wait_until_gone(tracedemo.tag)
    assert 1 == len(list(tracedemo.temporary.iterdir()))

    done = tracedemo("show", "--view", "log")

    assert "tracedemo was killed while kills.py ran" in done.stderr
    assert (0, 7) == (done.returncode, done.stdout.count("send(1 byte)"))
    assert [] == list(tracedemo.temporary.iterdir())
    assert "" == tracedemo("show").stderr


def test_guardian_alone_killed(tracedemo: Runner) -> None:
    """When only the guardian is killed, the run goes on, and ends as ever."""
    done = tracedemo.killed("run", str(tracedemo.script), "3", "guardian")

    assert (0, ["exit"]) == (done.exit_code, [trace.header.ended for trace in done.traces])


DIES = """#!/bin/sh
[ "$1" = -V ] && { echo "strace -- version 6.1"; exit; }
sleep 1000 >/dev/null 2>&1 &
kill -9 $$
"""


def test_trial_killed(tracedemo: Runner, tmp_path: Path) -> None:
    """When a tracer is killed while it is tried out, what it leaves is ended: strace tries out ptrace in children."""
    (tmp_path / "strace").write_text(DIES)
    (tmp_path / "strace").chmod(0o755)
    tracedemo.environment["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = tracedemo("run", "--kernel", "--engine", "strace", "-c", "pass")

    assert 3 == done.returncode, done.stderr
    assert [] == tagged(tracedemo.tag)
    assert [] == list(tracedemo.temporary.iterdir())


def test_scale_killed(tracedemo: Runner) -> None:
    """When `tracedemo scale` is killed while its servers run, nobody is left, and no folder."""
    with subprocess.Popen(
        [sys.executable, "-m", "tracedemo", "scale", "selector", "--to", "100"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd=ROOT, env=tracedemo.environment, start_new_session=True,
    ) as process:  # fmt: skip
        while not list(tracedemo.temporary.glob("*/server-1/server.jsonl")):
            assert process.poll() is None
        process.kill()

    assert [] == wait_until_gone(tracedemo.tag)
    assert [] == list(tracedemo.temporary.iterdir())


def test_tag_is_inherited(tracedemo: Runner) -> None:
    """The witness works: all of a run bear the tag by which those who are left would be found."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tests.tagged as t; print(len(t.tagged(sys.argv[1])))"
    done = tracedemo("run", "-c", code, tracedemo.tag, "{address}")

    assert "4\n" == done.stdout, "tracedemo, its guardian, the server and the program"
    assert [] == tagged(tracedemo.tag)
