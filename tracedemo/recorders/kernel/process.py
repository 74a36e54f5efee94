"""A process that is followed: its memory, and what its descriptors stand for, as /proc tells while it stands still."""

from __future__ import annotations

import os
from typing import Any

from tracedemo.recorders.kernel.capture import Plan, Reads, Registers, read_all


class Process:
    """A process that is followed."""

    __slots__ = ("fds", "mem", "pid")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.mem = -1
        """Its memory, opened when it is first needed."""
        self.fds: dict[int, str] = {}
        """What its descriptors stand for, as far as anybody asked."""

    def forget(self) -> None:
        """A new program, or none, has taken the place of the old."""
        self.fds.clear()
        if self.mem >= 0:
            os.close(self.mem)
            self.mem = -1

    def read(self, reads: Reads, tid: int, args: Registers, result: int = 0) -> tuple[Any, ...]:
        """What readers find in its memory, over a thread of it that lives."""
        if self.mem < 0:
            try:
                self.mem = os.open(f"/proc/{tid}/mem", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                return (None,) * len(reads)
        return read_all(reads, self.mem, args, result)

    def stands_for(self, fd: int, tid: int) -> str | None:
        """What a descriptor stands for: `socket:[1234]`, a path."""
        try:
            return self.fds[fd]
        except KeyError:
            pass
        try:
            raw = os.readlink(f"/proc/{tid}/fd/{fd}".encode())  # noqa: PTH115  # pathlib would be felt
        except OSError:
            return None
        what = raw.decode("utf-8", "backslashreplace").removesuffix(" (deleted)")
        self.fds[fd] = what
        return what

    def changed(self, plan: Plan, args: Registers) -> None:
        """Descriptors get another meaning: told when that begins and when it has ended, as threads look in between."""
        if plan.name == "close_range":
            self.fds.clear()
        else:
            self.fds.pop(signed(args[0 if plan.name == "close" else 1]), None)


def signed(register: int) -> int:
    """An int of C, which is the lower half of a register."""
    return (register & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def is_32_bit(tid: int) -> bool:
    """Whether it runs a program for another kind of machine: ELF's EI_CLASS says 1."""
    try:
        with open(f"/proc/{tid}/exe", "rb") as file:  # noqa: PTH123  # pathlib takes a while to import
            return file.read(5)[4:] == b"\1"
    except OSError:
        return False


def thread_group(tid: int) -> int:
    """The process that a thread belongs to."""
    try:
        with open(f"/proc/{tid}/status", "rb") as file:  # noqa: PTH123  # pathlib takes a while to import
            for line in file:
                if line.startswith(b"Tgid:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return tid
