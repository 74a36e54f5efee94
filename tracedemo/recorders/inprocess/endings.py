"""How a record is closed when it was no plain matter: the call took long, or failed; and the CPU time that goes with it."""

import struct

from tracedemo.recorders.inprocess import layout
from tracedemo.recorders.inprocess.layout import (
    CHECK_EVERY,
    CLOSE,
    CLOSE_AT,
    CPU,
    CPU_UNIT,
    DUE,
    EAGAIN,
    FOREIGN,
    LONG,
    MOST_CPU,
    NUMBER,
    RECORD,
    clock,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracedemo.recorders.inprocess.spool import Spool


def cpu_if_due(spool: "Spool", now: int, early: int = 0) -> int:
    """CPU time, in CPU_UNITs, that this thread has used since it was asked before; 0: it is not yet time to ask again, not
    even `early`.  What is too little for a unit is kept for the next time.
    """
    try:
        own = spool.local.own
    except AttributeError:  # a signal handler has forked in the middle of the call
        return 0
    if now + early < own[DUE]:
        return 0
    used: int = (layout.cpu_clock() - own[CPU]) // CPU_UNIT  # type: ignore[misc]  # without a clock it is never due
    own[CPU] += used * CPU_UNIT
    own[DUE] = now + CHECK_EVERY
    return min(used, MOST_CPU)


def returned_late(spool: "Spool", ring: memoryview, at: int, n: int, t1: int, value: int) -> None:
    """Close a record whose call took LONG or longer, and came back with a result."""
    cpu = cpu_if_due(spool, t1)
    if NUMBER.unpack_from(ring, at)[0] == n:
        CLOSE.pack_into(ring, at + CLOSE_AT, t1, value, 0, 0, cpu)


def failed(
    spool: "Spool",
    ring: memoryview,
    at: int,
    n: int,
    t0: int,
    error: BaseException,
    facts: "Sequence[int]" = (),
) -> None:
    """Close a record whose call raised; `facts`, from fd to number, when it has not been opened."""
    t1 = clock()
    cpu = cpu_if_due(spool, t1)
    kind = type(error)
    number = error.errno if isinstance(error, OSError) else 0
    if type(number) is not int or not 0 <= number < 32_000:
        number = 0
    if not facts and t1 - t0 > LONG and NUMBER.unpack_from(ring, at)[0] != n:
        return
    try:
        name = spool.exceptions[kind]
    except KeyError:
        name = spool.exception(kind)
    if name >= FOREIGN:
        name -= FOREIGN
        # "Want" is how the TLS library says "not yet": the descriptor answered EAGAIN.
        number = EAGAIN if kind.__name__.startswith("SSLWant") else 0
    if not facts:
        CLOSE.pack_into(ring, at + CLOSE_AT, t1, 0, number, name, cpu)
        return
    try:
        RECORD.pack_into(ring, at, n, t0, *facts, t1, 0, number, name, cpu)
    except struct.error:  # a size beyond all measure
        RECORD.pack_into(ring, at, n, t0, *facts[:-1], -1, t1, 0, number, name, cpu)
