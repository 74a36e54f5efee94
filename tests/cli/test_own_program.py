"""`run` on real work: programs that start others, fill the memory, never end, ask the terminal, or do their work in C."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.shell import Shell, terminal
from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.events import PYTHON

SENDS = """
import socket
left, right = socket.socketpair()
for number in range(1000):
    left.send(b"xy")
    right.recv(2)
left.close()
right.close()
"""
STARTS = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import socket; a, b = socket.socketpair(); a.close(); b.close()"])
"""


def rows(shell: Shell, name: str = "t.jsonl") -> Study:
    """A saved run, looked at."""
    return Study(tracefile.read(shell.folder / name).trace)


def one_line(text: str) -> str:
    """Text without the breaks that a narrow screen asks for."""
    return " ".join(text.split())


@pytest.mark.parametrize("keep", ["first", "last"])
def test_full_ring(keep: str, shell: Shell) -> None:
    """When there are more calls than room, what is dropped is counted, sums stay true, and the report begins with it."""
    path = shell.write("program.py", SENDS)
    whole = shell("run", "-o", "all.jsonl", str(path))
    done = shell("run", "--keep", keep, "--max-events", "256", "-o", "t.jsonl", str(path))

    made = rows(shell, "all.jsonl").summary.recorded[PYTHON]
    found = rows(shell).summary
    assert (0, 0) == (whole.returncode, done.returncode)
    assert (256, made - 256) == (found.recorded[PYTHON], found.dropped[PYTHON])
    first = f"Of {made:,} calls the {keep} 256 were kept: all numbers but the CPU time are of these."
    assert first == found.partial
    assert done.stderr.index(first) < done.stderr.index("calls kept")
    assert "Of " not in whole.stderr
    assert f"Of {made:,} calls the {keep} 256 were kept: what follows is about these." in done.stderr


@pytest.mark.parametrize(
    "view", ["log", "summary", "timeline", "phases", "wakeups", "connections", "comparison"]
)
@pytest.mark.parametrize("keep", ["first", "last"])
def test_views_of_a_part(keep: str, view: str, shell: Shell) -> None:
    """Every view shows a part of a run as well as a whole one."""
    path = shell.write("program.py", SENDS)
    shell("run", "--keep", keep, "--max-events", "64", "-o", "t.jsonl", str(path))
    done = shell("show", "t.jsonl", "--view", view)

    assert ("", 0) == (done.stderr, done.returncode)
    assert view == "summary" or f"calls the {keep} 64 were kept" in done.stdout or view == "comparison"
    assert view != "comparison" or "Some rows are missing, so some counts are too low." in done.stdout


def test_children_of_a_run(shell: Shell) -> None:
    """Without --children a child is named with its number, and what to type; with it, it is in the report."""
    path = shell.write("program.py", STARTS)
    bare = shell("run", str(path))
    done = shell("run", "--children", str(path))

    assert re.search(r"  not recorded: process \d+: .*python.* -c import socket", bare.stderr)
    assert "--children records those of them that are Python" in bare.stderr
    assert "made no call" in bare.stderr
    assert "not recorded" not in done.stderr
    assert "socketpair 1" in done.stderr


def test_children_of_what_is_compared(shell: Shell) -> None:
    """`compare` records children, too."""
    path = shell.write("program.py", STARTS)
    done = shell(
        "compare", "--children", "-o", "t.jsonl", str(path), "blocking", "--delay", "0", "--gap", "0"
    )

    assert 0 == done.returncode
    trace = tracefile.read(shell.folder / "t-program.jsonl").trace
    assert "socketpair" in [event.op for event in trace.lane(PYTHON)]


def test_run_inside_a_run(shell: Shell) -> None:
    """Our own command can run inside of what it records with its children, and both record their own."""
    shell.write("inner.py", SENDS)
    words = [sys.executable, "-m", "tracedemo", "run", "-o", "inner.jsonl", "inner.py"]
    path = shell.write("outer.py", f"import subprocess; subprocess.run({words!r}, check=True)")
    done = shell("run", "--children", "-o", "outer.jsonl", str(path))

    assert 0 == done.returncode
    assert 1000 == rows(shell, "inner.jsonl").summary.by_op["send"]
    assert 1000 > rows(shell, "outer.jsonl").summary.by_op.get("send", 0)


