"""`tracedemo doctor` on machines that lack something: eight faults, each of them made for real around the command."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.shell import TRACEDEMO, Shell, terminal
from tracedemo.cli.doctor import report
from tracedemo.doctor import Check, Verdict

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
"""prctl(2), capabilities(7): without it a folder of root's that nobody may write cannot be written by root either."""
ALONE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
"""A network of one's own, in which loopback is down."""


OWN = "own"
"""A folder of commands, before all others on the PATH."""


class Around(NamedTuple):
    """What is different around the command."""

    before: tuple[str, ...] = ()
    environ: Mapping[str, str] = {}
    preexec: Callable[[], object] | None = None


def few_files(_: Path) -> Around:
    return Around(preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))


def no_loopback(_: Path) -> Around:
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace can be made here")
    return Around(before=tuple(ALONE))


def no_strace(folder: Path) -> Around:
    kept = [one for one in os.environ["PATH"].split(os.pathsep) if not shutil.which("strace", path=one)]
    return Around(environ={"PATH": os.pathsep.join([str(folder / OWN), *kept])})


def strace_refused(folder: Path) -> Around:
    refuses = "strace: test_ptrace_get_syscall_info: PTRACE_TRACEME: Operation not permitted"
    program(
        folder / OWN / "strace",
        f'[ "$1" != -V ] || {{ echo "strace -- version 6.1"; exit; }}; echo "{refuses}" >&2; exit 1',
    )
    return Around()


def shim(folder: Path) -> Around:
    (folder / OWN / "python3").unlink()
    program(folder / OWN / "python3", f'exec "{sys.executable}" "$@"')
    return Around()


def program(path: Path, does: str) -> None:
    """A script."""
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


def ascii_only(_: Path) -> Around:
    return Around(environ={"PYTHONIOENCODING": "ascii"})


def read_only(folder: Path) -> Around:
    folder.chmod(0o555)
    return Around(preexec=lambda: ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0))


@pytest.fixture
def plain(shell: Shell) -> Shell:
    """A shell where `python3` is the interpreter itself, so that what a test breaks is all that is broken."""
    place = shell.folder / OWN
    place.mkdir()
    (place / "python3").symlink_to(sys.executable)
    shell.environ["PATH"] = f"{place}{os.pathsep}{os.environ['PATH']}"
    return shell


def asked(shell: Shell, around: Around) -> tuple[int, dict[str, Any]]:
    """Exit code and checks of `doctor --json` in such surroundings."""
    command = [*around.before, *TRACEDEMO, "doctor", "--json"]
    done = shell.run(command, environ=dict(around.environ), preexec_fn=around.preexec)
    assert "" == done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode
    return done.returncode, told["checks"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these faults are made as Linux makes them")
@pytest.mark.parametrize(
    ("fault", "name", "state", "code", "said"),
    [
        (no_loopback, "Loopback", "mend", 1, "no round trip on 127.0.0.1: .*Network is unreachable"),
        (few_files, "Open files", "admin", 3, "256 for a process, can be raised to 256"),
        (no_strace, "strace", "optional", 0, "strace is not installed"),
        (strace_refused, "strace", "optional", 0, "Operation not permitted"),
        (ascii_only, "Terminal", "optional", 0, "ascii: drawn with ASCII"),
        (read_only, "This folder", "mend", 1, "nothing can be written here: Permission denied"),
        (shim, "python3 on PATH", "optional", 0, "own/python3 is a shim: a script that starts an interpreter"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)  # fmt: skip
def test_fault(
    fault: Callable[[Path], Around], name: str, state: str, code: int, said: str, plain: Shell
) -> None:
    """What is wrong is named, and it alone, with one remedy; what is merely missing does not fail."""
    before = asked(plain, Around())[1]
    returned, checks = asked(plain, fault(plain.folder))

    assert (code, state) == (returned, checks[name]["state"])
    assert re.search(said, checks[name]["found"])
    assert checks[name]["remedy"]
    assert before[name]["state"] == "ok"
    changed = {one for one, found in checks.items() if found["state"] != before[one]["state"]}
    assert {name} == changed


@pytest.mark.parametrize("columns", [60, 80])
def test_terminal_of_few_columns(columns: int, plain: Shell) -> None:
    """On a narrow terminal the doctor says how wide it is, keeps within its columns, and is content."""
    with terminal(plain, "doctor", columns=columns) as seen:
        assert 0 == seen.wait()
        text = seen.shown

    assert max(map(len, text.splitlines())) <= columns
    assert re.search(rf"^{'--' if columns < 80 else 'ok'} +Terminal +{columns} columns", text, re.MULTILINE)
    assert ("easier to read from 100 columns" in " ".join(text.split())) == (columns < 80)


def test_long_path_is_broken(plain: Shell) -> None:
    """A path that is longer than the screen is wide goes on in the next line."""
    place = plain.folder / ("long" * 20)
    place.mkdir()
    program(place / "python3", "")
    environ = {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "60"}
    text = plain("doctor", environ=environ).stdout

    assert max(map(len, text.splitlines())) <= 60
    assert str(place) in re.sub(r"\s+", "", text)


def test_without_an_engine(plain: Shell) -> None:
    """Where nothing can record system calls one is ready all the same, and told what one does without."""
    (plain.folder / "ptrace.py").write_text("raise ImportError\n")  # stands before python-ptrace
    environ = dict(no_strace(plain.folder).environ) | {
        "PYTHONPATH": f"{plain.folder}{os.pathsep}{plain.environ['PYTHONPATH']}"
    }
    done = plain("doctor", environ=environ)

    assert (0, "") == (done.returncode, done.stderr)
    assert "Ready, but for --kernel" in done.stdout


def test_one_form_at_a_time(plain: Shell) -> None:
    """An object and a block for people are not asked for at once."""
    done = plain("doctor", "--json", "--report")

    assert (2, "") == (done.returncode, done.stdout)
    assert 2 == done.stderr.count("\n")


def test_report_can_be_pasted(plain: Shell) -> None:
    """The report names each check with its state, and no folder of this machine."""
    text = plain("doctor", "--report").stdout

    assert re.search(r"^ok +Loopback", text, re.MULTILINE)
    assert str(plain.folder) not in text
    assert sys.executable not in text
    assert os.path.expanduser("~") + "/" not in text  # noqa: PTH111  # as the shell writes it
    assert [] == re.findall(r"(?<![\w.])/\w+", text)


def test_report_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths with spaces, and the names of user and home, do not come into a report; what was found does."""
    monkeypatch.setenv("HOME", "/home/Ada Lovelace")
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setattr(sys, "executable", "/home/Ada Lovelace/venv/bin/python")
    found = (
        "CPython 3.13.0, /home/Ada Lovelace/venv/bin/python; /home/Ada Lovelace/x y of ada, C:\\Users\\ada"
    )
    text = report([Check("Python", Verdict.GOOD, found)])

    assert "CPython 3.13.0, <path>" in text
    assert [] == re.findall("(?i)lovelace|ada|venv", text)
