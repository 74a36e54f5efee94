"""`run` of a script or module: its output, input, arguments and exit code are its own, and our report goes to stderr."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import TRACEDEMO, Shell
from tracedemo import tracefile

NOTHING = "made no call of Python's socket or selector interface"

PAIR = """
import socket
a, b = socket.socketpair()
a.send(b"x")
b.recv(1)
a.close()
b.close()
"""


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("", 0),
        ("print('hello')", 0),
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit(300)", 44),
        ("import sys; sys.exit('no')", 1),
        ("import os; print('x', flush=True); os._exit(3)", 3),
        ("1 / 0", 1),
        ("def f(:", 1),
        ("\\0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("import faulthandler; faulthandler._sigsegv()", 139),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)) * 20_000)", 0),
        ("import sys; print(sys.argv, sys.flags, __name__, __file__, sys.path[0])", 0),
        ("import os; os.close(1)", 0),
        ("import sys; sys.stderr.write('a complaint')", 0),
    ],
)
def test_as_if_alone(program: str, code: int, shell: Shell) -> None:
    """Output and exit code are, byte for byte, those of the bare program; its own stderr comes before our report."""
    path = shell.write("program.py", PAIR + program)
    bare = shell.run([sys.executable, path], text=False)
    done = shell.run([*TRACEDEMO, "run", str(path)], text=False)

    assert code == done.returncode
    assert bare.stdout == done.stdout
    assert done.stderr.startswith(bare.stderr)
    assert (128 + -bare.returncode if bare.returncode < 0 else bare.returncode) == code
    if "SyntaxError" not in bare.stderr.decode():
        assert b"socketpair 1, " in done.stderr
    assert [] == shell.left_behind()


def test_report(shell: Shell) -> None:
    """The report is a summary, the connections, and the next thing worth typing."""
    done = shell("run", shell.write("program.py", PAIR))

    assert "" == done.stdout
    assert re.match(
        r"\nprogram\.py: .*socketpair 1.*\nprogram\.py: connection by connection\n", done.stderr, re.DOTALL
    )
    assert done.stderr.endswith(
        "\nNext: python -m tracedemo show --view log\n      python -m tracedemo show --view timeline\n"
    )


def test_how_it_ended_is_said_once(shell: Shell) -> None:
    """That a program was killed is said, in the summary or, where that is not shown, by itself."""
    path = shell.write("program.py", PAIR + "import os; os.kill(os.getpid(), 9)")
    done = shell("run", path)
    other = shell("run", "--view", "log", path)

    assert 1 == done.stderr.count("SIGKILL")
    assert "tracedemo: program.py was ended by SIGKILL; what it did until then was recorded\n" in other.stderr
    assert (137, 137) == (done.returncode, other.returncode)


def test_no_calls(shell: Shell) -> None:
    """A program that uses no sockets is told so in two lines, instead of tables full of zeros."""
    done = shell("run", shell.write("program.py", "print('hello')"))

    assert (0, "hello\n") == (done.returncode, done.stdout)
    assert ["", f"tracedemo: program.py {NOTHING}"] == done.stderr.splitlines()[:2]
    assert 3 == len(done.stderr.splitlines())


def test_everything_behind_it_is_its_own(shell: Shell) -> None:
    """Our options go before a script's name; the same words behind it are the script's."""
    path = shell.write("program.py", f"{PAIR}import sys; print(sys.argv[1:])")
    words = ["--view", "its-own", "-o", "its-own.txt", "--", "-n", "5", "", "-m", "a b", "--help"]
    done = shell("run", "--view", "summary", "-o", "t.jsonl", path, *words)

    assert (0, f"{words}\n") == (done.returncode, done.stdout)
    assert "connection by connection" not in done.stderr
    assert tracefile.read(shell.folder / "t.jsonl").trace.header.argv == (str(path), *words)
    assert not (shell.folder / "its-own.txt").exists()


@pytest.mark.parametrize("before", [["--"], ["--view", "summary", "--"], ["--max-events", "99"]])
def test_ways_to_name_it(before: list[str], shell: Shell) -> None:
    """A script can stand behind `--`, and its arguments may begin with one."""
    shell.write("program.py", "import sys; print(sys.argv[1:])")
    done = shell("run", *before, "program.py", "--", "-x")

    assert (0, "['--', '-x']\n") == (done.returncode, done.stdout)


def test_module(shell: Shell) -> None:
    """A module is run as by `python -m`, in the same folder and with its own arguments."""
    (shell.folder / "package").mkdir()
    shell.write("package/__main__.py", f"{PAIR}import sys; print(__package__, sys.argv[1:]); sys.exit(5)")
    for words in (["-m", "package"], ["--view", "summary", "-m", "package"], ["--", "-m", "package"]):
        done = shell("run", *words, "-m", "x", "--view", "y")

        assert (5, "package ['-m', 'x', '--view', 'y']\n") == (done.returncode, done.stdout)
        assert "socketpair 1" in done.stderr
    assert "package ['x']\n" == shell("run", "-mpackage", "x").stdout


def test_unknown_module(shell: Shell) -> None:
    """A module that is not there is Python's own complaint, and its exit code."""
    done = shell("run", "-m", "no_such_module")

    assert 1 == done.returncode
    assert "No module named no_such_module" in done.stderr


