"""Damage from a seed, a few thousand times: nothing crashes, nothing hangs, nothing is told that was not so.

Each try has a seed of its own: the message of a failure names it. For minutes instead of seconds: `scripts/bench fuzz`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random

import pytest

from tests.fuzz import files, talk

TARGETS: dict[str, tuple[Callable[[], AbstractContextManager[Callable[[Random], None]]], int]] = {
    "trace": (files.trace_files, 800),
    "spool": (files.spools, 400),
    "strace": (files.strace_files, 200),
    "ptrace": (files.ptrace_files, 300),
    "server's log": (files.server_logs, 500),
    "requests": (talk.requests, 2000),
    "server": (talk.server, 600),
    "variants": (talk.clients, 60),
}
"""What is tried, and how often here."""


@pytest.mark.parametrize("name", TARGETS)
def test_damage(name: str) -> None:
    """Whatever bytes come, they are refused or read as they are meant, and the next ones are, too."""
    make, tries = TARGETS[name]
    with make() as attempt:
        for number in range(tries):
            seed = f"{name} {number}"
            try:
                attempt(Random(seed))
            except Exception as error:
                raise AssertionError(f"the try with the seed {seed!r}") from error
