"""The strace engine: the command that is put before the target, and its output as a `Log`."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from tracedemo.recorders.kernel.calls import REALTIME, Log, SystemCall
from tracedemo.recorders.kernel.refusals import Refusal, environment, refused_by_kernel
from tracedemo.recorders.kernel.shapes import KEPT, TRACED, first_fd
from tracedemo.recorders.kernel.spelling import decode
from tracedemo.recorders.kernel.strace_lines import Line, Reading
from tracedemo.recorders.kernel.values import plain

NAME = "strace"
OUTPUT = "strace.txt"
OLDEST = (5, 3)
"""--seccomp-bpf; without it strace stops every system call, and is seven times slower on a program that makes others."""
PRECISE = (5, 6)
"""Nanoseconds, in stamps and in durations."""
OPTIONAL = frozenset(
    {"epoll_pwait2", "clone3", "fork", "vfork", "epoll_create", "epoll_wait", "poll", "select", "accept"}
)
"""System calls that an older strace, or another architecture, does not know: `?` in front lets strace pass over them."""


def prefix(folder: Path) -> tuple[str, ...]:
    """The command that is put before the target's own."""
    return command(version(), str(folder / OUTPUT))


def command(known: tuple[int, int], output: str) -> tuple[str, ...]:
    """The options of strace that its version has.  Never -yy: it asks the kernel for all connections there are."""
    names = ",".join(f"?{name}" if name in OPTIONAL else name for name in TRACED)
    precise = known >= PRECISE
    return (
        *("strace", "-f"),
        *(("--seccomp-bpf",) if known >= OLDEST else ()),
        *("-y", "-a", "1", "-s", str(KEPT)),
        *(
            ("--absolute-timestamps=format:unix,precision:ns", "--syscall-times=ns")
            if precise
            else ("-ttt", "-T")
        ),
        # All of every list of events; and of execve nothing, least of all the environment, which holds secrets.
        *("-e", "abbrev=execve", "-e", f"trace={names}"),
        *("-o", output, "--"),
    )


@lru_cache(1)
def version() -> tuple[int, int]:
    """(major, minor) of the strace that is found first; (0, 0) if there is none."""
    return parse_version(version_text())


@lru_cache(1)
def version_text() -> str:
    """The first line of what it says about itself, or nothing."""
    if shutil.which("strace") is None:
        return ""
    try:
        done = subprocess.run(
            ["strace", "-V"], capture_output=True, errors="replace", timeout=TRIAL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.splitlines() or [""])[0]


def parse_version(text: str) -> tuple[int, int]:
    """Of "strace -- version 6.1" the numbers."""
    match = re.search(r"version (\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def read(folder: Path) -> Log:
    """What strace wrote in a run.

    Raises:
        OSError: it left no file.
    """
    text = (folder / OUTPUT).read_bytes().decode("latin-1")
    return parse(text, ".".join(map(str, version())))


def parse(text: str, strace_version: str = "") -> Log:
    """A Log of strace's output, whatever it may be: never an error."""
    reading = Reading()
    calls = sorted(_calls(reading.lines(text)), key=lambda call: call.t0)
    return Log(NAME, strace_version, calls, REALTIME, reading.misread, (), reading.ends)


def _calls(lines: Iterable[Line]) -> Iterator[SystemCall]:
    for tid, t0, t1, name, texts, result, what, error, notes in lines:
        failed = result in ("-1", "?")
        args = decode(name, texts, notes, failed=failed)
        yield SystemCall(
            tid, t0, t1, name, args,
            result=None if failed else _signed(result),
            errno=_errno(error) if failed else None,
            restarted=error.startswith("ERESTART"),
            what=_stands_for(texts[0]) if texts and first_fd(args) is not None else _plain(what) or None,
            injected="(INJECTED)" in notes,
        )  # fmt: skip


def _signed(result: str) -> int:
    """A number of 64 bits; strace writes as 0x.. what may be an address or a mask."""
    return int(result) if "x" not in result else (int(result, 16) ^ 1 << 63) - (1 << 63)


def _errno(error: str) -> str | None:
    """The name of an errno; the kernel's own codes for "again, later" are none."""
    if not error or error.startswith("ERESTART"):
        return None
    return f"E#{error[7:-1]}" if error.startswith("(") else error


_WHAT = re.compile(r"-?\w+<(.*)>(?:\(deleted\))?", re.DOTALL)


@lru_cache(4096)
def _stands_for(text: str) -> str | None:
    """What a descriptor stands for, from -y."""
    match = _WHAT.fullmatch(text)
    return _plain(match[1]) if match else None


def _plain(what: str) -> str:
    """As the kernel calls it, with nothing escaped; whether it is deleted was always told, but not always outside."""
    return plain(what).removesuffix(" (deleted)")


TRIAL_S = 5
"""Seconds that a trial run may take."""


def refusal(place: Path | None = None) -> Refusal | None:
    """Why strace cannot trace here; it is tried on a program that does nothing.

    Args:
        place: a folder for the files of the trial; None: any.
    """
    tried = _trial(place)
    if isinstance(tried, Refusal):
        return tried
    return None if not tried.returncode else _understood(tried.stderr)


def without_filter() -> bool:
    """Whether the kernel refuses strace its seccomp filter, so that it has to stop every system call there is."""
    tried = _trial()
    return not isinstance(tried, Refusal) and "seccomp filter is requested but unavailable" in tried.stderr


def _trial(place: Path | None = None) -> subprocess.CompletedProcess[str] | Refusal:
    if not sys.platform.startswith("linux"):
        return Refusal(f"strace is Linux's, and this is {platform.system()}", "See docs/dtruss.md.")
    if shutil.which("strace") is None:
        return Refusal("strace is not installed", HOW_TO_INSTALL)
    where = shutil.which("strace")
    try:
        with tempfile.TemporaryDirectory(prefix="tracedemo-", dir=place) as folder:
            output = Path(folder) / OUTPUT
            words = [*command(version(), str(output)), sys.executable, "-I", "-S", "-c", "pass"]
            tried = subprocess.run(words, capture_output=True, errors="replace", timeout=TRIAL_S, check=False,
                                   env=environment(place))  # fmt: skip
            wrote = output.exists() and b"execve(" in output.read_bytes()
    except subprocess.TimeoutExpired:
        return Refusal(f"{where} does not come to an end", "Look at what is called strace there.")
    except OSError as error:
        return Refusal(f"{where} does not run: {error.strerror or error}", HOW_TO_INSTALL)
    if not tried.returncode and not wrote:
        return Refusal(f"{where} wrote down no system call: it may be no strace", HOW_TO_INSTALL)
    return tried


HOW_TO_INSTALL = (
    "Debian, Ubuntu: apt install strace.  Fedora: dnf install strace.  Alpine: apk add strace.  Arch: pacman -S"
    " strace."
)


def _understood(complaints: str) -> Refusal:
    """What strace said, with the remedy."""
    lines = [line.removeprefix("strace: ") for line in complaints.splitlines()]
    for line in lines:
        if match := re.search(r"(?i)ptrace.*: ([A-Z][a-z ]+)$", line):
            return refused_by_kernel(match[1])
        if "unrecognized option" in line or "invalid system call" in line or "invalid option" in line:
            found = ".".join(map(str, version()))
            return Refusal(f"strace {found} does not know what we ask of it: {line}",
                           "Install strace 5.6 or newer, or use --engine ptrace.")  # fmt: skip
    return Refusal(
        f"strace gave up: {lines[-1] if lines else 'it said nothing'}", "Try it by hand: strace true"
    )