def test_never_ends(shell: Shell) -> None:
    """Ctrl-C, typed into the terminal, ends a program that would never end, and shows what it did until then."""
    shell.write(
        "program.py", "import socket\na, b = socket.socketpair()\nprint('waiting', flush=True)\na.recv(1)\n"
    )
    with terminal(shell, "run", "program.py") as screen:
        screen.wait_for("waiting")
        screen.press("\x03")
        assert 130 == screen.wait()

    assert "KeyboardInterrupt" in screen.shown
    assert "interrupted" in screen.shown
    assert "socketpair 1" in screen.shown


def test_reads_the_terminal(shell: Shell) -> None:
    """A program that asks its terminal for a password, past stdin, gets it."""
    shell.write("program.py", "import getpass\nprint('got', getpass.getpass('secret? ')[::-1])\n")
    with terminal(shell, "run", "program.py") as screen:
        screen.wait_for("secret? ")
        screen.press("abc\n")
        assert 0 == screen.wait()

    assert "got cba" in screen.shown


def test_nothing_can_be_read(shell: Shell) -> None:
    """A program that wants input where there is none fails as it would alone."""
    path = shell.write("program.py", "input()")
    bare = shell.run([sys.executable, path])
    done = shell("run", str(path))

    assert (bare.returncode, bare.stdout) == (done.returncode, done.stdout)
    assert done.stderr.startswith(bare.stderr)
    assert "EOFError" in done.stderr


def test_syntax_error(shell: Shell) -> None:
    """A script that is no Python is Python's own complaint, and we say that it made no call."""
    path = shell.write("program.py", "def f(:\n")
    bare = shell.run([sys.executable, path])
    done = shell("run", str(path))

    assert (1, 1) == (bare.returncode, done.returncode)
    assert done.stderr.startswith(bare.stderr)
    assert "made no call" in done.stderr


@pytest.mark.parametrize(
    ("word", "what"), [("nowhere.py", "there is no script nowhere.py"), (".", "is a folder")]
)
def test_no_script(word: str, what: str, shell: Shell) -> None:
    """A script that is not there, or is a folder, is refused before anything runs."""
    done = shell("run", "--children", "--keep", "first", word)

    assert (2, "") == (done.returncode, done.stdout)
    assert what in done.stderr


LIBRARY = """
import _socket
left, right = _socket.socketpair()
left.send(b"x")
right.recv(1)
"""
"""Works with sockets that are not Python's own class, as uvloop and libpq do."""


def beyond(shell: Shell, program: str) -> Path:
    shell.write("uvloop.py", LIBRARY)
    return shell.write("program.py", program)


@pytest.mark.parametrize("view", ["summary", "log"])
def test_library_out_of_reach(view: str, shell: Shell) -> None:
    """That a library is out of reach, and the remedy, stands before anything else that is shown."""
    path = beyond(shell, "import uvloop" + SENDS)
    done = shell("run", "--view", view, str(path))

    remark = "uvloop was imported: its sockets live in C, and are not seen here; --kernel shows their system calls, or"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert remark in one_line(" ".join(lines[:3]))


def test_library_out_of_reach_and_nothing_else(shell: Shell) -> None:
    """Where all was done by such a library, the report is that, and no table of zeros."""
    done = shell("run", str(beyond(shell, "import uvloop")))

    lines = done.stderr.splitlines()
    assert "made no call" in lines[1]
    assert lines[2].startswith("  uvloop was imported: ")
    assert 3 == len(lines)


def test_plain_report_of_a_library_out_of_reach(shell: Shell) -> None:
    """In sentences it is the second one."""
    done = shell("run", "--format", "plain", "--view", "summary", str(beyond(shell, "import uvloop" + SENDS)))

    assert done.stderr.splitlines()[2].startswith("uvloop was imported: ")


@pytest.mark.strace
def test_kernel_counts_what_had_no_python_call(shell: Shell) -> None:
    """With --kernel the system calls of such a library are counted: they lie under no Python call."""
    done = shell(
        "run", "--kernel", "--engine", "strace", "-o", "t.jsonl", str(beyond(shell, "import uvloop" + SENDS))
    )

    (text,) = rows(shell).summary.header.beyond
    assert text.startswith("uvloop was imported: ")
    assert "their system calls are in the kernel lane, under no Python call" in text
    found = re.search(r"under a Python call \([\d.]+ %\); (\d+) do not\.", one_line(done.stderr))
    assert found
    assert int(found[1]) >= 3, "socketpair, send and receive at least"
