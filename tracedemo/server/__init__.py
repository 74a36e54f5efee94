"""The loopback HTTP server: its own process, paced by the clock or by cause, with a log of what it did.

    options.py    what can be asked of it             process.py    starts it, stops it: `running_server`
    plan.py       the same, checked and light         foreground.py runs it here, for `tracedemo serve`
    request.py    bytes -> requests, pure             lane.py       reads its log
    response.py   request -> pieces, pure             __main__.py   the process itself
    connection.py one client: reads, moves            journal.py    writes its log
    loop.py       sockets, accepting, one thread      timers.py     what is due when
    clock.py      pace: moves by the clock            steps.py      pace: moves when a client is about to wait
    door.py       accepts, survives a shortage        listen.py     opens the listeners
    failures.py   why it cannot start

The names below are loaded when they are first used: the server process imports this file on its way, and must
not pay for `dataclasses`, `typing`, `json` or `subprocess`, which cost more than the rest of its start.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracedemo.server.failures import ServerError
    from tracedemo.server.foreground import serve_forever
    from tracedemo.server.lane import RawLog, RawServerEvent, read_log
    from tracedemo.server.options import ServerOptions
    from tracedemo.server.process import ServerHandle, running_server

__all__ = [
    "RawLog",
    "RawServerEvent",
    "ServerError",
    "ServerHandle",
    "ServerOptions",
    "read_log",
    "running_server",
    "serve_forever",
]

_HOME = {
    "RawLog": "lane",
    "RawServerEvent": "lane",
    "ServerError": "failures",
    "ServerHandle": "process",
    "ServerOptions": "options",
    "read_log": "lane",
    "running_server": "process",
    "serve_forever": "foreground",
}


def __getattr__(name: str) -> object:
    """Load a public name from the file that holds it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
