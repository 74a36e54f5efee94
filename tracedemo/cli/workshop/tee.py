"""Whatever a terminal shows, ours and our children's alike, seen on its way, as script(1) does it."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

_OUT, _ERR = 1, 2


class Tee:
    """`with Tee(see): ...`: what goes to stdout, and to stderr if that is a terminal, is given to `see`, and shown.

    Programs still have a terminal to write to where there is one; else a pipe, and `see` is told line ends as a terminal
    has them.
    """

    def __init__(self, see: Callable[[bytes], object]) -> None:
        self._see = see
        self._saved: dict[int, int] = {}
        self._read = -1
        self._terminal = False
        self._resized: Any = None
        self._stop: tuple[int, int] = (-1, -1)
        self._thread = threading.Thread(target=self._pump, daemon=True)

    def __enter__(self) -> Self:
        sys.stdout.flush()
        self._terminal = os.isatty(_OUT)
        self._read, write = _terminal_like(_OUT) if self._terminal else os.pipe()
        for fd in (_OUT, _ERR) if self._terminal and os.isatty(_ERR) else (_OUT,):
            self._saved[fd] = os.dup(fd)
            os.dup2(write, fd)
        os.close(write)
        self._stop = os.pipe()
        if self._terminal:
            self._resized = _follow_size(self._saved[_OUT])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        shown = self._saved.get(_OUT, -1)
        os.write(self._stop[1], b".")  # a child that lives on may hold the other end: it is not waited for
        self._thread.join()
        if self._terminal:
            signal.signal(signal.SIGWINCH, self._resized)
        for fd, saved in self._saved.items():
            os.dup2(saved, fd)
            if saved != shown:
                os.close(saved)
        for fd in (shown, self._read, *self._stop):
            os.close(fd)

    def _pump(self) -> None:
        while True:
            ready, _, _ = select.select([self._read, self._stop[0]], [], [])
            if self._read not in ready:
                return
            try:
                data = os.read(self._read, 1 << 16)
            except OSError:  # Linux: nobody has the other end any more
                return
            if not data:
                return
            self._see(data if self._terminal else data.replace(b"\n", b"\r\n"))
            self._show(data)

    def _show(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._saved[_OUT], data) :]
        except OSError:  # the terminal has gone; who writes next will hear of it
            return


def _follow_size(shown: int) -> Any:
    """Pass on, from now on, that the window has another size.  Returns what was done about it before."""
    import termios

    def resized(_number: int, _frame: FrameType | None) -> None:
        with suppress(OSError, termios.error):
            _copy_size(shown, _OUT)

    return signal.signal(signal.SIGWINCH, resized)


def _copy_size(source: int, target: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8))


def _terminal_like(fd: int) -> tuple[int, int]:
    """Both ends of a terminal of the same size."""
    import pty

    read, write = pty.openpty()
    _copy_size(fd, write)
    return read, write
