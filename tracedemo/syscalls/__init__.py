"""THE table: what a Python program can ask, which system call that becomes, in which phase, and what it means.

Everything that explains a call is drawn from here: sentences, phases, colours of a row, `explain`, the docs. To teach
tracedemo a new call, add a row; no other file should need a branch for it.

    operations.py   calls of the Python interface, and the clauses of their sentences
    steps.py        what happens in the other lanes
    kernel.py       system calls                        errnos.py   errors, their numbers, their exceptions
    spelled.py      what Python calls an operation      words.py    phases, and words of the trade
    seen.py         which variant shows what: measured
"""

from __future__ import annotations

from tracedemo.syscalls.errnos import (
    ERRNO,
    ERRNO_MEANINGS,
    ERRNOS,
    EXCEPTIONS,
    NO_ERRNO,
    ErrnoRow,
    ExceptionRow,
    errno_name,
)
from tracedemo.syscalls.kernel import GROUPS, SYSTEM_CALL, SYSTEM_CALLS, SystemCallRow, usual
from tracedemo.syscalls.operations import (
    CLOSE,
    CONNECT,
    CREATE,
    LOOKUP,
    OPERATION,
    OPERATIONS,
    PHASES,
    RECEIVE,
    SEND,
    WAIT,
    WATCH,
    Operation,
    phase_of,
)
from tracedemo.syscalls.steps import STEP, STEPS, Step

__all__ = [
    "CLOSE",
    "CONNECT",
    "CREATE",
    "ERRNO",
    "ERRNOS",
    "ERRNO_MEANINGS",
    "EXCEPTIONS",
    "GROUPS",
    "LOOKUP",
    "NO_ERRNO",
    "OPERATION",
    "OPERATIONS",
    "PHASES",
    "RECEIVE",
    "SEND",
    "STEP",
    "STEPS",
    "SYSTEM_CALL",
    "SYSTEM_CALLS",
    "WAIT",
    "WATCH",
    "ErrnoRow",
    "ExceptionRow",
    "Operation",
    "Step",
    "SystemCallRow",
    "errno_name",
    "phase_of",
    "usual",
]
