"""The table: every call once, whole, in words that the sentences can fill, and true on this machine."""

from __future__ import annotations

import builtins
import errno
import importlib
import platform
import re
import select
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tracedemo.analysis.explain import WAITS as WAITS_IN_WORDS
from tracedemo.events import LANES, NOT_YET
from tracedemo.recorders.inprocess.patchpoints import POINTS
from tracedemo.recorders.kernel.shapes import SHAPES
from tracedemo.render.calls_page import page
from tracedemo.syscalls import (
    ERRNO_MEANINGS,
    ERRNOS,
    EXCEPTIONS,
    GROUPS,
    OPERATION,
    OPERATIONS,
    PHASES,
    STEP,
    STEPS,
    SYSTEM_CALL,
    SYSTEM_CALLS,
    ErrnoRow,
    ExceptionRow,
    Operation,
    Step,
    SystemCallRow,
    errno_name,
    phase_of,
    usual,
)
from tracedemo.syscalls.spelled import SPELLED
from tracedemo.syscalls.words import PHASE_MEANINGS, WORDS, Word

FAMILIES = {"socket", "option", "name", "lookup", "readiness", "watch", "tls"}
WAITS = {"read", "write", "connect", "ready", "lookup", ""}
PLACES = {"fd", "peer", "from_peer", "bytes", "size", "result", "opened", "timeout", "watched", "ready"}
PLACES |= {"by", "op", "errno", "took", "what_runs"}


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_row_is_whole(row: Operation) -> None:
    """Each operation has a family, a phase, what it waits for, a meaning in full sentences and a clause."""
    assert row.family in FAMILIES
    assert row.phase in PHASES
    assert row.could_wait in WAITS
    assert re.fullmatch(r"[A-Z].*\.", row.meaning), row.meaning
    assert row.says[0].islower()
    assert not row.says.endswith(".")


@pytest.mark.parametrize("row", [*OPERATIONS, *STEPS], ids=lambda row: row.name)
def test_clauses_can_be_filled(row: Operation | Step) -> None:
    """Every place in a clause is one that the sentences know."""
    clauses = [row.says, getattr(row, "not_yet", ""), getattr(row, "waited", "")]
    places = {place for clause in clauses for place in re.findall(r"\{(.*?)\}", clause)}

    assert set() == {place for place in places if not re.fullmatch(r"arg\[\w+\]", place)} - PLACES


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_who_waits_says_so(row: Operation) -> None:
    """A clause for having slept belongs to an operation that can sleep, and tells the time."""
    assert not row.waited or row.could_wait
    assert not row.waited or "{took}" in row.waited


def test_names_are_told_once() -> None:
    """No operation and no step stands twice in the table."""
    assert len(OPERATION) == len(OPERATIONS)
    assert len(STEP) == len(STEPS)
    assert {lane for lane, _ in STEP} <= set(LANES)


def test_phase_of() -> None:
    """Each operation belongs to the phase that its row says; what is not in the table belongs to none."""
    assert {row.name: row.phase for row in OPERATIONS} == {row.name: phase_of(row.name) for row in OPERATIONS}
    assert None is phase_of("juggle")


def test_errno_names() -> None:
    """A number gives this machine's name, an unknown one a name that nobody has."""
    assert "EAGAIN" == errno_name(errno.EAGAIN)
    assert "E#99999" == errno_name(99999)


@pytest.mark.parametrize("name", ERRNO_MEANINGS)
def test_errno_meaning(name: str) -> None:
    """Each meaning is of an errno that exists, and is a clause that can stand behind a name."""
    text = ERRNO_MEANINGS[name]

    assert name in errno.errorcode.values() or hasattr(errno, name)
    assert not text.endswith(".")
    assert text[0].islower()


def test_not_yet_has_a_meaning() -> None:
    """Each of the answers that mean "not yet" says so in words."""
    assert set(ERRNO_MEANINGS) >= NOT_YET


