"""The start and the end of a traced program: a child that waits until it is traced, and our own death after its example."""

from __future__ import annotations

import _thread
import ctypes
import os
import signal
import stat
from collections.abc import Callable, Iterable, Mapping
from struct import pack

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 22, 38
SECCOMP_MODE_FILTER = 2
TRACE, ALLOW = 0x7FF00000, 0x7FFF0000
"""SECCOMP_RET_TRACE and _ALLOW (include/uapi/linux/seccomp.h)."""
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K (include/uapi/linux/bpf_common.h)."""
NUMBER_AT, ARCH_AT = 0, 4
"""In struct seccomp_data."""

GAVE_UP = 125
"""The exit code of a tracer that failed itself."""
_NOT_OURS = {
    signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGALRM, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG,
    signal.SIGTRAP, signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGPIPE,
    signal.SIGSYS, signal.SIGXFSZ,
}  # fmt: skip
"""Signals that cannot be held off, that we use, that do nothing, or that tell a fault of ours."""
OURS = tuple(sorted(set(signal.Signals) - _NOT_OURS))
"""Signals that are meant for the program when they come to us; they must neither end nor stop us, as it needs us."""
FROM_KERNEL = 0x80
"""si_code SI_KERNEL: the terminal sent it, and has sent it to the program, too (include/uapi/asm-generic/siginfo.h)."""


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def bpf(arch: int, numbers: Iterable[int]) -> bytes:
    """A filter that stops these system calls of this architecture for a tracer, and lets all others pass."""
    wanted = sorted(numbers)
    count = len(wanted)
    lines = [(LOAD, 0, 0, ARCH_AT), (EQUAL, 0, count + 1, arch), (LOAD, 0, 0, NUMBER_AT)]
    lines += [(EQUAL, count - at, 0, number) for at, number in enumerate(wanted)]
    lines += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, TRACE)]
    return b"".join(pack("<HBBI", *line) for line in lines)


def install(code: bytes) -> bool:
    """Have the kernel use a filter for this thread and all that it starts; it is never taken off again."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    program = _Program(len(code) // 8, code)
    return bool(
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program), 0, 0) == 0
    )


def environment() -> dict[bytes, bytes]:
    """The environment as it was handed to us: Python sets LC_CTYPE in its own where the locale is C (PEP 538)."""
    with open("/proc/self/environ", "rb") as file:  # noqa: PTH123  # pathlib takes a while to import
        entries = (entry.partition(b"=") for entry in file.read().split(b"\0"))
    return {name: value for name, _, value in entries if name}


def find(word: str, env: Mapping[bytes, bytes]) -> bytes:
    """The file of a command, looked for as a shell does; itself where it is not found."""
    name = os.fsencode(word)
    if b"/" in name:
        return name
    for folder in env.get(b"PATH", os.fsencode(os.defpath)).split(b":"):
        path = os.path.join(folder or b".", name)  # noqa: PTH118  # as above
        if os.access(path, os.X_OK) and stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return path
    return name


class Child:
    """A process of ours that becomes the program when it is let go."""

    def __init__(self, argv: list[str], code: bytes) -> None:
        env = environment()
        path = find(argv[0], env)
        ready, self._go = os.pipe()
        # A signal must not find our handlers in the child, nor end us before anybody could pass it on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, OURS)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._go)
                _become(path, argv, env, code, ready, before)
            finally:
                os._exit(GAVE_UP)
        os.close(ready)

    def let_go(self) -> None:
        """It is traced by now."""
        os.write(self._go, b"!")
        os.close(self._go)


def _become(
    path: bytes, argv: list[str], env: Mapping[bytes, bytes], code: bytes, ready: int, mask: Iterable[int]
) -> None:
    """In the child: from here to execve the filter stops nothing, as none of its system calls is made."""
    if not os.read(ready, 1):
        return  # the tracer has given up
    os.close(ready)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; a program starts with the default
        signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if not install(code):
        signal.raise_signal(signal.SIGTRAP)  # seen by `Tracer.other_stop`, and not delivered
    try:
        os.execve(path, argv, env)  # noqa: S606  # there is to be no shell
    except OSError as error:
        os.write(
            2, f"tracedemo: cannot start {argv[0]}: {error.strerror}\n".encode(errors="backslashreplace")
        )
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def pass_on(program: Callable[[], int], knows: Callable[[int], bool]) -> None:
    """Hand signals that somebody sends us to the program; to be run in a thread.

    A terminal's go to it anyway, and so does what the program sends to the group that it shares with us.

    Args:
        knows: whether a process is one of those that we follow.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        info = signal.sigwaitinfo(OURS)
        if info.si_code != FROM_KERNEL and not knows(info.si_pid) and (pid := program()):
            try:
                os.kill(pid, info.si_signo)
            except ProcessLookupError:
                pass


def end_like(status: int) -> None:
    """End as the program did: with its exit code, or of its signal, without a second core dump."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
        # To this thread: another one waits for some of these signals, and would take it.
        signal.pthread_kill(_thread.get_ident(), number)
        os._exit(128 + number)
    os._exit(os.waitstatus_to_exitcode(status))
