"""Whatever goes to a terminal, ours and our children's alike, seen on its way, as script(1) does it; or changed."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

OUT, ERR = 1, 2
_MARK = b"\0tracedemo: no more\0"
"""The last that we write there ourselves: what was written before comes before it, and who lives on is not waited for."""


class Tee:
    """`with Tee(see): ...`: what goes to stdout, and to stderr if both are terminals, is given to `see`, and shown.

    Programs still have a terminal to write to where there is one; else a pipe.

    Args:
        see: gets bytes, and gives those that are to be shown; the last time none, since nothing follows.
        fds: what is listened to; the first one is where all of it is shown.
    """

    def __init__(self, see: Callable[[bytes], bytes], fds: Sequence[int] = (OUT, ERR)) -> None:
        self._see = see
        self._terminal = os.isatty(fds[0])
        self._fds = [fd for fd in fds if fd == fds[0] or (self._terminal and os.isatty(fd))]
        self._saved: dict[int, int] = {}
        self._read = -1
        self._resized: Any = None
        self._thread = threading.Thread(target=self._pump, daemon=True)

    def __enter__(self) -> Self:
        sys.stdout.flush()
        self._read, write = _terminal_like(self._fds[0]) if self._terminal else os.pipe()
        for fd in self._fds:
            self._saved[fd] = os.dup(fd)
            os.dup2(write, fd)
        os.close(write)
        if self._terminal:
            self._resized = _follow_size(self._saved[self._fds[0]], self._fds[0])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        with suppress(OSError):
            os.write(self._fds[0], _MARK)
        self._thread.join()
        if self._terminal:
            signal.signal(signal.SIGWINCH, self._resized)
        for fd, saved in self._saved.items():
            os.dup2(saved, fd)
            os.close(saved)
        os.close(self._read)

    def _pump(self) -> None:
        held = b""
        while _MARK not in held:
            try:
                data = os.read(self._read, 1 << 16)
            except OSError:  # Linux: nobody has the other end any more
                data = b""
            if not data:
                break
            held += data
            if _MARK not in held:
                ready = len(held) - _begun(held)
                self._show(self._see(held[:ready]))
                held = held[ready:]
        for last in (held.partition(_MARK)[0], b""):
            self._show(self._see(last))

    def _show(self, data: bytes) -> None:
        with suppress(OSError):  # the terminal has gone; who writes next will hear of it
            while data:
                data = data[os.write(self._saved[self._fds[0]], data) :]


def _begun(data: bytes) -> int:
    """How many bytes at the end may be the beginning of the mark: they wait for the rest of it."""
    return next(length for length in range(len(_MARK), -1, -1) if data.endswith(_MARK[:length]))


class Sieve:
    """Leaves out the lines that tell where a trace was written: the room has not asked for one."""

    _LINE = re.compile(rb"^wrote [^\r\n]*\.jsonl\r?\n", re.MULTILINE)
    _BEGUN = re.compile(rb"^(?:w|wr|wro|wrot|wrote|wrote [^\r\n]*\r?)\Z", re.MULTILINE)

    def __init__(self) -> None:
        self._held = b""

    def __call__(self, data: bytes) -> bytes:
        """What of it is to be shown now; no data: what was kept back, since nothing follows."""
        text = self._LINE.sub(b"", self._held + data)
        begun = self._BEGUN.search(text) if data else None
        at = begun.start() if begun else len(text)
        self._held = text[at:]
        return text[:at]


def _follow_size(shown: int, fd: int) -> Any:
    """Pass on, from now on, that the window has another size.  Returns what was done about it before."""
    import termios

    def resized(number: int, frame: FrameType | None) -> None:
        with suppress(OSError, termios.error):
            _copy_size(shown, fd)
        if callable(before):
            before(number, frame)

    before = signal.signal(signal.SIGWINCH, resized)
    return before


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
