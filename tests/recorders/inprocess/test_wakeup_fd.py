"""signal.set_wakeup_fd: how a signal wakes a loop, and the two system calls by which CPython looks at the socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorders.conftest import Record
from tests.recorders.witness import strace
from tracedemo.events import PYTHON

SCRIPT = """
    import pickle, signal, socket, sys
    left, right = socket.socketpair()
    left.setblocking(False)
    print(signal.set_wakeup_fd(left.fileno(), warn_on_full_buffer=False) == -1)
    print(signal.set_wakeup_fd(-1) == left.fileno())
    for wrong in ((), ("x",), (left.fileno(), 1), (10**9,)):
        try:
            signal.set_wakeup_fd(*wrong)
        except (TypeError, OSError, ValueError) as error:
            print(type(error).__name__, error, error.__traceback__.tb_next)
    class Keeps:
        wake = signal.set_wakeup_fd
    print(Keeps().wake(-1), pickle.loads(pickle.dumps(signal.set_wakeup_fd)) is signal.set_wakeup_fd)
"""


@pytest.mark.parametrize("first", ["signal", "socket"])
def test_naming_a_socket_is_recorded(first: str, record: Record) -> None:
    """One row says which socket a signal writes to, whichever module comes first; -1 asks the kernel nothing."""
    done = record(f"import {first}\n" + SCRIPT.replace("\n    ", "\n"))

    assert (0, "") == (done.exit_code, done.complaints)
    assert [
        "True",
        "True",
        "TypeError set_wakeup_fd() takes exactly 1 positional argument (0 given)",
        "TypeError 'str' object cannot be interpreted as an integer",
    ] == [line.removesuffix(" None") for line in done.output.splitlines()[:4]]
    assert "-1 True" == done.output.splitlines()[-1]
    rows = [event for event in done.trace.lane(PYTHON) if event.op == "set_wakeup_fd"]
    made = next(event for event in done.trace.lane(PYTHON) if event.op == "socketpair")
    assert [(made.result[0], None), (10**9, "EBADF")] == [(row.fd, row.errno) for row in rows]


def test_a_program_without_sockets_is_left_alone(record: Record) -> None:
    """Where nothing imports socket, signal.set_wakeup_fd stays CPython's own."""
    done = record("import signal, sys; print(type(signal.set_wakeup_fd).__name__, 'socket' in sys.modules)")

    assert "builtin_function_or_method False\n" == done.output


@pytest.mark.strace
def test_strace_sees_its_calls_inside(record: Record, tmp_path: Path) -> None:
    """The system calls by which CPython looks at the socket lie between the entry and the return of the row."""
    output = tmp_path / "strace"
    words = tuple(f"{word},fstat,newfstatat" if "%network" in word else word for word in strace(output))

    done = record(SCRIPT, prefix=words)

    shift = done.trace.header.clock_start[1] - done.trace.header.clock_start[0]
    row = next(event for event in done.trace.lane(PYTHON) if event.op == "set_wakeup_fd")
    inside = []
    for line in output.read_text().splitlines():
        _, stamp, text = line.split(maxsplit=2)
        seconds, _, fraction = stamp.partition(".")
        if fraction and row.t0 <= int(seconds) * 10**9 + int(fraction) - shift <= (row.t1 or 0):
            inside.append(text.partition("(")[0].replace("newfstatat", "fstat"))
    assert ["fstat", "fcntl"] == inside
