"""What this machine can do: a list of checks, each tried for real, with the remedy where it fails.

Nothing here prints or installs. Everything stays on this machine; a check takes about a second at most.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tracedemo.recorders.inprocess.inject import PORT_RANGE
from tracedemo.recorders.kernel import engine, strace
from tracedemo.runner.machine import place_for_spools
from tracedemo.runner.targets import OLDEST_PYTHON

LOW_LIMIT = 1024
_PATH = "python3 on PATH"
ROOM = 512 << 20
"""Bytes that a run with all its calls may take."""


class Verdict(Enum):
    """How a check came out."""

    GOOD = "ok"
    OPTIONAL = "optional"
    """Something does not work that most people can do without."""
    MEND = "mend"
    """It is in the way, and the user can mend it."""
    ADMIN = "admin"
    """It is in the way, and needs an administrator."""


class Check(NamedTuple):
    """One thing that was tried."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def examine() -> Iterator[Check]:
    """All checks, one after another, so that each can be shown as soon as it is done."""
    for check in CHECKS:
        yield check()


def exit_code(checks: list[Check]) -> int:
    """0: ready. 1: something can be mended by the user. 3: something needs an administrator."""
    verdicts = {check.verdict for check in checks}
    return 3 if Verdict.ADMIN in verdicts else 1 if Verdict.MEND in verdicts else 0


def _python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check("Python", Verdict.MEND, found, "Install Python 3.11 or newer.")
    if sys.implementation.name != "cpython":
        return Check(
            "Python", Verdict.OPTIONAL, found, "Only CPython has been tried; some calls may be missed."
        )
    return Check("Python", Verdict.GOOD, found)


def _on_path() -> Check:
    """What people who type `python3` get: a shim (pyenv, asdf) is a script that starts an interpreter, and strace would see
    mostly the shell that runs it.
    """
    name = "python" if os.name == "nt" else "python3"
    where = shutil.which(name)
    if where is None:
        return Check(_PATH, Verdict.GOOD, f"there is no {name}; your programs are run by {sys.executable}")
    try:
        with Path(where).open("rb") as file:
            shim = file.read(2) == b"#!"
    except OSError as error:
        return Check(_PATH, Verdict.GOOD, f"{where} cannot be read: {error.strerror}")
    if shim:
        found = f"{where} is a shim: a script that starts an interpreter; your programs are run by {sys.executable} itself"
        return Check(_PATH, Verdict.OPTIONAL, found, "To look at one with strace by hand, type its path.")
    same = Path(where).resolve() == Path(sys.executable).resolve()
    other = "the same" if same else f"{where}; your programs are run by {sys.executable}"
    return Check(_PATH, Verdict.GOOD, other)


def _flow() -> Check:
    if sys.version_info >= (3, 12):
        return Check("Generator steps", Verdict.GOOD, "sys.monitoring: in variants and in your own scripts")
    return Check(
        "Generator steps",
        Verdict.OPTIONAL,
        "in variants only",
        "Python 3.12 or newer shows them in your scripts.",
    )


def _loopback() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(2)
            with socket.create_connection(server.getsockname(), 2) as client:
                there, _ = server.accept()
                with there:
                    there.sendall(b"x")
                    client.recv(1)
    except OSError as error:
        remedy = (
            "Something (a firewall, a VPN) keeps this machine from talking to itself on 127.0.0.1: let it."
        )
        return Check("Loopback", Verdict.MEND, f"no round trip on 127.0.0.1: {error}", remedy)
    return Check("Loopback", Verdict.GOOD, "a connection to 127.0.0.1 works")


def _descriptors() -> Check:
    try:
        import resource
    except ImportError:
        return Check("Open files", Verdict.GOOD, "this system has no limit of that kind")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = f"{_limit(soft)} for a process, can be raised to {_limit(hard)}"
    if hard != resource.RLIM_INFINITY and hard < LOW_LIMIT:
        return Check(
            "Open files", Verdict.ADMIN, found, f"Thousands of sockets need more: as root, ulimit -Hn {65536}"
        )
    return Check("Open files", Verdict.GOOD, found)


def _limit(number: int) -> str:
    return "no limit" if number < 0 else f"{number:,}"


def _ports() -> Check:
    path = Path("/proc/sys/net/ipv4/ip_local_port_range")
    try:
        low, high = map(int, path.read_text().split())
    except (OSError, ValueError):
        return Check("Local ports", Verdict.GOOD, "the range is not told on this system")
    return Check(
        "Local ports", Verdict.GOOD, f"{low} to {high}: {high - low + 1:,} connections to one address"
    )


