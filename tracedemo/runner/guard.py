"""The folder of a run, and the guardian that looks after it, and after the run, when we are killed (see guardian.py)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tracedemo.errors import MachineError
from tracedemo.runner import guardian
from tracedemo.runner.machine import place_for_spools

PREFIX = "tracedemo-"
"""How the names of such folders begin."""
LOCK = "lock"
HOOK = "TRACEDEMO_HOOK_"
"""How the variables begin by which the start-up hook is told what to do."""


class Guarded(NamedTuple):
    """The folder of a run, and a way to its guardian."""

    folder: Path
    pipe: int
    """A descriptor; -1: there is no guardian."""

    def started(self, pid: int) -> None:
        """Tell the guardian which process was started."""
        self.say(b"%d\n" % pid)

    def say(self, word: bytes) -> None:
        """Tell the guardian something; if it was killed, nobody hears."""
        if self.pipe >= 0:
            with suppress(OSError):
                os.write(self.pipe, word)


@contextmanager
def guarded_folder(rescue: Sequence[str] = ()) -> Iterator[Guarded]:
    """A folder for the files of a run, which is removed at the end; and somebody who ends the run when we cannot.

    Args:
        rescue: a command that makes something of the folder, whose path is put behind it, when we were killed.

    Raises:
        MachineError: there is no place for temporary files.
    """
    watching = None
    try:
        folder = Path(place_for_spools() or tempfile.gettempdir(), f"{PREFIX}{os.urandom(6).hex()}")
        with suppress(OSError):  # no process more may be started: then the run will fail, and say so
            watching = _start(folder, rescue)
        folder.mkdir(0o700)  # not before somebody looks after it
    except OSError as error:
        _dismiss(watching)
        message = f"no folder for temporary files can be made: {error.strerror or error}"
        raise MachineError(message, "Make room, or set TMPDIR to a folder that can be written.") from error
    pipe = -1 if watching is None or watching.stdin is None else watching.stdin.fileno()
    try:
        with lock_of(folder):
            yield Guarded(folder, pipe)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _dismiss(watching)


def _dismiss(watching: subprocess.Popen[bytes] | None) -> None:
    """There is nothing left to look after."""
    if watching is not None:
        with suppress(OSError):
            watching.communicate(guardian.DONE)


@contextmanager
def lock_of(folder: Path) -> Iterator[bool]:
    """Hold a folder of a run, if nobody else does: the kernel takes the lock back, however we end (flock(2))."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield False
        return
    try:
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # another user's, or gone
        yield False
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


def marked(folder: Path) -> dict[str, str]:
    """Our environment, and that which a guardian knows the processes of a run by; for what is started without the hook."""
    return os.environ | {f"{HOOK}FOLDER": str(folder)}


def _start(folder: Path, rescue: Sequence[str]) -> subprocess.Popen[bytes] | None:
    if os.name != "posix":
        return None
    # Nothing that a run recognises its own by: it belongs to no run, not even when we ourselves are recorded.
    environment = {name: text for name, text in os.environ.items() if not name.startswith(HOOK)}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guardian.__file__, str(folder), *rescue],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
        bufsize=0,
        # What ends everyone in the foreground, or in our group, ends the run, too; it looks after what is left.
        start_new_session=True,
    )
