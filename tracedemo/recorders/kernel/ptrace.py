"""The ptrace engine: our own tracer, on the binding layer of python-ptrace. Needs no strace and no administrator.

It runs as a process of its own between the runner and the target, as strace does, and writes what it notes into a
file, which `read` decodes afterwards. python-ptrace is named in this file only, and imported by the tracer's
process only: it is an optional extra under a licence that is not ours.

    launch.py    the child that becomes the program     follow.py, process.py   the loop
    capture.py   what is read of a stopped thread       memory.py, naming.py    what that means
    rawfile.py   the file between the two               raw_log.py              a Log of it
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tracedemo.recorders.kernel.constants import AUDIT_ARCH, NUMBERS

if TYPE_CHECKING:  # the tracer's process, too, imports this file, and the program waits meanwhile
    from pathlib import Path

    from tracedemo.recorders.kernel.calls import Log
    from tracedemo.recorders.kernel.follow import Tracer
    from tracedemo.recorders.kernel.rawfile import Writer
    from tracedemo.recorders.kernel.refusals import Refusal

NAME = "ptrace"
OUTPUT = "ptrace.raw"
TRIAL_S = 10
"""Seconds that a trial run may take."""

START = "import sys; sys.path += {paths!r}; from tracedemo.recorders.kernel.ptrace import main; main()"


def prefix(folder: Path) -> tuple[str, ...]:
    """The command that is put before the target's own.

    The tracer's interpreter takes nothing from the environment, which is meant for the target (-I), and runs
    nobody's start-up code (-S); so it is told where we and python-ptrace are.
    """
    return (sys.executable, "-I", "-S", "-c", START.format(paths=_paths()), str(folder / OUTPUT), "--")


def _paths() -> list[str]:
    """The folders of tracedemo and of python-ptrace."""
    from importlib.util import find_spec
    from pathlib import Path

    paths = [str(Path(__file__).absolute().parents[3])]
    found = find_spec("ptrace")
    if found is not None and found.origin:
        paths.append(str(Path(found.origin).absolute().parents[1]))
    return paths


# In the tracer's process


def main() -> None:
    """The tracer: arguments are the file to write, `--`, and the command."""
    from tracedemo.recorders.kernel.launch import GAVE_UP, end_like
    from tracedemo.recorders.kernel.rawfile import FAILED, Writer

    output, _, *command = sys.argv[1:]
    writer = None
    try:
        writer = Writer(output)
        status = _trace(command, writer)
    except BaseException as error:  # noqa: BLE001  # whatever it is, what was noted is kept, and the program ends, too
        step, number = getattr(error, "step", "tracer"), getattr(error, "number", 0)
        text = str(error) if step != "tracer" else f"{type(error).__name__}: {error}"
        os.write(
            2, f"tracedemo: the ptrace engine gave up ({step}): {text}\n".encode(errors="backslashreplace")
        )
        try:
            if writer is not None:
                writer.write([(FAILED, step, number, text)])
        finally:
            os._exit(GAVE_UP)  # the kernel kills who is still traced: PTRACE_O_EXITKILL
    end_like(status)


def _trace(command: list[str], writer: Writer) -> int:
    """Run a command to its end; gives the status that waitpid gave for it."""
    from tracedemo.recorders.kernel.capture import plans
    from tracedemo.recorders.kernel.follow import Tracer
    from tracedemo.recorders.kernel.launch import Child, bpf
    from tracedemo.recorders.kernel.rawfile import HEADER, NOTE

    machine = os.uname().machine
    ptrace, error, version = _binding()
    writer.write([(HEADER, machine, version)])
    tracer = Tracer(ptrace, error, plans(machine), AUDIT_ARCH[machine], writer)
    child = Child(command, bpf(AUDIT_ARCH[machine], NUMBERS[machine].values()))
    tracer.seize(child.pid)
    _listen(tracer)
    child.let_go()
    try:
        tracer.follow()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if tracer.every:
            tracer.records.append((NOTE, NO_FILTER))
        tracer.flush_open()
    tracer.close()
    return tracer.status


NO_FILTER = "the kernel took no seccomp filter: every system call was stopped, which makes a program several times slower"


def _binding() -> tuple[Callable[..., int], type[Exception], str]:
    """python-ptrace's general call, its exception, and its version.

    Raises:
        Refused: it is not installed.
    """
    import ctypes.util

    # It asks where the C library is, for which a program (ldconfig) is started each time. This process has it already.
    ctypes.util.find_library = lambda _name: None  # type: ignore[assignment]
    # Its C module, which some distributions build, loses the errno of a call that failed; its ctypes have it.
    sys.modules["cptrace"] = None  # type: ignore[assignment]
    try:
        from ptrace import PtraceError
        from ptrace.binding.func import ptrace
        from ptrace.version import __version__
    except ImportError as error:
        from tracedemo.recorders.kernel.follow import Refused

        raise Refused("import", str(error)) from error
    return ptrace, PtraceError, str(__version__)


def _listen(tracer: Tracer) -> None:
    """From now on write from time to time, and hand on what others send us."""
    import _thread

    from tracedemo.recorders.kernel.follow import BATCH_S
    from tracedemo.recorders.kernel.launch import pass_on

    _thread.start_new_thread(pass_on, (lambda: tracer.root, tracer.processes.__contains__))
    signal.signal(signal.SIGALRM, tracer.flush_open)
    signal.setitimer(signal.ITIMER_REAL, BATCH_S, BATCH_S)


# In the reader's process


def read(folder: Path) -> Log:
    """What the tracer wrote in a run.

    Raises:
        OSError: it left no file.
    """
    from tracedemo.recorders.kernel.raw_log import parse

    return parse((folder / OUTPUT).read_bytes())


def refusal(place: Path | None = None) -> Refusal | None:
    """Why it cannot trace here; it is tried on a program that does nothing.

    Args:
        place: a folder for the files of the trial; None: any.
    """
    import platform
    from importlib.util import find_spec
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from tracedemo.recorders.kernel.refusals import Refusal

    system, machine = platform.system(), platform.machine()
    if system != "Linux":
        return Refusal(f"ptrace as we use it is Linux's, and this is {system}", "See docs/dtruss.md.")
    if machine not in NUMBERS or sys.maxsize < 1 << 32:
        return Refusal(
            f"the ptrace engine has no table of the system calls of a {sys.maxsize.bit_length() + 1}-bit {machine}",
            "Use --engine strace.",
        )
    if find_spec("ptrace") is None:
        return Refusal("python-ptrace is not installed", INSTALL)
    with TemporaryDirectory(prefix="tracedemo-", dir=place) as name:
        return _tried(Path(name), place)


INSTALL = "pip install python-ptrace"


def _tried(folder: Path, place: Path | None) -> Refusal | None:
    import platform
    from subprocess import TimeoutExpired, run

    from tracedemo.recorders.kernel.raw_log import failure
    from tracedemo.recorders.kernel.refusals import Refusal, environment, refused_by_kernel

    words = [*prefix(folder), sys.executable, "-I", "-S", "-c", ""]
    try:
        tried = run(words, capture_output=True, text=True, timeout=TRIAL_S, check=False, stdin=-3,
                    env=environment(place))  # fmt: skip
        step, number, text = failure((folder / OUTPUT).read_bytes())
    except (OSError, TimeoutExpired) as error:
        return Refusal(f"the tracer does not run: {error}", "Use --engine strace.")
    match step:
        case "" if not tried.returncode:
            return None
        case "import":
            return Refusal(f"python-ptrace cannot be imported: {text}", INSTALL)
        case "info" if number in (errno.EIO, errno.EINVAL):
            return Refusal(
                f"this kernel ({platform.release()}) cannot tell a tracer about a system call",
                "It takes Linux 5.3 or newer. Use --engine strace.",
            )
        case "seize" | "info":
            return refused_by_kernel(os.strerror(number))
    return Refusal(
        f"the tracer gave up: {text or tried.stderr.strip() or 'it said nothing'}", "Use --engine strace."
    )