@pytest.mark.strace
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the names are those of x86-64")
def test_system_calls_are_known_to_strace() -> None:
    """Each system call that the table names, but for the one of BSD, is known to strace."""
    names = sorted({name for row in OPERATIONS for name in row.system_calls} - {"kevent"})
    tried = subprocess.run(
        [shutil.which("strace"), "-e", f"trace={','.join(names)}", "true"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == tried.returncode, tried.stderr


# System calls, errnos, words, and the page that is made of all


@pytest.mark.parametrize("row", SYSTEM_CALLS, ids=lambda row: row.name)
def test_system_call_is_whole(row: SystemCallRow) -> None:
    """Each system call has a group, a meaning in full sentences, something that it waits for, and known answers."""
    assert row.group in GROUPS
    assert re.fullmatch(r"[A-Z].*\.", row.meaning), row.meaning
    assert row.waits in WAITS_IN_WORDS
    assert {name for name, _ in row.answers} <= {errno_row.name for errno_row in ERRNOS}
    assert all(text[0].islower() and not text.endswith(".") for _, text in row.answers)
    assert not row.like or (SYSTEM_CALL[row.like].like == "" and SYSTEM_CALL[row.like].group == row.group)
    assert usual(row.name) == (row.like or row.name)


def test_every_system_call_has_a_row() -> None:
    """All that operations become, and all that the kernel recorders ask for, is told of in the table."""
    assert len(SYSTEM_CALL) == len(SYSTEM_CALLS)
    assert {name for row in OPERATIONS for name in row.system_calls} <= SYSTEM_CALL.keys()
    assert set(SHAPES) <= SYSTEM_CALL.keys()


@pytest.mark.strace
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the names are those of x86-64")
def test_all_rows_are_known_to_strace() -> None:
    """Each system call of the table, but for the two of BSD, is known to strace."""
    names = [name for name in SYSTEM_CALL if SYSTEM_CALL[name].where != "macOS, BSD"]
    tried = subprocess.run(
        [shutil.which("strace"), "-e", f"trace={','.join(names).replace('epoll_pwait2', '?epoll_pwait2')}",
         "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert len(SYSTEM_CALL) - 2 == len(names)
    assert 0 == tried.returncode, tried.stderr


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64", "riscv64"},
    reason="the numbers are those of these machines",
)
@pytest.mark.parametrize("row", ERRNOS, ids=lambda row: row.name)
def test_number_on_linux(row: ErrnoRow) -> None:
    """The number that the table gives for Linux is the one of this machine, under each name."""
    assert [row.linux] * (1 + len(row.also)) == [getattr(errno, name) for name in (row.name, *row.also)]


@pytest.mark.skipif(sys.platform != "darwin", reason="the numbers are those of macOS")
def test_numbers_on_macos() -> None:
    """The numbers that the table gives for macOS are those of this machine."""
    assert {row.name: row.macos for row in ERRNOS} == {row.name: getattr(errno, row.name) for row in ERRNOS}


@pytest.mark.parametrize("row", ERRNOS, ids=lambda row: row.name)
def test_exception_of_an_errno(row: ErrnoRow) -> None:
    """Python makes the exception that the table says of each errno, and that exception has a row."""
    assert row.exception == type(OSError(getattr(errno, row.name), "")).__name__
    assert row.exception in {known.name for known in EXCEPTIONS}
    assert re.fullmatch(r"[A-Z].*\.", row.remedy), row.remedy


@pytest.mark.parametrize("system", ["linux", "macos", "windows"])
def test_numbers_are_told_once(system: str) -> None:
    """No two errnos have the same number on one system."""
    numbers = [getattr(row, system) for row in ERRNOS if getattr(row, system) is not None]

    assert len(numbers) == len(set(numbers))


def test_winsock_counts_as_bsd() -> None:
    """Winsock took its numbers from BSD and added 10000."""
    bsd = {row.name: row.freebsd or row.macos for row in ERRNOS}

    assert all(row.windows in (None, 10000 + bsd[row.name]) for row in ERRNOS)
    assert ["WSAEWOULDBLOCK"] == [row.winsock for row in ERRNOS if row.windows == 10035]


@pytest.mark.parametrize("row", [*EXCEPTIONS, *WORDS], ids=lambda row: row.name)
def test_meaning_is_a_sentence(row: ExceptionRow | Word) -> None:
    """Exceptions and words are explained in full sentences."""
    assert re.fullmatch(r"[A-Z].*\.", row.meaning), row.meaning


@pytest.mark.parametrize("row", EXCEPTIONS, ids=lambda row: row.name)
def test_exception_is_pythons(row: ExceptionRow) -> None:
    """Each exception of the table is one of Python, of socket or of ssl, under each of its names."""
    for name in (row.name, *row.also):
        found = [getattr(place, name.rpartition(".")[2], None) for place in (builtins, socket, ssl)]
        assert any(isinstance(one, type) and issubclass(one, OSError) for one in found), name


def test_phases_are_explained() -> None:
    """Each phase has its meaning."""
    assert list(PHASES) == list(PHASE_MEANINGS)


ELSEWHERE = {"kqueue", "KqueueSelector", "share", "ioctl"}
"""What only macOS, BSD or Windows have."""


@pytest.mark.skipif(sys.platform != "linux", reason="the names are those of Linux")
@pytest.mark.parametrize(
    "name", [name for names in SPELLED.values() for name in names if not ELSEWHERE & set(name.split("."))]
)
def test_spelled(name: str) -> None:
    """Each dotted name of an operation is one of Python."""
    module, *rest = name.split(".")
    found: object = importlib.import_module(module)
    for attribute in rest:
        # `select.poll` is a function that makes an object of a type without a name.
        found = getattr(found() if found is getattr(select, "poll", None) else found, attribute)

    assert callable(found)


def test_every_patched_name_is_spelled() -> None:
    """What the recorder catches under another name than the operation's is told in the table under that name."""
    spelled = {name.rpartition(".")[2] for names in SPELLED.values() for name in names}
    caught = {
        attribute for rows in POINTS.values() for _, attribute, _, _ in rows if not attribute.startswith("_")
    }

    assert {"sendmsg_afalg"} == caught - spelled


def test_page_of_calls_is_fresh() -> None:
    """The page docs/calls.md says what the table says."""
    path = Path(__file__).parents[1] / "docs" / "calls.md"

    assert path.read_text(encoding="utf-8") == page(), (
        "the table has changed: run scripts/docs, and commit docs/calls.md"
    )


def test_page_has_every_row() -> None:
    """The page names each call, system call, errno, exception, step and word, in tables of which no row is broken."""
    text = page()

    for row in (*OPERATIONS, *SYSTEM_CALLS, *ERRNOS, *EXCEPTIONS, *STEPS):
        assert f"`{row.name}`" in text
    assert all(f"| {row.name}" in text for row in WORDS)
    for block in text.split("\n\n"):
        bars = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(bars) <= 1, block
