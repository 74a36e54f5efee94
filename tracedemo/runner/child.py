"""One child process: started, waited for through Ctrl-C and SIGTERM, and reaped with what it used."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tracedemo.errors import MachineError
from tracedemo.recorders.inprocess.decode import root_of, spool_heads
from tracedemo.runner.asleep import noticing
from tracedemo.runner.machine import limits
from tracedemo.runner.orphans import Tell, left_behind, wait_telling

PASSED_ON_AFTER = 0.5
"""Seconds after which a program that did not get our Ctrl-C itself is sent one."""
INSISTS_WITHIN = 2.0
"""Seconds: a second Ctrl-C that comes within them kills the program, whatever it does about the first."""


class Finished(NamedTuple):
    """How the process that we started came to its end."""

    pid: int
    """Of the process that we started: the target, or what stands before it."""
    exit_code: int
    signal: str
    """Name of the signal that ended it, or empty."""
    interrupted: bool
    timed_out: bool
    """Its time was over, and it was told to end."""
    asleep: bool
    """It was told to end because it slept outside of all recorded calls, where nobody could wake it."""
    told_to_end: int
    """The signal that was meant for us, and was handed on; 0: none."""
    cpu_user: float
    cpu_system: float
    clock_start: tuple[int, int]
    clock_end: tuple[int, int]
    limits: Mapping[str, int]


def spawn(
    command: list[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    capture: bool,
    duration: float | None = None,
    tell: Tell | None = None,
    started: Callable[[int], None] | None = None,
    alone: bool = False,
) -> Finished:
    """Run a command to its end.

    Args:
        folder: where its spools go, and what it writes, if that is captured.
        capture: keep its output in `folder`/stdout and stderr.
        duration: seconds after which it is told to end.
        tell: told what a person who waits should know.
        started: told the number of the process.
        alone: it has nothing to read on stdin, and is told to end when it sleeps where nobody can wake it.
    """
    start = _clocks()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        streams: dict[str, Any] = {"stdout": out, "stderr": err} if capture else {}
        streams |= {"stdin": subprocess.DEVNULL} if alone else {}
        # close_fds: descriptors that the shell has left open for the program are the program's.
        try:
            process = subprocess.Popen(command, env=environment, close_fds=False, **streams)
        except OSError as error:
            raise MachineError(f"cannot start {command[0]}: {error.strerror or error}") from error
        try:
            if started is not None:
                started(process.pid)
            with (
                _passing_on(process, folder) as passed_on,
                _ending(process, folder, duration, alone) as ended,
            ):
                interrupted, usage = _wait(process, folder, tell)
        except BaseException:
            _send(signal.SIGKILL, process, folder)
            process.kill()
            process.wait()
            raise
    code = process.returncode
    return Finished(
        pid=process.pid,
        exit_code=128 - code if code < 0 else code,
        signal=_signal_name(-code) if code < 0 else "",
        interrupted=interrupted,
        timed_out=bool(ended.signals),
        asleep=ended.asleep,
        told_to_end=passed_on[-1] if passed_on else 0,
        cpu_user=usage[0],
        cpu_system=usage[1],
        clock_start=start,
        clock_end=_clocks(),
        limits=limits(),
    )


def _clocks() -> tuple[int, int]:
    """(monotonic, realtime) of one moment: of some pairs, the one that was read most quickly."""
    readings = ((time.monotonic_ns(), time.time_ns(), time.monotonic_ns()) for _ in range(8))
    before, real, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return (before + after) // 2, real


def _wait(
    process: subprocess.Popen[bytes], folder: Path, tell: Tell | None
) -> tuple[bool, tuple[float, float]]:
    """Wait for the end, through Ctrl-C, which is the program's affair: it may clean up, ask back, or go on.

    The terminal has sent it to the program, too. If only we got it, we pass it on. Whoever presses twice means it.
    """
    last = 0.0
    while True:
        try:
            if last and not _shares_terminal():
                _pass_on_interrupt(process, folder)
            if tell is not None:
                wait_telling(process.pid, folder, tell)
            return last > 0, _reap(process)
        except KeyboardInterrupt:
            now = time.monotonic()
            if now - last < INSISTS_WITHIN or left_behind(process.pid, folder):
                _send(signal.SIGKILL, process, folder)
            last = now


def _reap(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait, and give the CPU seconds (user, system) of this very child."""
    if not hasattr(os, "wait4"):
        process.wait()
        return 0.0, 0.0
    if hasattr(os, "waitid"):  # where a Ctrl-C can break off the waiting, but lose nothing
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime, usage.ru_stime


def _pass_on_interrupt(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Send the program a Ctrl-C of its own, unless it is ending already."""
    deadline = time.monotonic() + PASSED_ON_AFTER
    while _alive(process.pid):
        if time.monotonic() > deadline:
            _send(signal.SIGINT, process, folder)
            return
        time.sleep(0.02)


def _shares_terminal() -> bool:
    """Whether we stand in the foreground of a terminal, which sends Ctrl-C to all who do."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _alive(pid: int) -> bool:
    """Whether a child of ours still runs; it is not reaped."""
    if not hasattr(os, "waitid"):
        return False
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _send(number: signal.Signals, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Send a signal to the target itself: what stands before it may hold signals off, or end without it."""
    if left := left_behind(process.pid, folder):
        for pid in left:  # they cannot go on without their tracer, and nobody else will end them
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return
    root = root_of(spool_heads(folder), process.pid)
    with suppress(OSError):
        os.kill(root.pid if root is not None else process.pid, number)


@contextmanager
def _passing_on(process: subprocess.Popen[bytes], folder: Path) -> Iterator[list[int]]:
    """Hand signals that are meant to end us to the target, after which we end, too; gives those that came."""
    came: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        came.append(number)
        _send(signal.Signals(number), process, folder)

    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # A program that tells its own group something tells us, too, who stand in it; it does not mean us.
    names = ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR")
    unmeant = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in (*wanted, *unmeant)}
    try:
        for number in wanted:
            if before[number] != signal.SIG_IGN:  # as nohup has it
                signal.signal(number, pass_on)
        for number in unmeant:
            if before[number] == signal.SIG_DFL:
                signal.signal(number, lambda *_: None)
    except ValueError:  # not the main thread
        yield came
        return
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


TELLS = ((0.0, "SIGINT"), (5.0, "SIGTERM"), (10.0, "SIGKILL"))
"""What a program is sent when its time is over, and how many seconds after that."""


class _Told:
    """What a program was told that has to end."""

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.asleep = False
        """That it slept was the reason, outside of all recorded calls."""


@contextmanager
def _ending(
    process: subprocess.Popen[bytes], folder: Path, duration: float | None, alone: bool
) -> Iterator[_Told]:
    """Tell the program to end when its time is over, or when it sleeps for ever, if that is asked for."""
    told = _Told()
    timers: list[threading.Timer] = []

    def tell(name: str) -> None:
        number = getattr(signal, name, signal.SIGINT)
        told.signals.append(number)
        _send(number, process, folder)

    def tell_from(seconds: float) -> None:
        mine = [threading.Timer(seconds + more, tell, [name]) for more, name in TELLS]
        timers.extend(mine)
        for timer in mine:
            timer.daemon = True
            timer.start()

    def wake(inside: bool) -> None:
        told.asleep = not inside and not told.signals
        tell_from(0)

    if duration is not None:
        tell_from(duration)
    try:
        with noticing(process.pid, folder, wake if alone else None):
            yield told
    finally:
        for timer in timers:
            timer.cancel()


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
