"""The server as a process: `python -m tracedemo.server NAME=VALUE ...`.

Words
    Every option of ServerOptions by its name, all of them; `log=PATH`, where events are appended; in
    lock-step `control=PATH`, where the control socket is made.

What it says on stdout: one line of JSON, then nothing more
    {"host": "127.0.0.1", "port": 40123, "control": null}      it listens
    {"error": "port 80 ... in use", "errno": "EADDRINUSE"}     it cannot; exit code 3, or 2 for a wrong word

When it ends
    At the end of its stdin, which its parent holds open: so it cannot outlive a parent, however that died.
    Also on SIGTERM or SIGINT. Each way it exits with 0 and leaves no control socket behind.
"""

from __future__ import annotations

import _thread
import os
import signal
import socket
import sys

from tracedemo.server.failures import ServerError, errno_name
from tracedemo.server.foreground import serve
from tracedemo.server.journal import Journal, quote
from tracedemo.server.plan import Plan

WRONG_WORDS = 2
CANNOT_SERVE = 3
_STDIN = 0
_OPTIONS = (
    "host",
    "port",
    "delay_ms",
    "pieces",
    "gap_ms",
    "size",
    "pace",
    "nonce",
    "grace_ms",
    "fault",
    "seed",
    "charset",
)


def main(words: list[str]) -> int:
    """Serve as these words say; give the exit code."""
    waker, wake = socket.socketpair()
    with waker, wake:
        _stop_on_signals(waker)
        # In a thread, because nothing else can wait for the end of a pipe on every system. It needs no care
        # at the end.
        _thread.start_new_thread(_stop_at_end_of_stdin, (waker,))
        try:
            _serve(words, wake)
        except ValueError as error:
            _tell(error=str(error), errno="")
            return WRONG_WORDS
        except ServerError as error:
            _tell(error=error.message, errno=error.errno_name)
            return CANNOT_SERVE
        finally:
            signal.set_wakeup_fd(-1)
    return 0


def _serve(words: list[str], wake: socket.socket) -> None:
    given = dict(_pair(word) for word in words)
    log, control = given.pop("log", ""), given.pop("control", "")
    plan = _plan(given)
    fd = _open_log(log) if log else None
    try:
        serve(plan, Journal(fd), _tell_ready, control, wake)
    finally:
        if fd is not None:
            os.close(fd)


def _open_log(path: str) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"cannot write the log {path}: {error.strerror}"
        raise ServerError(message, errno_name(error)) from error


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise ValueError(f"not a word NAME=VALUE: {word!r}")
    return name, value


def _plan(given: dict[str, str]) -> Plan:
    if unknown := set(given) ^ set(_OPTIONS):
        raise ValueError(f"unknown or missing: {', '.join(sorted(unknown))}")
    return Plan(
        host=given["host"],
        port=int(given["port"]),
        delay_ms=float(given["delay_ms"]),
        pieces=int(given["pieces"]),
        gap_ms=float(given["gap_ms"]),
        size=int(given["size"]),
        pace=given["pace"],
        nonce=given["nonce"],
        grace_ms=float(given["grace_ms"]),
        fault=given["fault"],
        seed=int(given["seed"]),
        charset=given["charset"],
    )


def _tell_ready(host: str, port: int, control: str | None) -> None:
    _tell(host=host, port=port, control=control)


def _tell(**fields: str | int | None) -> None:
    parts = (
        f'"{name}": {"null" if value is None else value if isinstance(value, int) else quote(value)}'
        for name, value in fields.items()
    )
    line = "{" + ", ".join(parts) + "}\n"
    # Straight to the descriptor: a parent that no longer listens is no reason for a traceback at exit.
    try:
        os.write(1, line.encode("ascii"))
    except OSError:
        return


def _stop_on_signals(waker: socket.socket) -> None:
    """Let SIGTERM and SIGINT do nothing but wake the loop, so that no work is torn in the middle."""
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)


def _stop_at_end_of_stdin(waker: socket.socket) -> None:
    try:
        while os.read(_STDIN, 4096):
            pass
    except OSError:
        pass  # a closed stdin is at its end, too
    try:
        waker.send(b"\0")
    except OSError:
        return  # it is over already


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
