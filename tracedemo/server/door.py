"""Where clients come in: a listener that accepts all who wait, and survives a shortage of descriptors."""

from __future__ import annotations

import selectors
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Protocol

    from tracedemo.server.timers import Timers

    Address = tuple[str, int] | str

    class Short(Protocol):
        """Is told of every failure to accept, and whether it is the first of a shortage."""

        def __call__(self, error: OSError, *, first: bool) -> None:
            """There was no room."""


_RETRY_NS = 100_000_000  # for another process may free what we lack, and nobody would tell us


class Door:
    """Accepts on one listener.

    When there is no descriptor left the listener stays registered nowhere for a while: it would be "readable"
    all the time, and the loop would spin. Those who wait in its backlog lose nothing but time.
    """

    def __init__(
        self,
        listener: socket.socket,
        selector: selectors.BaseSelector,
        timers: Timers,
        welcome: Callable[[socket.socket, Address], None],
        short: Short,
    ) -> None:
        """Call `welcome` with each accepted socket, and `short` when there is no room for it."""
        self._listener = listener
        self._selector = selector
        self._timers = timers
        self._welcome = welcome
        self._short = short
        self._is_short = False
        self._open = False
        self.open()

    def open(self) -> None:
        """Look for clients, if that was given up."""
        if not self._open:
            self._open = True
            self._selector.register(self._listener, selectors.EVENT_READ, lambda _: self.accept())

    def accept(self) -> None:
        """Accept all who wait, now."""
        while self._open:
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # broke while it waited; the next may be fine
            except OSError as error:
                self._pause(error)
                return
            self._is_short = False
            self._welcome(sock, address)

    def _pause(self, error: OSError) -> None:
        self._open = False
        self._selector.unregister(self._listener)
        self._timers.at(time.monotonic_ns() + _RETRY_NS, self.open)
        first, self._is_short = not self._is_short, True
        self._short(error, first=first)
