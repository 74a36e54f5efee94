"""Starts the server as a process of its own, and makes sure that it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracedemo.server.failures import ServerError
from tracedemo.server.lane import RawLog, read_log
from tracedemo.server.options import ServerOptions, draw_nonce
from tracedemo.server.plan import LOCKSTEP
from tracedemo.server.response import make_body

if TYPE_CHECKING:
    from collections.abc import Iterator

START_TIMEOUT_S = 20.0
"""Seconds until a server that says nothing is given up, as when no resolver answers for its host."""

STOP_TIMEOUT_S = 3.0
"""Seconds that it has for each way of being asked to end."""

_ROOM_FOR_CONTROL = 100  # bytes: a path of a UNIX socket holds 108 on Linux, 104 on macOS, end mark included
_ROOT = Path(__file__).resolve().parents[2]

# Not `-m`, and isolated: a `socket.py` in the user's folder, or PYTHON variables meant for the observed
# program, must not reach the server; `site` is left out because the server needs nothing but the standard
# library and tracedemo.
_ISOLATED = ("-I", "-S")
_START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from tracedemo.server.__main__ import main; sys.exit(main(sys.argv[2:]))"
)


class ServerHandle:
    """A running server.  It ends with `stop`, at the end of `running_server`, or with this process."""

    def __init__(
        self, process: subprocess.Popen[bytes], ready: dict[str, Any], log: Path, options: ServerOptions
    ) -> None:
        self.host: str = ready["host"]
        """Where it listens; the address if a name was asked for."""
        self.port: int = ready["port"]
        self.control = Path(ready["control"]) if ready["control"] else None
        """The control socket; None by the clock."""
        self.log = log
        """Its raw log: see `tracedemo.server.lane`."""
        self.options = options
        """As they were asked for, with the nonce of this run."""
        self.pid = process.pid
        self._process = process

    @property
    def body(self) -> bytes:
        """What every GET is answered with."""
        return make_body(self.options.size, self.options.nonce or "", self.options.charset)

    def events(self) -> RawLog:
        """What it has done so far."""
        return read_log(self.log)

    def stop(self) -> int:
        """End it, in the kindest way that works; may be called again.  Returns its exit code."""
        _end(self._process)
        return self._process.returncode


@contextmanager
def running_server(options: ServerOptions, run_folder: Path) -> Iterator[ServerHandle]:
    """A server that has begun to listen; its files go to `run_folder`, which must exist.

    One server at a time in a folder; the log of an earlier one is removed.

    Raises:
        ServerError: it cannot start; `errno_name` says why, where there is such a name.
    """
    options = replace(options, nonce=draw_nonce() if options.nonce is None else options.nonce)
    log = run_folder / "server.jsonl"
    log.unlink(missing_ok=True)
    with ExitStack() as stack:
        words = [*options.words(), f"log={log}"]
        if options.pace == LOCKSTEP:
            words.append(f"control={_control_path(run_folder, stack)}")
        complaints = stack.enter_context((run_folder / "server.stderr").open("w+b"))
        process = _start(words, complaints.fileno())
        stack.callback(_end, process)
        ready = _first_words(process)
        if "port" not in ready:
            _end(process)
            raise ServerError(*_why(process, ready, run_folder / "server.stderr"))
        yield ServerHandle(process, ready, log, options)


def _start(words: list[str], stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *_ISOLATED, "-c", _START, str(_ROOT), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        # Ctrl-C goes to everyone in the foreground; the server must outlast the programs that talk to it.
        start_new_session=os.name == "posix",
    )


def _first_words(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What it says when it listens, or why it does not; empty if it ends, or stays silent, without a word."""
    assert process.stdout is not None  # noqa: S101 - for the type checker; it was opened as a pipe
    patience = threading.Timer(START_TIMEOUT_S, process.kill)
    patience.start()
    try:
        line = process.stdout.readline()
    finally:
        patience.cancel()
        patience.join()
    try:
        words = json.loads(line)
    except ValueError:
        return {}
    return words if isinstance(words, dict) else {}


def _why(process: subprocess.Popen[bytes], words: dict[str, Any], complaints: Path) -> tuple[str, str]:
    if "error" in words:
        return words["error"], words.get("errno", "")
    last = complaints.read_text(errors="replace").strip().rpartition("\n")[2] or "no reason given"
    return f"the server ended with code {process.returncode} before it could listen: {last}", ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close its stdin, which it takes for the end; then ask; then insist."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    for insist in (process.terminate, process.kill):
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            insist()
    process.wait()


def _control_path(run_folder: Path, stack: ExitStack) -> Path:
    """In the run's folder, unless its path is too long for a socket."""
    path = run_folder / "control"
    if len(os.fsencode(path)) <= _ROOM_FOR_CONTROL:
        path.unlink(missing_ok=True)
        return path
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tracedemo-", ignore_cleanup_errors=True))
    return Path(folder) / "control"
