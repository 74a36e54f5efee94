"""The doctor: each check says what is there, what is missing, and what to do about it."""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from tracedemo import doctor
from tracedemo.doctor import CHECKS, Check, Verdict, examine, exit_code
from tracedemo.recorders.kernel.refusals import Refusal

resource = pytest.importorskip("resource", reason="limits are POSIX's")

GOOD, OPTIONAL, MEND, ADMIN = Verdict


def check(name: str) -> Check:
    """The check of that name, made now."""
    return next(found for found in examine() if found.name == name)


def test_this_machine() -> None:
    """On this machine all checks are made, and none of them stands in the way."""
    found = list(examine())

    assert len(CHECKS) == len(found)
    assert 0 == exit_code(found), found
    assert all(one.found for one in found)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        ([GOOD, GOOD], 0),
        ([GOOD, OPTIONAL], 0),
        ([GOOD, MEND, OPTIONAL], 1),
        ([MEND, ADMIN], 3),
        ([ADMIN], 3),
    ],
)
def test_exit_code(verdicts: list[Verdict], code: int) -> None:
    """Ready is 0, what the user can mend 1, what needs an administrator 3, whatever else there is."""
    assert code == exit_code([Check("x", verdict, "y") for verdict in verdicts])


def test_whatever_is_in_the_way_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that fails says what to do."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    monkeypatch.setattr(socket, "create_server", refuse)
    monkeypatch.setattr(doctor, "place_for_spools", lambda: "/nowhere")
    monkeypatch.setattr(resource, "getrlimit", lambda what: (256, 256))
    bad = [found for found in examine() if found.verdict is not GOOD]

    assert {"Python", "Generator steps", "Loopback", "Room for records", "Open files"} <= {
        one.name for one in bad
    }
    assert all(one.remedy for one in bad)
    assert 3 == exit_code(bad)


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")


class Version(NamedTuple):
    """What sys.version_info is."""

    major: int
    minor: int
    micro: int
    releaselevel: str
    serial: int