def _port_range() -> Check:
    name = "Range of ports"
    if not sys.platform.startswith("linux"):
        return Check(name, Verdict.GOOD, "for one socket it is Linux's; ports are bound one by one instead")
    try:
        with socket.socket() as sock:
            sock.setsockopt(*PORT_RANGE, 0)
    except OSError as error:
        found = (
            f"a socket cannot be given one of its own ({error.strerror}): ports are bound one by one instead"
        )
        return Check(name, Verdict.OPTIONAL, found, "Nothing is lost without it; Linux 6.3 has it.")
    return Check(name, Verdict.GOOD, "a socket can be given one of its own")


def _folder() -> Check:
    """The folder in which one stands: whether a lesson can be laid down there, and a save is seen by looking again."""
    name = "This folder"
    try:
        with tempfile.NamedTemporaryFile(prefix=".tracedemo-", dir=Path.cwd()) as file:
            before = _stamp(file.name)
            file.write(b"saved")
            file.flush()
            seen = before != _stamp(file.name)
    except OSError as error:
        remedy = "Go to a folder of your own first: cd"
        return Check(name, Verdict.MEND, f"nothing can be written here: {error.strerror}", remedy)
    if not seen:
        found = "can be written, but a save is not seen by looking at the file"
        return Check(name, Verdict.OPTIONAL, found, "Press Enter to have a program checked.")
    return Check(name, Verdict.GOOD, "can be written, and a save is seen")


def _stamp(path: str) -> tuple[int, int]:
    """As `workshop check --watch` looks at a file."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size


def _spool() -> Check:
    name, remedy = "Room for records", "Set TMPDIR to a folder that can be written."
    try:
        folder = place_for_spools() or tempfile.gettempdir()
    except OSError:
        return Check(name, Verdict.MEND, "there is no folder for temporary files", remedy)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(name, Verdict.MEND, f"{folder} cannot be written: {error.strerror}", remedy)
    if free < ROOM:
        remedy = "Set TMPDIR to a folder with more room, or record fewer calls: --max-events 100000"
        return Check(name, Verdict.MEND, f"{folder} has {free >> 20} MiB free", remedy)
    return Check(name, Verdict.GOOD, f"{folder}, {free / (1 << 30):.1f} GiB free")


_STRACE, _PTRACE, _REFUSED = "strace", "ptrace engine", "cannot record system calls: "


def no_engine(checks: list[Check]) -> bool:
    """Whether nothing here can record system calls: all works then but `--kernel`."""
    engines = [check for check in checks if check.name in (_STRACE, _PTRACE)]
    return all(check.found.startswith(_REFUSED) for check in engines)


def _strace() -> Check:
    found = _engine("strace", _STRACE, strace.version_text().replace(" -- version", ""))
    if found.verdict is Verdict.GOOD and strace.without_filter():
        slow = (
            f"{found.found}, but is refused a seccomp filter: programs run up to seven times slower under it"
        )
        remedy = "In a container: start it with --security-opt seccomp=unconfined."
        return Check(found.name, Verdict.OPTIONAL, slow, remedy)
    return found


def _ptrace() -> Check:
    try:
        version = f"python-ptrace {importlib.metadata.version('python-ptrace')}"
    except importlib.metadata.PackageNotFoundError:
        version = "python-ptrace of unknown version"
    return _engine("ptrace", _PTRACE, version)


def _engine(name: str, title: str, version: str) -> Check:
    """Whether an engine can record system calls here: it is tried on a program that does nothing.

    One of them is enough; and where there is none everything else works, and lessons show recordings.
    """
    no = engine(name).refusal()
    if no is None:
        return Check(title, Verdict.GOOD, f"{version}, and it may trace")
    return Check(title, Verdict.OPTIONAL, f"{_REFUSED}{no.why}", no.remedy)


def _terminal() -> Check:
    width = shutil.get_terminal_size().columns
    encoding = sys.stdout.encoding or "unknown"
    found = f"{width} columns, {encoding}" if sys.stdout.isatty() else f"not a terminal, {encoding}"
    try:
        "▒◆▲µ─".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Check(
            "Terminal", Verdict.OPTIONAL, f"{found}: drawn with ASCII", "Set a UTF-8 locale: LANG=C.UTF-8"
        )
    if sys.stdout.isatty() and width < 80:  # columns
        return Check("Terminal", Verdict.OPTIONAL, found, "Views are easier to read from 100 columns on.")
    return Check("Terminal", Verdict.GOOD, found)


CHECKS: tuple[Callable[[], Check], ...] = (
    _python,
    _on_path,
    _flow,
    _loopback,
    _descriptors,
    _ports,
    _port_range,
    _spool,
    _folder,
    _strace,
    _ptrace,
    _terminal,
)
"""In the order in which they are shown."""
