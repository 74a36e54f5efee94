"""What can go wrong, whose fault it is, and what to do about it.

One class per kind of failure. Each carries the exit code of the command line (DESIGN section 6) and a remedy: a
sentence that tells the user what to type or change. `cli.main()` is the one place that catches them; it prints
the message and the remedy, never a traceback. A failure that is not one of these is a bug of ours, and keeps its
traceback.
"""

from __future__ import annotations


class TracedemoError(Exception):
    """The base of all failures that a user can understand and mend.  Never raised itself."""

    exit_code = 125

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message


class UsageError(TracedemoError):
    """The command line asks for something that does not exist or makes no sense."""

    exit_code = 2


class TargetError(TracedemoError):
    """The observed program failed in a way that leaves nothing to show, or a variant did not finish."""

    exit_code = 1


class MachineError(TracedemoError):
    """This machine cannot do what was asked: a missing tool, a limit, a port in use."""

    exit_code = 3


class FileError(TracedemoError):
    """A file cannot be read, understood or written."""

    exit_code = 4


class RecorderError(TracedemoError):
    """tracedemo itself failed around a program that may have been fine."""

    exit_code = 125