@pytest.mark.parametrize(
    ("version", "name", "verdict"),
    [
        ((3, 10, 9), "cpython", MEND),
        ((3, 11, 0), "cpython", GOOD),
        ((3, 14, 0), "cpython", GOOD),
        ((3, 11, 0), "pypy", OPTIONAL),
    ],
)
def test_python(
    version: tuple[int, ...], name: str, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPython from 3.11 up is good, another interpreter may miss calls, an older one cannot."""
    monkeypatch.setattr(sys, "version_info", Version(*version, "final", 0))
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(name=name))

    assert verdict is check("Python").verdict


@pytest.mark.parametrize(("version", "verdict"), [((3, 11), OPTIONAL), ((3, 12), GOOD)])
def test_generator_steps(version: tuple[int, ...], verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python 3.12 on, steps of generators are seen in all programs."""
    monkeypatch.setattr(sys, "version_info", Version(*version, 0, "final", 0))

    assert verdict is doctor._flow().verdict


def test_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that cannot talk to itself is found out by a real connection."""
    assert (GOOD, "a connection to 127.0.0.1 works") == check("Loopback")[1:3]
    monkeypatch.setattr(socket, "create_connection", refuse)

    found = doctor._loopback()
    assert MEND is found.verdict
    assert "Cannot assign requested address" in found.found


@pytest.mark.parametrize(
    ("soft", "hard", "verdict", "text"),
    [
        (256, 20_000, GOOD, "256 for a process, can be raised to 20,000"),
        (1024, 1024, GOOD, "1,024 for a process, can be raised to 1,024"),
        (-1, -1, GOOD, "no limit for a process, can be raised to no limit"),
        (256, resource.RLIM_INFINITY, GOOD, "256 for a process, can be raised to no limit"),
        (256, 512, ADMIN, "256 for a process, can be raised to 512"),
    ],
)
def test_descriptors(
    soft: int, hard: int, verdict: Verdict, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hard limit of open files counts, since a run raises the soft one by itself."""
    monkeypatch.setattr(resource, "getrlimit", lambda what: (soft, hard))

    assert (verdict, text) == check("Open files")[1:3]


def test_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without such limits, as Windows is, has nothing in the way."""
    monkeypatch.setitem(sys.modules, "resource", None)

    assert (GOOD, "this system has no limit of that kind") == doctor._descriptors()[1:3]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("32768\t60999\n", "32768 to 60999: 28,232 connections to one address"),
        ("rubbish", "the range is not told on this system"),
        (None, "the range is not told on this system"),
    ],
)
def test_ports(text: str | None, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The range of local ports is told where the system tells it."""

    def read_text(_path: Path) -> str:
        if text is None:
            raise FileNotFoundError
        return text

    monkeypatch.setattr(Path, "read_text", read_text)

    assert (GOOD, found) == doctor._ports()[1:3]


@pytest.mark.parametrize(
    ("begins", "verdict", "said"),
    [
        (b"#!/bin/sh", OPTIONAL, " is a shim: "),
        (b"\x7fELF", GOOD, "; your programs are run by "),
        (None, GOOD, "there is no "),
    ],
)
def test_shim(
    begins: bytes | None, verdict: Verdict, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A script in the place of the interpreter is told from an interpreter; which one runs programs is said each time."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if begins is not None:
        (tmp_path / "python3").write_bytes(begins)
        (tmp_path / "python3").chmod(0o755)
    found = doctor._on_path()

    assert verdict is found.verdict
    assert said in found.found
    assert sys.executable in found.found


def test_same_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A link to the interpreter that runs programs is the same one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "python3").symlink_to(sys.executable)

    assert (GOOD, "the same") == doctor._on_path()[1:3]


def test_range_of_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that gives no socket a range of its own is told, and does no harm; other systems are not asked."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(doctor, "PORT_RANGE", (socket.IPPROTO_IP, 9999))  # no such option
    found = doctor._port_range()
    assert OPTIONAL is found.verdict
    assert "Protocol not available" in found.found

    monkeypatch.setattr(sys, "platform", "darwin")
    assert GOOD is doctor._port_range().verdict


def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder where one stands is tried and left as it was; a save that nobody can see is told."""
    monkeypatch.chdir(tmp_path)
    assert (GOOD, "can be written, and a save is seen") == doctor._folder()[1:3]
    assert [] == list(tmp_path.iterdir())

    monkeypatch.setattr(doctor, "_stamp", lambda path: (0, 0))
    assert OPTIONAL is doctor._folder().verdict


def test_folder_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who stands in a folder that was removed can write nothing there."""
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()

    assert (MEND, "nothing can be written here: No such file or directory") == doctor._folder()[1:3]


def test_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The place where a run writes is tried; one without room, or that cannot be written, is told."""
    monkeypatch.setattr(doctor, "place_for_spools", lambda: str(tmp_path))
    assert GOOD is doctor._spool().verdict
    assert [] == list(tmp_path.iterdir())

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100 << 20))
    assert (MEND, f"{tmp_path} has 100 MiB free") == doctor._spool()[1:3]

    monkeypatch.setattr(doctor, "place_for_spools", lambda: str(tmp_path / "none"))
    assert (MEND, f"{tmp_path}/none cannot be written: No such file or directory") == doctor._spool()[1:3]


def test_no_place_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any folder for temporary files is told to have one."""
    monkeypatch.setattr(doctor, "place_for_spools", lambda: None)
    monkeypatch.setattr(tempfile, "gettempdir", refuse)

    assert (MEND, "there is no folder for temporary files") == doctor._spool()[1:3]


NOT_THERE = Refusal("strace is not installed", "apt install strace")
FORBIDDEN = Refusal("Yama forbids all tracing", "An administrator can allow it.", admin=True)


def engines(monkeypatch: pytest.MonkeyPatch, strace: Refusal | None, ptrace: Refusal | None) -> None:
    """Let the engines of this machine answer like this."""
    answers = {"strace": strace, "ptrace": ptrace}
    monkeypatch.setattr(doctor, "engine", lambda name: SimpleNamespace(refusal=lambda: answers[name]))
    monkeypatch.setattr(doctor.strace, "version_text", lambda: "strace -- version 6.1")
    monkeypatch.setattr(doctor.strace, "without_filter", lambda: False)


@pytest.mark.parametrize(
    ("strace", "ptrace", "verdicts"),
    [
        (None, None, (GOOD, GOOD)),
        (NOT_THERE, None, (OPTIONAL, GOOD)),
        (None, NOT_THERE, (GOOD, OPTIONAL)),
        (NOT_THERE, NOT_THERE, (OPTIONAL, OPTIONAL)),
        (NOT_THERE, FORBIDDEN, (OPTIONAL, OPTIONAL)),
    ],
)
def test_engines(
    strace: Refusal | None,
    ptrace: Refusal | None,
    verdicts: tuple[Verdict, Verdict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One engine is enough, and without any all else works: why each cannot trace is told, with the remedy."""
    engines(monkeypatch, strace, ptrace)
    found = doctor._strace(), doctor._ptrace()

    assert (strace is not None and ptrace is not None) == doctor.no_engine([*found])
    assert verdicts == tuple(one.verdict for one in found)
    for one, no in zip(found, (strace, ptrace), strict=True):
        assert one.remedy == (no.remedy if no else "")
        assert (no.why if no else "and it may trace") in one.found


def test_strace_without_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strace that has to stop every system call works, and is said to be slow."""
    engines(monkeypatch, None, None)
    monkeypatch.setattr(doctor.strace, "without_filter", lambda: True)
    found = doctor._strace()

    assert OPTIONAL is found.verdict
    assert "seven times slower" in found.found
    assert found.remedy


@pytest.mark.strace
def test_real_strace() -> None:
    """The strace of this machine is found, with its version."""
    found = check("strace")

    assert GOOD is found.verdict
    assert found.found.startswith("strace ")


@pytest.mark.ptrace
def test_real_ptrace(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-ptrace is told with its version, where it knows it, and that it may trace was tried."""
    assert (GOOD, "python-ptrace 0.9.9, and it may trace") == check("ptrace engine")[1:3]

    def unknown(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", unknown)
    assert "python-ptrace of unknown version, and it may trace" == check("ptrace engine").found


@pytest.mark.parametrize(
    ("terminal", "columns", "encoding", "verdict", "text"),
    [
        (True, 120, "utf-8", GOOD, "120 columns, utf-8"),
        (True, 60, "utf-8", OPTIONAL, "60 columns, utf-8"),
        (False, 60, "utf-8", GOOD, "not a terminal, utf-8"),
        (True, 120, "ascii", OPTIONAL, "120 columns, ascii: drawn with ASCII"),
        (False, 80, None, OPTIONAL, "not a terminal, unknown: drawn with ASCII"),
    ],
)
def test_terminal(
    terminal: bool,
    columns: int,
    encoding: str | None,
    verdict: Verdict,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A narrow terminal, and one without our characters, is told; a pipe has no width."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding=encoding, isatty=lambda: terminal))

    assert (verdict, text) == doctor._terminal()[1:3]
