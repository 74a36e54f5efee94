"""The kernel's side: engines that write down every system call of the target, and one form for what they saw.

An engine is a module with
    NAME                                what it is called
    prefix(folder) -> words             the command that is put before the target's own; it writes into the folder
    read(folder) -> Log                 what it wrote
    refusal(place) -> Refusal | None    why it cannot trace here, tried for real; None: it can

    calls.py      what all of them hand over             shapes.py    the arguments of each system call, one table
    strace.py     the strace engine                      strace_lines.py, spelling.py   its text: lines, then arguments
    brackets.py   that text cut at its commas            values.py    one value of it
    ptrace.py     our own, on python-ptrace's binding    memory.py, constants.py        registers and memory, by name
    dtruss.py     a reader for macOS                     quoting.py   bytes as text
    lane.py       a Log as rows of a Trace               redact.py    without the secrets
    refusals.py   why a machine does not let us trace, and the remedy
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from tracedemo.errors import MachineError, UsageError

if TYPE_CHECKING:  # the tracer's process imports this, too, and the program waits meanwhile
    from pathlib import Path

    from tracedemo.recorders.kernel.calls import Log
    from tracedemo.recorders.kernel.refusals import Refusal

ENGINES = ("strace", "ptrace")
"""In the order in which `auto` tries them."""

AUTO = "auto"


class Engine(Protocol):
    """What an engine's module has."""

    NAME: str

    def prefix(self, folder: Path) -> tuple[str, ...]:
        """The command that is put before the target's own."""

    def read(self, folder: Path) -> Log:
        """What it wrote into the folder."""

    def refusal(self, place: Path | None = None) -> Refusal | None:
        """Why it cannot trace on this machine.

        Args:
            place: a folder for the files of the trial; None: any.
        """


def engine(name: str) -> Engine:
    """An engine by name; its module is imported now.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in ENGINES:
        raise UsageError(f"there is no engine {name!r}", f"Engines: {AUTO}, {', '.join(ENGINES)}")
    return cast(Engine, import_module(f"tracedemo.recorders.kernel.{name}"))


def choose(name: str, place: Path | None = None) -> tuple[Engine | None, str]:
    """The engine to use, and for `auto`, where there is none, why not.

    Args:
        place: a folder for the files of a trial; None: any.

    Raises:
        MachineError: the engine that was asked for by name cannot trace here.
    """
    if name != AUTO:
        chosen = engine(name)
        if (no := chosen.refusal(place)) is not None:
            raise MachineError(f"{name} cannot trace here: {no.why}", no.remedy)
        return chosen, ""
    reasons = []
    for each in ENGINES:
        chosen = engine(each)
        no = chosen.refusal(place)
        if no is None:
            return chosen, ""
        reasons.append(f"{each}: {no.why}")
    return (
        None,
        f"no system calls can be shown here ({'; '.join(reasons)}); tracedemo doctor tells the remedies",
    )
