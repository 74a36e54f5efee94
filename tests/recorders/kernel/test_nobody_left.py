"""Whatever is killed, nobody is left behind, and what was recorded is kept."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recorders.conftest import Record, WriteScript
from tracedemo.events import KERNEL, PYTHON

ENGINES = [
    pytest.param("strace", marks=pytest.mark.strace),
    pytest.param("ptrace", marks=pytest.mark.ptrace),
]
KILLS = 40 if sys.version_info[:2] == (3, 11) else 20
"""What is killed is our tracer, and does not depend on the Python much. `scripts/bench kills` does it 200 times."""
ROOT = Path(__file__).parents[3]

KILLER = """
import os, signal, socket, sys, threading
steps, forks = int(sys.argv[1]), sys.argv[2] == "forks"
left, right = socket.socketpair()

def talk():
    while True:
        left.send(b"x"), right.recv(1)

threading.Thread(target=talk, daemon=True).start()
if forks and os.fork() == 0:
    talk()
mine, other = socket.socketpair()
for _ in range(steps):
    mine.send(b"x"), other.recv(1)
os.kill(os.getppid(), signal.SIGKILL)
while True:
    mine.send(b"x"), other.recv(1)
"""
"""Kills its tracer after so many steps; what the other thread and the child do meanwhile is never the same twice."""


def alive(name: str) -> list[int]:
    """Processes that have this among their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if name.encode() in words:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_tracer_killed(engine: str, record: Record, tmp_path: Path) -> None:
    """Again and again the tracer is killed while threads and a child make system calls: nobody is left, and it is said."""
    moments = random.Random(engine)
    for number in range(KILLS):
        steps, forks = str(moments.randrange(100)), "forks" if number % 2 else "alone"
        done = record(KILLER, steps, forks, kernel=engine)

        assert [] == alive(str(tmp_path))
        assert 128 + signal.SIGKILL == done.exit_code
        assert list(done.trace.lane(PYTHON))
        assert done.trace.header.notes, (number, steps, forks)


TALK = """
import os, signal, socket, sys
left, right = socket.socketpair()
left.send(b"x"), right.recv(1), left.sendall(b"last")
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os._exit(7)", 7),
        ("sys.exit(3)", 3),
        ("raise ValueError('no')", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("import faulthandler, ctypes; ctypes.string_at(0)", 139),
        ("os.abort()", 134),
    ],
)
def test_target_ends(engine: str, end: str, code: int, record: Record) -> None:
    """However the program ends, its exit code is its own, and its last system call is there."""
    done = record(f"{TALK}\n{end}", kernel=engine)

    assert code == done.exit_code
    kernel = [event for event in done.trace.lane(KERNEL) if event.op in ("sendto", "recvfrom")]
    assert ["sendto", "recvfrom", "sendto"] == [event.op for event in kernel]
    assert "last" == kernel[-1].args["data"]
    assert {} == done.trace.header.dropped
    assert () == done.trace.header.notes


SLEEPS = """
import os, signal, socket, threading
left, right = socket.socketpair()
def when_main_sleeps(do):
    # Told by the kernel: asleep, and in recvfrom, which has the number 45, on aarch64 207.
    task = f"/proc/self/task/{threading.get_native_id()}"
    def watch():
        while not (open(f"{task}/stat").read().rpartition(")")[2].split()[0] == "S"
                   and open(f"{task}/syscall").read().split()[0] in ("45", "207")):
            pass
        do()
    threading.Thread(target=watch).start()
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_killed_inside_a_call(engine: str, record: Record) -> None:
    """A program that is killed inside recv() is shown with a recv that never returned, in both lanes."""
    done = record(
        f"{SLEEPS}\nwhen_main_sleeps(lambda: os.kill(os.getpid(), signal.SIGKILL))\nright.recv(1)",
        kernel=engine,
    )

    assert 137 == done.exit_code
    last = [event for event in done.trace.lane(KERNEL) if event.op == "recvfrom"]
    assert [None] == [event.t1 for event in last]
    assert [None] == [event.t1 for event in done.trace.lane(PYTHON) if event.op == "recv"]


INTERRUPTED = """
came = []
signal.signal(signal.SIGUSR1, lambda *_: came.append(left.send(b"x")))
when_main_sleeps(lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1))
assert right.recv(1) == b"x" and came == [1]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_signals_reach_the_program(engine: str, record: Record) -> None:
    """A signal that the program handles breaks its recv off, the handler runs, and Python asks again (PEP 475)."""
    done = record(SLEEPS + INTERRUPTED, kernel=engine)

    assert (0, "") == (done.exit_code, done.complaints)
    asked = [event for event in done.trace.lane(KERNEL) if event.op == "recvfrom"]
    assert [True, False] == [bool(event.args.get("restarted")) for event in asked]
    assert [None, 1] == [event.result for event in asked]


LEAVES = """
import os, socket, sys
left, right = socket.socketpair()
left.send(b"x")
if os.fork() == 0:
    os.setsid()
    os.execve("/bin/sh", ["sh", "-c", "read line", sys.argv[1]], {})
print("left behind", flush=True)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_program_leaves_is_waited_for_until_ctrl_c(
    engine: str, script: WriteScript, tmp_path: Path
) -> None:
    """A daemon that the program has left is named to who waits, and ended with Ctrl-C; the report is there."""
    path = script(LEAVES)
    command = [sys.executable, "-m", "tracedemo", "run", "--kernel", "--engine", engine, "--view", "summary"]
    with subprocess.Popen(
        [*command, str(path), str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, cwd=ROOT, env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
    ) as process:  # fmt: skip
        try:
            assert "left behind\n" == process.stdout.readline()
            told = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            report = process.stderr.read()
        finally:
            process.kill()
            for pid in alive(str(tmp_path)):
                os.kill(pid, signal.SIGKILL)

    assert re.match("tracedemo: the program has ended, and has left process .* behind", told)
    assert 0 == process.returncode
    assert "system calls" in report
    assert [] == alive(str(tmp_path))


@pytest.mark.strace
def test_killed_strace_leaves_no_other_program(record: Record, tmp_path: Path) -> None:
    """A child that has become another program, with another environment, is ended like the others."""
    done = record(
        """
        import os, signal, socket, sys
        tracer = os.getppid()
        left, right = socket.socketpair()
        if os.fork() == 0:
            os.execve("/bin/sh", ["sh", "-c", "read line", sys.argv[1]], {})
        left.send(b"x")
        os.kill(tracer, signal.SIGKILL)
        signal.pause()
        """,
        str(tmp_path),
        kernel="strace",
    )

    assert 128 + signal.SIGKILL == done.exit_code
    assert [] == alive(str(tmp_path))


GROUP = """
import os, signal, socket
came = []
signal.signal(signal.SIGUSR1, lambda *_: came.append(1))
left, right = socket.socketpair()
os.killpg(0, signal.SIGUSR1)
left.send(b"x"), right.recv(1)
print("came", len(came))
"""


@pytest.mark.ptrace
def test_signal_to_the_programs_own_group(script: WriteScript, tmp_path: Path) -> None:
    """What a program sends to its own process group reaches it once, and neither the tracer nor tracedemo end of it."""
    command = [sys.executable, "-m", "tracedemo", "run", "--kernel", "--engine", "ptrace", str(script(GROUP))]
    done = subprocess.run(
        command, capture_output=True, text=True, start_new_session=True, check=False, cwd=ROOT,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
    )  # fmt: skip

    assert (0, "came 1\n") == (done.returncode, done.stdout)
