"""A shell of one's own: a folder to stand in, an environment, and commands typed there as a user would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60
"""Whatever takes longer has failed."""

_UNWANTED = re.compile(r"PYTHON|TRACEDEMO|XDG_|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|TTY_|LC_|LANG|TMPDIR")


def read_terminal(fd: int, shown: str) -> bytes:
    """What a program has written to its terminal; nothing once it is closed.

    Args:
        shown: what came until now, for the complaint when nothing follows.
    """
    ready, _, _ = select.select([fd], [], [], TIMEOUT_S)
    assert ready, f"nothing comes after:\n{shown}"
    try:
        return os.read(fd, 1 << 16)
    except OSError:  # Linux: the other side is closed
        return b""


class Shell:
    """Commands are run in `folder`; the last run is kept, and temporary files are made, below it."""

    python = sys.executable

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.environ = {name: text for name, text in os.environ.items() if not _UNWANTED.match(name)} | {
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
            "TMPDIR": str(self.temporary),
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
        }

    def __call__(self, *words: str | Path, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Type `tracedemo WORDS`, and wait for its end."""
        return self.run([*TRACEDEMO, *map(str, words)], **settings)

    def run(self, command: list[str] | str, **settings: Any) -> subprocess.CompletedProcess[Any]:
        """Run any command here; a text is for the shell."""
        environ = self.environ | settings.pop("environ", {})
        settings = {"text": True, "stdin": subprocess.DEVNULL, "capture_output": True, **settings}
        if "input" in settings:
            del settings["stdin"]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environ,
            shell=isinstance(command, str),
            timeout=TIMEOUT_S,
            check=False,
            **settings,
        )

    @contextmanager
    def start(self, *words: str | Path, **settings: Any) -> Iterator[subprocess.Popen[str]]:
        """Type a command and go on, in a session without a terminal; it is gone at the end of the `with`."""
        settings = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
            "text": True,
            **settings,
        }
        environ = self.environ | {"PYTHONUNBUFFERED": "1"} | settings.pop("environ", {})
        with subprocess.Popen(
            [*TRACEDEMO, *map(str, words)], cwd=self.folder, env=environ, **settings
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def write(self, name: str, text: str) -> Path:
        """Write a file here."""
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def left_behind(self) -> list[str]:
        """Files for temporary use that are still there, and processes that still know this folder."""
        processes = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if any(str(self.temporary) in word for word in words):
                processes.append(" ".join(words))
        return [path.name for path in self.temporary.iterdir()] + processes


IMPATIENT = """
import sys
from tracedemo.cli import main, progress
progress.PATIENCE = 0
sys.exit(main())
"""
TRACEDEMO = [sys.executable, "-m", "tracedemo"]


class Terminal:
    """A terminal with a command in its foreground: what it shows, and keys."""

    def __init__(self, shell: Shell, command: list[str], columns: int, environ: dict[str, str]) -> None:
        self.shown = ""
        self._bytes = b""
        self.exit_code: int | None = None
        self._child, self._fd = pty.fork()
        if not self._child:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.chdir(shell.folder)
            os.execve(command[0], command, shell.environ | environ)

    def wait_for(self, text: str) -> None:
        """Wait until it has shown that."""
        while text not in self.shown:
            assert self._read(), f"{text!r} is not in {self.shown!r}"

    def press(self, keys: str) -> None:
        """Type something."""
        os.write(self._fd, keys.encode())

    def wait(self) -> int:
        """Wait for the end, and give the exit code."""
        while self._read():
            pass
        return self.close()

    def close(self) -> int:
        """Close the terminal, as by its window's button, and give the exit code of what ran there."""
        if self.exit_code is None:
            os.close(self._fd)
            _, status = os.waitpid(self._child, 0)
            code = os.waitstatus_to_exitcode(status)
            self.exit_code = 128 - code if code < 0 else code
        return self.exit_code

    def _read(self) -> bool:
        data = read_terminal(self._fd, self.shown)
        # A read may end in the middle of a character, or of the end of a line.
        self._bytes += data
        self.shown = self._bytes.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def terminal(
    shell: Shell, *words: str, columns: int = 100, impatient: bool = False, **environ: str
) -> Iterator[Terminal]:
    """Type `tracedemo WORDS` in a terminal.

    Args:
        impatient: the bar comes at once, not after a second.
    """
    command = [sys.executable, "-c", IMPATIENT] if impatient else TRACEDEMO
    found = Terminal(shell, [*command, *words], columns, environ)
    try:
        yield found
    finally:
        found.close()


def said(done: subprocess.CompletedProcess[str], code: int) -> list[str]:
    """The lines of a complaint, after checking that it is one: of the right code, short, and without a traceback."""
    lines = done.stderr.splitlines()
    assert code == done.returncode, done.stderr
    assert 1 <= len(lines) <= 2, done.stderr
    assert lines[0].startswith("tracedemo: ")
    assert all(line.startswith("  ") for line in lines[1:])
    return lines
