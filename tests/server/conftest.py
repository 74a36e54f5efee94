"""Servers for the tests, each a process of its own in a folder of its own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.server.clients import Asker
from tracedemo.server import ServerHandle, ServerOptions, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    class StartServer(Protocol):
        """Starts a server that ends with the test."""

        def __call__(self, options: ServerOptions) -> ServerHandle:
            """Start it."""


LONG_GRACE_MS = 60_000
"""A test that spends it has failed."""


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """A function that starts a server."""
    with ExitStack() as stack:

        def start(options: ServerOptions) -> ServerHandle:
            return stack.enter_context(running_server(options, tmp_path))

        yield start


@pytest.fixture
def lockstep(start_server: StartServer) -> ServerHandle:
    """A lock-step server of three pieces, which may wait for ever for what was begun."""
    return start_server(ServerOptions(pace="lockstep", grace_ms=LONG_GRACE_MS))


@pytest.fixture
def asker(lockstep: ServerHandle) -> Iterator[Asker]:
    """A control connection to it."""
    with Asker(lockstep) as one:
        yield one


@pytest.fixture
def quick(start_server: StartServer) -> ServerHandle:
    """A server that answers by the clock, and at once."""
    return start_server(ServerOptions(delay_ms=0, gap_ms=0))
