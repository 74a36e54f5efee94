"""SIGKILL at random moments: of the program, the server, the tracer or tracedemo itself; then it is looked who is left.

Everything that a run starts bears a tag in its environment. After each kill nobody may bear it, running or stopped; no
folder may be left; and the last run must be readable, or it must have been said that nothing had been recorded.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from table import Row, show

from tests.conftest import no_ptrace, no_strace
from tests.tagged import tagged, wait_until_gone
from tracedemo import tracefile
from tracedemo.variants import VARIANTS

ROOT = Path(__file__).resolve().parents[2]
NAMES = [variant.name for variant in VARIANTS if getattr(variant, "fetches", True)]
KILLS, QUICK = 200, 24
VICTIMS = ("program", "server", "trial", "tracer", "tracedemo")
SAID = ("tracedemo was killed before the program had made a call", "the program ran, but left no record")
"""What is said when there is no trace, as nothing had been recorded; or tracedemo had not come to start the program."""
SLOW = 1.3
"""Moments are drawn from the life of a victim that is left alone, and a little more."""
LOOK_S = 0.003
"""Seconds between two looks at who is there."""


class Kind(NamedTuple):
    """A way to run."""

    victim: str
    engine: str
    """A kernel engine; empty: none."""


class Found(NamedTuple):
    """How one kill came out."""

    killed: bool
    """The victim was there."""
    readable: bool
    faults: tuple[str, ...]
    """What is not as it should be."""


def measure(*, quick: bool, seed: int = 0) -> bool:
    """Kill, and print the table; True when each kill came out as it should."""
    draw = random.Random(seed)  # noqa: S311  # chance, not secrecy
    engines = ["", *(["strace"] if not no_strace() else []), *(["ptrace"] if not no_ptrace() else [])]
    kinds = [
        Kind(victim, engine)
        for engine in engines
        for victim in VICTIMS
        if engine or victim not in ("trial", "tracer")
    ]
    wanted = QUICK if quick else KILLS
    done: Counter[Kind] = Counter()
    readable: Counter[Kind] = Counter()
    faults: dict[Kind, list[str]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Path(name)
        lives = {
            kind: median(
                _life(place / f"alone-{kind.victim}-{kind.engine}-{again}", kind) for again in range(3)
            )
            for kind in kinds
        }
        tries = 0
        while sum(done.values()) < wanted:
            kind = kinds[sum(done.values()) % len(kinds)]
            tries += 1
            after = draw.random() * lives[kind] * SLOW
            found = _kill(place / f"kill-{tries}", kind, after, draw.choice(NAMES))
            done[kind] += found.killed
            readable[kind] += found.killed and found.readable
            faults[kind] += found.faults
    return show(
        f"{wanted} SIGKILLs at random moments (seed {seed})", list(_rows(kinds, done, readable, faults))
    )


def _rows(
    kinds: list[Kind], done: Counter[Kind], readable: Counter[Kind], faults: dict[Kind, list[str]]
) -> Iterator[Row]:
    for kind in kinds:
        for fault in faults[kind]:
            print(f"    {kind.victim}, {kind.engine or 'bare'}: {fault}")
        under = f", under {kind.engine}" if kind.engine else ""
        text = f"{len(faults[kind])} of {done[kind]} amiss; a trace of {readable[kind]}, the others had recorded nothing"
        yield Row(f"{kind.victim} killed{under}", text, "0 amiss", not faults[kind])


def _life(folder: Path, kind: Kind) -> float:
    """Seconds that the victim lives when it is left alone."""
    process = _start(folder, kind.engine, "selector")
    find = _finder(kind.victim, process.pid, _tag(folder), "selector")
    first = last = 0.0
    while process.poll() is None:
        if find() is not None:
            last = time.monotonic()
            first = first or last
        time.sleep(LOOK_S)
    process.communicate()
    return last - first


def _tag(folder: Path) -> str:
    return f"XDG_STATE_HOME={folder}/state"


def _start(folder: Path, engine: str, variant: str) -> subprocess.Popen[str]:
    (folder / "tmp").mkdir(parents=True)
    words = ["--kernel", "--engine", engine] if engine else []
    return subprocess.Popen(
        [sys.executable, "-m", "tracedemo", "run", *words, variant, "-n", "5"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | {"XDG_STATE_HOME": f"{folder}/state", "TMPDIR": str(folder / "tmp")},
        start_new_session=True,
    )  # fmt: skip


def _kill(folder: Path, kind: Kind, after: float, variant: str) -> Found:
    tag = _tag(folder)
    process = _start(folder, kind.engine, variant)
    find = _finder(kind.victim, process.pid, tag, variant)
    moment, pid, ran = time.monotonic() + after, None, False
    while process.poll() is None and (pid is None or time.monotonic() < moment):
        if pid is None and (pid := find()) is not None and kind.victim != "tracedemo":
            moment = time.monotonic() + after  # of its own life
        time.sleep(LOOK_S)
    ran = _finder("program", process.pid, tag, variant)() is not None
    killed = process.poll() is None and pid is not None and pid in (process.pid, find())
    if killed and pid is not None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            killed = False
    said = process.communicate()[1]
    where = f"{variant}, after {after * 1000:.0f} ms"
    faults = [f"{where}: {fault}" for fault in _faults(folder, tag, said)]
    last = list((folder / "state" / "tracedemo" / "last").glob("*.jsonl"))
    readable = bool(last) and not tracefile.read(last[0]).problem
    if killed and not readable and ran and not any(text in said for text in SAID):
        faults.append(f"{where}: the program ran, and there is no trace that can be read: {said!r}")
    return Found(killed, readable, tuple(faults))


def _faults(folder: Path, tag: str, said: str) -> Iterator[str]:
    for left in wait_until_gone(tag):
        yield f"left: {left}"
    # Python's tempfile tries a folder out with a file of a few bytes: whoever is killed just then leaves that.
    for path in filter(Path.is_dir, (folder / "tmp").iterdir()):
        yield f"a folder is left: {[file.name for file in path.iterdir()]}"
    if "this is a fault of tracedemo" in said:
        yield said


def _finder(victim: str, parent: int, tag: str, variant: str) -> Callable[[], int | None]:
    """What looks for a process of a run."""
    if victim == "tracedemo":
        return lambda: parent

    def fits(words: list[bytes]) -> bool:
        tracer = words[0].endswith(b"strace") or any(b"kernel.ptrace" in word for word in words)
        match victim:
            case "server":
                return any(b"tracedemo.server" in word for word in words)
            case "tracer" | "trial":  # of the program, or of the trial before it
                of_program = any(word.endswith(f"/{variant}.py".encode()) for word in words)
                return tracer and of_program == (victim == "tracer")
            case _:
                return not tracer and any(word.endswith(f"/{variant}.py".encode()) for word in words[1:2])

    def find() -> int | None:
        for pid in tagged(tag):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if pid != parent and fits(words):
                return pid
        return None

    return find
