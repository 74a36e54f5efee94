"""A script, run as its user would run it, and run under the recorder: what both leave behind.

What is not compared, since it does differ:
* `type(socket.socket.recv)`, its `__module__`, and where its code lies: a wrapper is a Python function; so with
  `type(loop._ready)` of asyncio, which is a subclass of `deque`;
* the frame that a signal handler gets when it interrupts a call, and `sys._getframe()` and `traceback.print_stack()` in
  what a call runs, as an eager task is run by `create_task`: ours is there;
* one frame of ours in the traceback of what a signal handler raises at the moment in which a wrapper is entered: no code
  of the wrapper runs before CPython looks for signals;
* the line of a warning that a C function of the interface itself gives, as `epoll.modify` does on 3.15 for a mask that is
  out of range: it is that of the wrapper;
* `sys.meta_path`, at whose head our finder stands; `tracedemo.*` and what it needs in `sys.modules`;
* the number of variables in a `contextvars.Context` of asyncio: one of them is ours;
* on 3.15 the types `select.epoll` and `select.poll`, for which proxies stand in.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from tracedemo.runner import ADDRESS, RunOptions, find_target, run
from tracedemo.server import ServerOptions

EXPECTED = ("stand-ins", "not recorded", "--children", "--max-events")
"""Words of notes that only say what a script did: epoll on 3.15, other programs, very many calls."""


class Said(NamedTuple):
    """What a program left behind."""

    exit_code: int
    """As a shell sees it."""
    output: str
    complaints: str


def plain(text: str) -> str:
    """Addresses in memory are nobody's business."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", text)


def bare_command(command: Sequence[str], folder: Path) -> Said:
    """Run a command with its output in files, as the runner has it."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        # `env`: readline, which pytest may import, sets COLUMNS where os.environ does not see it.
        environment = dict(os.environ)
        code = subprocess.run(
            command, stdout=out, stderr=err, check=False, close_fds=False, env=environment, timeout=60
        ).returncode
    texts = [plain((folder / name).read_text(encoding="utf-8")) for name in ("out", "err")]
    return Said(128 - code if code < 0 else code, *texts)


def bare(path: Path, *words: str, module: bool = False) -> Said:
    """Run a script as its user would."""
    what = ["-m", path.stem] if module else [str(path)]
    return bare_command([sys.executable, *what, *words], path.parent)


def traced(
    path: Path, *words: str, module: bool = False, pace: Literal["clock", "lockstep"] = "clock"
) -> Said:
    """Run it under the recorder; in lock-step it gets our server's address as one more argument."""
    words = (*words, ADDRESS) if pace == "lockstep" else words
    return traced_words(["-m", path.stem, *words] if module else [str(path), *words], pace=pace)


def traced_words(
    words: Sequence[str], *, python: str = sys.executable, pace: Literal["clock", "lockstep"] = "clock"
) -> Said:
    """Run what stands behind `tracedemo run`: a script, -m MODULE, -c CODE, or any command."""
    target = find_target(words, command=True)
    server = ServerOptions(pace=pace)
    done = run(target, RunOptions(capture=True, slots=1 << 14, duration=60, python=python, server=server))
    strange = [note for note in done.trace.header.notes if not any(word in note for word in EXPECTED)]
    if strange:
        pytest.fail(f"noted by the recorder: {strange}")
    return Said(done.exit_code, plain(done.output), plain(done.complaints))
