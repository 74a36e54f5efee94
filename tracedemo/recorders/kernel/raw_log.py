"""The tracer's file as a `Log`: pure, for any bytes, cut off wherever they may be."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any, NamedTuple

from tracedemo.recorders.kernel import rawfile
from tracedemo.recorders.kernel.calls import MONOTONIC, Log, SystemCall
from tracedemo.recorders.kernel.constants import ERRNOS, NUMBERS, RESTARTED
from tracedemo.recorders.kernel.memory import decode
from tracedemo.recorders.kernel.rawfile import END, ENDED, FAILED, HEADER, NOTE, Record

NAME = "ptrace"
CUT_OFF = "the tracer's file has no end, as it was killed or the disk was full: the last calls of the program are missing"


class Failure(NamedTuple):
    """Where the tracer gave up."""

    step: str = ""
    number: int = 0
    text: str = ""


def parse(data: bytes) -> Log:
    """A Log of what the tracer wrote."""
    found, misread = _records(data)
    calls = {(record[1], record[3]): record for record in found if record[0] >= 0}
    headers = [record for record in found if record[0] == HEADER]
    machine, version = headers[0][1:3] if headers else ("", "")
    decoded = []
    for record in sorted(calls.values(), key=lambda record: record[3]):
        try:
            decoded.append(_call(record, machine))
        except Exception as error:  # noqa: BLE001  # nothing that a program hands to the kernel may break the reading
            misread.append(f"{error!r} in {record!r}")
    ends = {record[1]: _end(record[2]) for record in found if record[0] == END}
    return Log(NAME, version, decoded, MONOTONIC, misread, tuple(_notes(found)), ends)


def failure(data: bytes) -> Failure:
    """Where the tracer gave up, if it said so."""
    found, _ = _records(data)
    return next((Failure(*record[1:]) for record in found if record[0] == FAILED), Failure())


def _records(data: bytes) -> tuple[list[Record], list[str]]:
    found: list[Record] = []
    try:
        found.extend(rawfile.records(data))
    except ValueError as error:
        return found, [str(error)]
    return found, []


def _call(record: Record, machine: str) -> SystemCall:
    number, tid, pid, t0, t1, answer, registers, seen, found, what = record
    name = _names(machine)[number]
    failed = answer is None or answer < 0
    code = -answer if answer is not None and answer < 0 else 0
    restarted = code in RESTARTED
    return SystemCall(
        tid, t0, t1, name, decode(name, registers, seen, found, answer, machine),
        result=None if failed else answer,
        errno=None if not code or restarted else ERRNOS.get(code, f"E#{code}"),
        restarted=restarted,
        pid=pid,
        what=what,
    )  # fmt: skip


_NAMES: dict[str, dict[int, str]] = {
    machine: {number: name for name, number in numbers.items()} for machine, numbers in NUMBERS.items()
}


def _names(machine: str) -> dict[int, str]:
    return _NAMES[machine]


def _end(status: int) -> str:
    """How a thread ended, from what waitpid said (bits/waitstatus.h)."""
    if not status & 0x7F:
        return f"exited with {status >> 8 & 0xFF}"
    try:
        return f"killed by {signal.Signals(status & 0x7F).name}"
    except ValueError:
        return f"killed by signal {status & 0x7F}"


def _notes(found: list[Record]) -> Iterator[Any]:
    yield from (record[1] for record in found if record[0] == NOTE)
    gave_up = [record for record in found if record[0] == FAILED]
    yield from (f"the tracer gave up: {record[3]}" for record in gave_up)
    if not gave_up and not any(record[0] == ENDED for record in found):
        yield CUT_OFF
