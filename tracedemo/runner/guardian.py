"""What ends a run that has lost tracedemo: a process of its own, which waits for the end of a pipe.

    python -I -S guardian.py FOLDER [COMMAND ...]

Theory
    SIGKILL asks nobody. But the kernel closes what a killed process held, and so a pipe to it comes to its end, however it
    died. Whoever it has just forked holds the pipe, too, until it becomes another program: so when the end is seen, all
    that it ever started can be told by its environment, which names the folder of the run (proc_pid_environ(5)).

    What a tracer follows is ended first, and all of it, wherever it stands in the tree: under a tracer's seccomp filter
    nobody can live without the tracer. The tracer then ends by itself, and writes down what it knows. Nothing is changed in
    the program for this: neither how it is started (PR_SET_PDEATHSIG needs a fork), nor what it can ask about itself.

    Then COMMAND is run, with FOLDER behind it, which makes a trace of what is there; without one FOLDER is removed. A word
    on the pipe (`DONE`) says that nothing is to be done. Before it comes the number of the process that was started.

It imports nothing of tracedemo, and little of the standard library: it starts with every run.
"""

import os
import signal
import sys
import time

DONE = b"done"
VARIABLE = b"TRACEDEMO_HOOK_FOLDER="
STEP_S = 0.005
"""Seconds between two looks."""
WRITES_S, GIVES_UP_S = 2.0, 10.0
"""Seconds that a tracer has for its last words; and after which what cannot be ended (it waits for a disk) is left."""


def main(folder: str, command: "list[str]") -> None:
    """Wait; then end the run, unless it has ended."""
    said = b""
    while piece := os.read(0, 1024):
        said += piece
    words = said.split()
    if DONE in words:
        return
    end_all(os.fsencode(folder), {int(word) for word in words})
    if command:
        os.execv(command[0], [*command, folder])  # noqa: S606  # there is to be no shell
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def end_all(folder: bytes, started: "set[int]") -> None:
    """End all processes of a run, tracers last.

    Args:
        started: what was started, which may have an environment of its own by now.
    """
    if not os.path.isdir("/proc/self"):  # noqa: PTH112  # pathlib takes a while to import
        return _kill(started)
    began = time.monotonic()
    own, tracers = of_run(folder) | {pid for pid in started if _read(pid, "cmdline")}, set()
    while (passed := time.monotonic() - began) < GIVES_UP_S:
        followed = followed_by(own)
        tracers |= set(followed.values())
        if not own and not followed:
            break
        _kill((own | set(followed)) - (tracers if passed < WRITES_S else set()))
        time.sleep(STEP_S)
        own = of_run(folder)
    return None


def of_run(folder: bytes) -> "set[int]":
    """Processes whose environment names the folder; not the dead, who have none."""
    mark = VARIABLE + folder
    return {pid for pid in _processes() if mark in _read(pid, "environ").split(b"\0")}


def followed_by(tracers: "set[int]") -> "dict[int, int]":
    """Processes that one of these follows, and which (proc_pid_status(5))."""
    found = {}
    for pid in _processes():
        _, _, rest = _read(pid, "status").partition(b"\nTracerPid:\t")
        tracer = int(rest.partition(b"\n")[0] or 0)
        if tracer in tracers:
            found[pid] = tracer
    return found


def _processes() -> "list[int]":
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]  # noqa: PTH208


def _read(pid: int, what: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{what}", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:  # it has ended, or is another user's
        return b""


def _kill(pids: "set[int]") -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
