"""Starts a program, waits for it, and writes down what it used:  python -I -S launch.py REPORT FILES COMMAND ...

A process of its own, since the kernel says of a child's memory what its parent had when it was started, if that was more
(exec keeps the peak of the memory it replaces: exec_mmap in the kernel's fs/exec.c), and who has just read a trace has
much. It knows nothing of tracedemo, and is as small as an interpreter can be.

REPORT  one line of JSON is written there: wall, nanoseconds; user, system, seconds; peak, bytes; code, as a shell has it
FILES   the soft limit of open files that the program gets, as far as the hard one allows; 0: as it is

It ends the program when its own parent ends (Linux), so nothing is left behind, however that ends.
"""

import os
import signal
import sys
import time


def main(words: "list[str]") -> int:
    """Run it; give its exit code."""
    report, files, *command = words
    _end_with_parent()
    _allow(int(files))
    begin = time.monotonic_ns()
    pid = os.fork()
    if not pid:
        _become(command)
    for number in (signal.SIGINT, signal.SIGTERM):
        # The terminal sends a Ctrl-C to the program, too; what is meant for us is handed on.
        signal.signal(number, lambda number, _frame: _hand_on(pid, number))
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic_ns() - begin
    code = os.waitstatus_to_exitcode(status)
    code = 128 - code if code < 0 else code
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of macOS counts bytes
    with open(report, "w") as file:  # noqa: PTH123  # as small as can be
        file.write(
            f'{{"wall": {wall}, "user": {usage.ru_utime}, "system": {usage.ru_stime}, '
            f'"peak": {usage.ru_maxrss * unit}, "code": {code}}}\n'
        )
    return code


def _become(command: "list[str]") -> None:
    try:
        _end_with_parent()
        os.execvp(command[0], command)  # noqa: S606  # the program itself is what we are here for
    except OSError as error:
        os.write(2, f"cannot start {command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _hand_on(pid: int, number: int) -> None:
    if number != signal.SIGINT:
        os.kill(pid, number)


def _end_with_parent() -> None:
    """Be killed when the parent ends (PR_SET_PDEATHSIG, prctl(2)); elsewhere than on Linux nothing like that is there."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def _allow(files: int) -> None:
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files and soft != resource.RLIM_INFINITY and soft < files:
        wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
