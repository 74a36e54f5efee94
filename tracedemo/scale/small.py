"""Each limit by itself, small: the physics of thousands of sockets with ten, on any machine, without root.

fds      the child gets 64 descriptors                        (a shell's ulimit, before the program)
ports    its sockets get eight local ports                    (put in by the hook, marked `injected`)
buffers  its sockets get a send buffer of 4 KiB               (as above)
backlog  it meets a listener that accepts nobody for a while  (`crowded`)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from tracedemo.analysis.limits_met import KINDS, Met, find
from tracedemo.errors import MachineError
from tracedemo.runner import Run, RunOptions, find_target, run
from tracedemo.runner.machine import on_one_processor
from tracedemo.runner.sandbox import limited, small_buffers
from tracedemo.scale.crowded import BACKLOG, crowded
from tracedemo.scale.ports import PORT_RANGE, can_set_range, kept_ports
from tracedemo.server import ServerOptions
from tracedemo.variants import by_name

FILES = 64
PORTS = 8
BUFFER = 4096
CLIENTS = BACKLOG + 3
"""One more than the backlog waits in the queue of the kernel; of so many, two find it full."""
LONG_PATH = "/" + "x" * 40_000
"""Makes a request that no small buffer holds."""


class Shown(NamedTuple):
    """A limit, where it showed, and the run in which it did."""

    met: Met
    run: Run


def show_limit(name: str, target: str | None = None, tell: Callable[[str], None] | None = None) -> Shown:
    """Run a program against one limit that was made small.

    Args:
        name: one of KINDS.
        target: the variant, or script; None: the one that shows it best.
        tell: told what a person who waits should know.

    Raises:
        MachineError: this system cannot do it.
        UsageError: there is no such target.
    """
    with _SETTINGS[name]() as (limit, usual, options):
        found = find_target([target or usual])
        with on_one_processor(wanted=name == "backlog"):
            done = run(found, replace(options, capture=True, tell=tell))
    return Shown(find(KINDS[name], limit, done.trace), done)


_Setting = tuple[str, str, RunOptions]


@contextmanager
def _few_files() -> Iterator[_Setting]:
    if not os.access("/bin/sh", os.X_OK):
        raise MachineError("this system has no /bin/sh, by which a program gets fewer open files")
    yield (
        f"{FILES} for this process (RLIMIT_NOFILE)",
        "selector",
        RunOptions(requests=2 * FILES, prefix=limited(files=FILES)),
    )


@contextmanager
def _few_ports() -> Iterator[_Setting]:
    in_range = can_set_range()
    with kept_ports(PORTS, in_range=in_range) as first:
        last = first + PORTS - 1
        word = f"0:{PORT_RANGE}:{last << 16 | first}" if in_range else f"bind:{first}:{PORTS}"
        # By cause, not by the clock: all are connected before the first is answered.
        options = RunOptions(requests=PORTS + 2, inject=word, server=ServerOptions(pace="lockstep"))
        yield f"{PORTS} for one destination, {first} to {last}", "selector", options


@contextmanager
def _small_buffers() -> Iterator[_Setting]:
    options = RunOptions(requests=1, inject=small_buffers(BUFFER),
                         server=ServerOptions(pace="lockstep"))  # fmt: skip
    name = "upload" if by_name("upload") else "selector"
    if name == "selector":
        options = replace(options, path=LONG_PATH)
    yield f"{BUFFER:,} bytes (SO_SNDBUF; the kernel makes twice that)", name, options


@contextmanager
def _full_backlog() -> Iterator[_Setting]:
    with crowded(CLIENTS) as address:
        yield (
            f"listen({BACKLOG}), and nobody accepts",
            "threads",
            RunOptions(requests=CLIENTS, address=address),
        )


_SETTINGS = {"fds": _few_files, "backlog": _full_backlog, "ports": _few_ports, "buffers": _small_buffers}
