"""The tracer's loop: one thread of the program stops, what it stands at is noted, and it goes on.

Theory of operation (ptrace(2), seccomp(2))
    The program has a seccomp filter that stops it at the system calls of our table only. A stop of that kind comes
    after the kernel has read the call's number and arguments, and before it does anything. We note the time, the
    registers and the memory that the arguments lead to, and let the thread run on to the end of the call
    (PTRACE_SYSCALL), where it stops again and the answer is noted; then to the next stop of whatever kind
    (PTRACE_CONT). Where the kernel takes no filter, all system calls stop twice, and those that are not in the
    table are passed over.

    Threads, forks and programs that the target starts are followed by the kernel's own options. A signal for the
    program stops it, too, and is handed on as it came. A program that is stopped (Ctrl-Z) stays so: PTRACE_LISTEN.

    While a thread stands at a stop it waits for us, so nothing is decoded here: see `capture.py` and `memory.py`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from collections.abc import Callable
from struct import Struct
from time import monotonic_ns

from tracedemo.recorders.kernel.capture import Plan
from tracedemo.recorders.kernel.process import Process, is_32_bit, signed, thread_group
from tracedemo.recorders.kernel.rawfile import END, ENDED, NOTE, Record, Writer

# include/uapi/linux/ptrace.h
CONT, SYSCALL = 7, 24
GETEVENTMSG, SEIZE, LISTEN, GET_SYSCALL_INFO = 0x4201, 0x4206, 0x4208, 0x420E
SYSGOOD, TRACE_FORK, TRACE_VFORK, TRACE_CLONE, TRACE_EXEC, TRACE_SECCOMP, EXITKILL = (
    1,
    2,
    4,
    8,
    16,
    1 << 7,
    1 << 20,
)
OPTIONS = SYSGOOD | TRACE_FORK | TRACE_VFORK | TRACE_CLONE | TRACE_EXEC | TRACE_SECCOMP | EXITKILL
EVENT_EXEC, EVENT_STOP = 4, 128

WALL = 0x40000000
"""Of waitpid: threads, too (bits/waitflags.h)."""
STOPPED = 0x7F
AT_SECCOMP = 7 << 16 | signal.SIGTRAP << 8 | STOPPED
AT_SYSCALL = (signal.SIGTRAP | 0x80) << 8 | STOPPED
STOP_SIGNALS = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})

INFO = Struct("<B3xI16xQ6Q")
"""struct ptrace_syscall_info at entry: op, arch, number, arguments ..."""
ANSWER = Struct("<B3xI16xq")
"""... and at the end of a call: op, arch, result."""
IS_EXIT = 2

BATCH = 1024
"""Records after which a frame is written ..."""
BATCH_S = 0.1
"""... and seconds: what is lost at most when the tracer is killed."""

Ptrace = Callable[..., int]
"""python-ptrace's general call: (request, pid, address, data)."""


class Refused(Exception):  # noqa: N818  # an answer of the kernel, not a fault
    """Something does not let us trace: at which step, and the kernel's errno or a text."""

    def __init__(self, step: str, why: int | str) -> None:
        super().__init__(os.strerror(why) if isinstance(why, int) else why)
        self.step = step
        self.number = why if isinstance(why, int) else 0