def test_name_with_a_space(shell: Shell) -> None:
    """A script may have any name that a file can have."""
    name = "a \x1b[31m ü.py"
    shell.write(name, "print('hello')")
    done = shell("run", name)

    assert (0, "hello\n") == (done.returncode, done.stdout)
    assert "\x1b" not in done.stderr
    assert r"tracedemo: a \x1b[31m ü.py made no call" in done.stderr


def test_input(shell: Shell) -> None:
    """What we are given on stdin is the program's."""
    path = shell.write("program.py", "import sys; print(sys.stdin.read().upper())")

    assert "HELLO\n" == shell("run", path, input="hello").stdout
    assert "\n" == shell("run", path).stdout


ASKS = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.request("GET", "/")
print(sys.argv[2:], len(connection.getresponse().read()))
connection.close()
"""


def test_address_of_our_server(shell: Shell) -> None:
    """Among a script's arguments the place for our server's address is filled, wherever it stands in a word."""
    path = shell.write("program.py", ASKS)
    done = shell(
        "run", "--size", "77", "--delay", "0", "-o", "t.jsonl", path, "{address}", "x={address}", "{other}"
    )
    address = tracefile.read(shell.folder / "t.jsonl").trace.header.server["address"]

    assert (0, f"['x={address}', '{{other}}'] 77\n") == (done.returncode, done.stdout)


def test_forks(shell: Shell) -> None:
    """Processes that it forks are seen, too, and their output is theirs."""
    fork = "import os\npid = os.fork()\n"
    end = "print('child' if pid == 0 else 'parent', flush=True)\nif pid: os.waitpid(pid, 0)\n"
    done = shell("run", shell.write("program.py", fork + PAIR + end))

    assert 0 == done.returncode
    assert ["child", "parent"] == sorted(done.stdout.split())
    assert re.search(r"processes +2\b", done.stderr)


OUTLIVES = """
import os, sys
if os.fork() == 0:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    with open("wait") as wait:      # until somebody opens it for writing
        wait.read()
    with open("done", "w") as done:
        done.write("done")
    os._exit(0)
print("parent ends")
"""


def test_ends_with_the_program(shell: Shell) -> None:
    """The run is over when the program is, though a child of it lives on; that one is left alone."""
    os.mkfifo(shell.folder / "wait")
    os.mkfifo(shell.folder / "done")
    done = shell("run", shell.write("program.py", PAIR + OUTLIVES))

    assert (0, "parent ends\n") == (done.returncode, done.stdout)
    assert not any(shell.temporary.iterdir())
    with (shell.folder / "wait").open("w"):
        pass
    assert "done" == (shell.folder / "done").read_text()


def test_record_that_is_gone(shell: Shell) -> None:
    """When the record of a program is lost, that is our failure around it: exit code 125, whatever the program's was."""
    program = "import os, shutil; shutil.rmtree(max((os.scandir(os.environ['TMPDIR'])), key=str))"
    done = shell("run", shell.write("program.py", program))

    assert 125 == done.returncode
    assert done.stderr.startswith("tracedemo: the program ran, but left no record")
    assert "Traceback" not in done.stderr


def test_report_that_cannot_be_written(shell: Shell) -> None:
    """When a file that was asked for cannot be written after the run, the exit code is 125: 4 could be the program's."""
    program = f"{PAIR}import os, sys; os.mkdir('t.jsonl'); sys.exit(4)"
    done = shell("run", "-o", "t.jsonl", shell.write("program.py", program))

    assert 125 == done.returncode
    assert "tracedemo: cannot write t.jsonl: Is a directory\n  Choose another place with -o.\n" in done.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/null", "2>&1 >/dev/null | true", ">&- 2>&- <&-"])
