"""The line to our server, on which a lock-step run asks for the next step (the words: `tracedemo/lockstep.py`).

Rules
    * The program's descriptors keep the numbers that they would have without us: the line lies on a high one, and is
      opened before the program makes sockets of its own.
    * It is a bare number, which nothing closes when the interpreter ends: the kernel would be seen to do something for us.
    * A program may close descriptors that it has not opened, as daemons do, and the number may be its own by now. So the
      line is known by what it is, not by its number, and nothing is ever written to anything else.
"""

from __future__ import annotations

import _socket
import os
from _thread import RLock

from tracedemo.lockstep import decode_moved, encode_step
from tracedemo.recorders.inprocess.mapping import HIGH, suppress


class Line:
    """A control connection of this process; opened when it is first needed, and again when it was closed meanwhile."""

    def __init__(self, control: str) -> None:
        """Args: control: path of the server's control socket."""
        self.control = control
        self._fd: int | None = None
        self._what: tuple[int, int] | None = None
        self._lock = RLock()

    def renew(self) -> bool:
        """Open a line of this process's own, at the beginning and in a child after fork; False when none can be had."""
        self._lock = RLock()
        if self._fd is not None and _what(self._fd) == self._what:
            os.close(self._fd)
        self._fd = self._open()
        return self._fd is not None

    def exchange(self, ports: list[int]) -> dict[int, str] | None:
        """What the server has moved for those who wait on `ports`; None when it cannot be asked."""
        with self._lock:
            # Taken away meanwhile: an exception in the middle, such as Ctrl-C, would leave an answer behind for the next.
            line, self._fd = self._fd, None
            if line is None or _what(line) != self._what:
                line = self._open()
            if line is None:
                return None
            answer = b""
            with suppress(OSError):
                _write(line, encode_step(ports))
                while not answer.endswith(b"\n") and (part := os.read(line, 65536)):
                    answer += part
            if not answer.endswith(b"\n"):
                with suppress(OSError):  # closed by another thread of the program at this very moment
                    os.close(line)
                return None
            self._fd = line
            with suppress(ValueError):
                return decode_moved(answer)
            return None

    def _open(self) -> int | None:
        with suppress(OSError):
            line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            line.connect(self.control)
            fd = _moved_up(line)
            self._what = _what(fd)
            return fd
        return None


def _moved_up(line: _socket.socket) -> int:
    """The descriptor of a socket, on a high number if this process may have one."""
    with suppress(OSError), suppress(ImportError):
        from fcntl import F_DUPFD_CLOEXEC, fcntl

        high = fcntl(line.fileno(), F_DUPFD_CLOEXEC, HIGH)
        line.close()
        return high
    return line.detach()


def _what(fd: int) -> tuple[int, int] | None:
    """What a descriptor stands for, as a pair that no other open file of the machine has; None for a closed one."""
    with suppress(OSError):
        found = os.fstat(fd)
        return found.st_dev, found.st_ino
    return None


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
