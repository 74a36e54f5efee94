"""Whether a program sleeps where nobody can wake it: looked at from outside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorders.conftest import InProcess
from tracedemo.recorders.inprocess.layout import HEADER
from tracedemo.recorders.inprocess.progress import Progress, progress
from tracedemo.recorders.inprocess.spool import Spool
from tracedemo.runner import asleep

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="/proc is Linux's")

SLOTS = 1 << 15


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool of this process, in a folder of its own."""
    made = Spool(str(tmp_path), SLOTS, 64, 64)
    yield made
    made.close()


def start(program: str) -> subprocess.Popen[str]:
    """A program that says when it has come to its point."""
    return subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def heard(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    assert child.stdout.readline()


def state_of(child: subprocess.Popen[str], wanted: str) -> None:
    """Wait until the kernel says so."""
    while wanted != Path(f"/proc/{child.pid}/stat").read_text().rpartition(") ")[2][0]:
        os.sched_yield()


def ended(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def test_calls_are_counted_and_an_open_one_is_seen(spool: Spool, tmp_path: Path) -> None:
    """A spool that is written tells how many calls were made by now; and whether one has not returned."""
    (path,) = tmp_path.glob("*.spool")
    assert Progress(0, False) == progress(path)
    spool.event("recv", 1, 2)
    spool.event("recv", 3, 4)
    assert Progress(2, False) == progress(path)
    spool.event("recv", 5, 0)
    assert Progress(3, True) == progress(path)


def test_a_real_recorder_is_understood(tmp_path: Path) -> None:
    """What the recorder itself writes into a spool is counted: a socket is made and closed."""
    with InProcess(tmp_path, SLOTS), socket.socket():
        pass

    (path,) = tmp_path.glob("*.spool")
    assert Progress(2, False) == progress(path)


def test_nothing_is_said_of_what_is_no_spool_or_too_long(spool: Spool, tmp_path: Path) -> None:
    """A file that has no head yet, and a program that has made very many calls, are no ground for a judgement."""
    (path,) = tmp_path.glob("*.spool")
    for _ in range(SLOTS - 1):
        spool.event("recv", 1, 2)
    assert progress(path) is None
    (tmp_path / "empty").write_bytes(bytes(HEADER.size))
    assert progress(tmp_path / "empty") is None


def test_who_sleeps_outside_of_a_call_stands_still(spool: Spool, tmp_path: Path) -> None:
    """A program that sleeps stands still, until it is ended; a further call is seen, and whether it is inside of one."""
    child = start("print(1, flush=True); input()")
    heard(child)
    state_of(child, "S")

    first = asleep.stillness(child.pid, tmp_path)
    assert first is not None
    assert not first.inside
    assert first == asleep.stillness(child.pid, tmp_path)
    spool.event("recv", 1, 2)
    assert asleep.stillness(child.pid, tmp_path) not in (None, first)
    spool.event("recv", 3, 0)
    now = asleep.stillness(child.pid, tmp_path)
    assert now is not None
    assert now.inside
    ended(child)
    assert asleep.stillness(child.pid, tmp_path) is None


def test_who_waits_for_a_child_at_work_does_not_stand_still(spool: Spool, tmp_path: Path) -> None:
    """A program is awake as long as one of its children is."""
    child = start(
        "import subprocess, sys\n"
        "busy = subprocess.Popen([sys.executable, '-c', 'print(1, flush=True)\\nwhile True: pass'])\n"
        "try:\n    sys.stdin.read()\nfinally:\n    busy.kill()"
    )
    heard(child)
    state_of(child, "S")

    assert asleep.stillness(child.pid, tmp_path) is None
    child.communicate("")


def test_without_a_spool_nobody_knows(tmp_path: Path) -> None:
    """A program of which nothing was recorded, as one that has only begun, is not said to sleep."""
    assert asleep.stillness(os.getppid(), tmp_path) is None