def test_exit_code_survives_the_report(redirection: str, shell: Shell) -> None:
    """The program's exit code stays its own, though nobody reads the report."""
    shell.write("program.py", f"{PAIR}import sys; sys.exit(7)")
    command = f"{subprocess.list2cmdline(TRACEDEMO)} run program.py"
    status = shell.run(["bash", "-c", f"{command} {redirection}; exit ${{PIPESTATUS[0]}}"])

    assert 7 == status.returncode


def test_full_disk_behind_stderr(shell: Shell) -> None:
    """A report that finds no room is our failure: exit code 125."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    path = shell.write("program.py", f"{PAIR}print('hello')")
    done = shell.run(f"{subprocess.list2cmdline(TRACEDEMO)} run {path} 2>/dev/full")

    assert (125, "hello\n") == (done.returncode, done.stdout)


def test_plain_report(shell: Shell) -> None:
    """In other formats the report is nothing but the views."""
    path = shell.write("program.py", PAIR)
    done = shell("run", "--format", "jsonl", "--view", "log", path)

    lines = done.stderr.splitlines()
    assert "" == lines[0]
    assert all(line.startswith("{") for line in lines[1:])
    assert 6 <= len(lines)


def test_code(shell: Shell) -> None:
    """Code behind -c runs as python -c runs it, with its arguments."""
    code = PAIR + "import sys; print(sys.argv, __name__); sys.exit(4)"
    bare = shell.run([sys.executable, "-c", code, "--view", "x"])
    done = shell("run", "-c", code, "--view", "x")

    assert (4, bare.stdout) == (done.returncode, done.stdout)
    assert "socketpair 1, " in done.stderr


def test_command(shell: Shell) -> None:
    """Behind -- any command may stand that starts a Python: its Python is recorded, its exit code is its own."""
    path = shell.write("program.py", PAIR)
    done = shell("run", "--", "sh", "-c", f"{sys.executable} {path}; echo shell; exit 6")

    assert (6, "shell\n") == (done.returncode, done.stdout)
    assert "socketpair 1, " in done.stderr
    assert done.stderr.lstrip().startswith("sh: ")


def test_command_without_python(shell: Shell) -> None:
    """Of a command that starts none it is said that it has left no record."""
    done = shell("run", "--", "sh", "-c", "echo here")

    assert (125, "here\n") == (done.returncode, done.stdout)
    assert "It may be no Python" in done.stderr


def test_python_of_the_environment(shell: Shell) -> None:
    """A script runs in the active virtual environment's interpreter, a variant in ours, and with --python in that."""
    folder = shell.folder / "env" / "bin"
    folder.mkdir(parents=True)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nSAID=mine exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    path = shell.write("program.py", PAIR + "import os; print(os.environ.get('SAID'))")
    environ = {"VIRTUAL_ENV": str(folder.parent)}

    assert "mine\n" == shell("run", str(path), environ=environ).stdout
    assert "None\n" == shell("run", str(path)).stdout
    assert "mine\n" == shell("run", "--python", str(python), str(path)).stdout
    assert "None\n" == shell("run", "--python", sys.executable, str(path), environ=environ).stdout


def test_python_that_is_none(shell: Shell) -> None:
    """What cannot be run, or is no Python from 3.11 on, is refused before anything runs."""
    path = shell.write("program.py", "print('ran')")
    for says, what in (
        ("echo 3 9", "is Python 3.9, and"),
        ("echo hello", "is no Python that runs"),
        ("exit 1", "is no"),
    ):
        fake = shell.folder / "fake"
        fake.write_text(f"#!/bin/sh\n{says}\n")
        fake.chmod(0o755)
        done = shell("run", "--python", "./fake", str(path))
        assert (2, "") == (done.returncode, done.stdout)
        assert what in done.stderr
    assert 2 == shell("run", "--python", "./nowhere", str(path)).returncode


def test_duration(shell: Shell) -> None:
    """A service is sent a Ctrl-C when its time is over, and what it did until then is shown."""
    path = shell.write("program.py", PAIR + "a, b = socket.socketpair()\na.recv(1)")
    done = shell("run", "--duration", "0.5", str(path))

    assert 130 == done.returncode
    assert "The program was ended: its time was over." in done.stderr
    assert "KeyboardInterrupt" in done.stderr