class Tracer:
    """Follows a program that waits to be let go, and all that it starts, to the end."""

    def __init__(
        self, ptrace: Ptrace, error: type[Exception], plans: dict[int, Plan], arch: int, writer: Writer
    ) -> None:
        self.ptrace, self.error, self.plans, self.arch, self.writer = ptrace, error, plans, arch, writer
        self.root = 0
        self.status = 0
        """How the root ended, as waitpid tells it."""
        self.every = False
        """All system calls stop: there is no filter."""
        self.running = False
        """The root has become the program that it is to be."""
        self.threads: dict[int, Process] = {}
        self.processes: dict[int, Process] = {}
        self.pending: dict[int, Record] = {}
        """Calls that have begun, by thread."""
        self.records: list[Record] = []
        self.busy = False
        """They are being written."""
        self.told: dict[int, int] = {}
        """Of pending calls that have been written as such, the time of entry."""
        self.info = bytearray(88)
        self.info_at = ctypes.addressof(ctypes.c_char.from_buffer(self.info))
        # The hottest of all calls has a prototype of its own: 2.1 us against 2.8. PyDLL: no other thread has to run.
        self.libc_ptrace = ctypes.PyDLL(None, use_errno=True).ptrace
        self.libc_ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
        self.libc_ptrace.restype = ctypes.c_long

    def seize(self, pid: int) -> None:
        """Begin to trace a child of ours; should we end, the kernel kills it.

        Raises:
            Refused: the kernel does not let us.
        """
        try:
            self.ptrace(SEIZE, pid, 0, OPTIONS)
        except self.error as error:
            raise Refused("seize", getattr(error, "errno", 0)) from error
        self.root = pid

    def follow(self) -> None:
        """Follow until nobody is left.

        Raises:
            Refused: the kernel lacks something that we need.
        """
        wait = os.waitpid
        while True:
            try:
                tid, status = wait(-1, WALL)
            except ChildProcessError:
                return
            if status == AT_SECCOMP:
                self.begin(tid, monotonic_ns())
            elif status == AT_SYSCALL:
                self.stop_of_syscall(tid, monotonic_ns())
            elif status & 0xFF != STOPPED:
                self.ended(tid, status)
            else:
                self.other_stop(tid, status)

    def go_on(self, tid: int, number: int = 0) -> None:
        """Let a thread run on, with a signal or without; it may be dead by now, which the next wait tells."""
        try:
            self.ptrace(SYSCALL if self.every or tid in self.pending else CONT, tid, 0, number)
        except self.error as error:
            if getattr(error, "errno", None) != errno.ESRCH:
                raise

    def ask(self, tid: int) -> bool:
        """Have `info` filled; False: the thread is dead.

        Raises:
            Refused: the kernel is older than 5.3.
        """
        if self.libc_ptrace(GET_SYSCALL_INFO, tid, 88, self.info_at) >= 0:
            return True
        number = ctypes.get_errno()
        if number != errno.ESRCH:
            raise Refused("info", number)
        return False

    def begin(self, tid: int, now: int) -> None:
        """A thread stands at the entry of a system call of the table."""
        if self.ask(tid):
            _op, arch, number, *args = INFO.unpack_from(self.info)
            plan = self.plans.get(number)
            if plan is not None and arch == self.arch:
                process = self.threads.get(tid) or self.meet(tid)
                what = process.stands_for(signed(args[0]), tid) if plan.about_fd else None
                seen = process.read(plan.entry, tid, args) if plan.entry else ()
                if plan.changes:
                    process.changed(plan, args)
                self.pending[tid] = (number, tid, process.pid, now, None, None, tuple(args), seen, (), what)
        self.go_on(tid)

    def stop_of_syscall(self, tid: int, now: int) -> None:
        """A thread stands at the end of a system call; without a filter also at the entry of any."""
        begun = self.pending.get(tid)
        if begun is None:
            if self.ask(tid) and self.info[0] != IS_EXIT and self.running_or_exec():
                self.begin(tid, now)
                return
        elif self.ask(tid):
            del self.pending[tid]
            self.finish(tid, begun, now)
        self.go_on(tid)

    def running_or_exec(self) -> bool:
        """Whether calls count already: before its execve the root is still our own code."""
        return self.running or self.plans.get(INFO.unpack_from(self.info)[2], _NONE).name == "execve"

    def finish(self, tid: int, begun: Record, now: int) -> None:
        """Note the answer to a system call."""
        _op, _arch, result = ANSWER.unpack_from(self.info)
        number, caller, pid, then, _, _, args, seen, found, what = begun
        plan, process = self.plans[number], self.threads[tid]
        if result >= 0:
            if plan.exit:
                found = process.read(plan.exit, tid, args, result)
            if plan.makes_fd:
                what = process.stands_for(result, tid)
        if plan.changes:
            process.changed(plan, args)
            if plan.hidden:
                return
        self.records.append((number, caller, pid, then, now, result, args, seen, found, what))
        if len(self.records) >= BATCH:
            self.flush()

    def meet(self, tid: int) -> Process:
        """The process of a thread that is new."""
        pid = thread_group(tid)
        process = self.processes.get(pid) or self.processes.setdefault(pid, Process(pid))
        self.threads[tid] = process
        return process

    def other_stop(self, tid: int, status: int) -> None:
        """A signal, a new thread, a new program, or a stop for all of a process."""
        event, number = status >> 16, status >> 8 & 0xFF
        if event == EVENT_STOP and number in STOP_SIGNALS:
            try:
                self.ptrace(LISTEN, tid, 0, 0)
            except self.error as error:
                if getattr(error, "errno", None) != errno.ESRCH:
                    raise
            return
        if event == EVENT_EXEC:
            self.new_program(tid)
        elif not event and number == signal.SIGTRAP and tid == self.root and not self.running:
            # `launch` says by this that the kernel takes no filter.
            self.every, number = True, 0
        self.go_on(tid, 0 if event else number)

    def new_program(self, tid: int) -> None:
        """A program has replaced another: of its threads one is left, which has the number of the process now."""
        self.running = True
        former = ctypes.c_ulong()
        try:
            self.ptrace(GETEVENTMSG, tid, 0, ctypes.addressof(former))
        except self.error:
            return
        if former.value != tid and former.value in self.pending:
            if (lost := self.pending.pop(tid, None)) is not None:
                self.records.append(lost)
            self.pending[tid] = self.pending.pop(former.value)
            self.threads.pop(former.value, None)
        process = self.threads.get(tid) or self.meet(tid)
        process.forget()
        if is_32_bit(tid):
            self.records.append(
                (NOTE, f"process {process.pid} runs a 32-bit program, whose system calls are not seen")
            )

    def ended(self, tid: int, status: int) -> None:
        """A thread is no more."""
        if (begun := self.pending.pop(tid, None)) is not None:
            self.records.append(begun)
        self.records.append((END, tid, status))
        self.threads.pop(tid, None)
        self.told.pop(tid, None)
        if (process := self.processes.pop(tid, None)) is not None:
            process.forget()
        if tid == self.root:
            self.status = status
            self.root = 0

    def flush(self) -> None:
        """Write out what was noted."""
        self.busy = True
        if self.records:
            self.writer.write(self.records)
            self.records.clear()
        self.busy = False

    def flush_open(self, *_: object) -> None:
        """Write out what was noted, and what has begun and goes on; from time to time, and at the end.

        As a handler it runs between any two steps of the loop, so there is one list of records for ever.
        """
        if self.busy:
            return
        for tid, begun in list(self.pending.items()):
            if self.told.get(tid) != begun[3]:
                self.told[tid] = begun[3]
                self.records.append(begun)
        self.flush()

    def close(self) -> None:
        """Write the end of the file."""
        self.flush_open()
        self.writer.write([(ENDED,)])


_NONE = Plan("", (), (), about_fd=False, makes_fd=False, changes=False, hidden=False)
