"""The table: every call once, whole, in words that the sentences can fill, and true on this machine."""

from __future__ import annotations

import errno
import platform
import re
import shutil
import subprocess

import pytest

from tracedemo.events import LANES, NOT_YET
from tracedemo.syscalls import (
    ERRNO_MEANINGS,
    OPERATION,
    OPERATIONS,
    PHASES,
    STEP,
    STEPS,
    Operation,
    Step,
    errno_name,
    phase_of,
)

FAMILIES = {"socket", "option", "name", "lookup", "readiness", "watch", "tls"}
WAITS = {"read", "write", "connect", "ready", "lookup", ""}
PLACES = {"fd", "peer", "from_peer", "bytes", "size", "result", "opened", "timeout", "watched", "ready"}
PLACES |= {"by", "op", "errno", "took"}


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
