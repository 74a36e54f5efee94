"""Serves in this process and thread: for `tracedemo serve`, and for the server process itself."""

from __future__ import annotations

import os
import selectors

from tracedemo.server.clock import ClockPace
from tracedemo.server.failures import ServerError, errno_name, why_not_listening
from tracedemo.server.journal import Journal
from tracedemo.server.listen import listen_tcp, listen_unix, raise_file_limit
from tracedemo.server.loop import Loop
from tracedemo.server.plan import LOCKSTEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from tracedemo.server.lane import RawServerEvent
    from tracedemo.server.options import ServerOptions
    from tracedemo.server.plan import Plan

    OnReady = Callable[[str, int, str | None], None]


def serve_forever(
    options: ServerOptions,
    on_ready: OnReady,
    on_event: Callable[[RawServerEvent], None] | None = None,
    *,
    control: Path | None = None,
    stop: socket.socket | None = None,
) -> None:
    """Serve until `stop` has something to read, or for ever; an exception (KeyboardInterrupt) ends it, too.

    Args:
        options: what to serve, and how.
        on_ready: called with host, port and control path (None by the clock) when clients may come.
        on_event: called with every event, right after it.
        control: where the control socket goes, in lock-step; it must not exist, its folder must. Removed at
        the end.
            None: in a new folder for temporary files.
        stop: a socket; when it is readable, or at its end, serving ends.

    Raises:
        ServerError: nothing can listen there.
    """
    from tempfile import TemporaryDirectory

    from tracedemo.server.lane import RawServerEvent

    plan = options.plan()
    journal = Journal(on_event=on_event and (lambda *fields: on_event(RawServerEvent(*fields))))
    with TemporaryDirectory(prefix="tracedemo-", ignore_cleanup_errors=True) as folder:
        serve(plan, journal, on_ready, str(control or f"{folder}/control"), stop)


def serve(
    plan: Plan, journal: Journal, on_ready: OnReady, control_path: str, stop: socket.socket | None
) -> None:
    """The same, on checked options; `control_path` is used in lock-step only.

    Raises:
        ServerError: nothing can listen there.
    """
    raise_file_limit()
    try:
        listener = listen_tcp(plan.host, plan.port, deaf=plan.faults.all_refused)
    except OSError as error:
        raise ServerError(why_not_listening(error, plan.host, plan.port), errno_name(error)) from error
    with listener:
        host, port = listener.getsockname()[:2]
        loop = Loop(plan, journal, listener)
        if stop is not None:
            loop.selector.register(stop, selectors.EVENT_READ, lambda _: loop.stop())
        if plan.pace != LOCKSTEP:
            loop.pace = ClockPace(loop)
            _run(loop, lambda: on_ready(host, port, None))
        else:
            _serve_steps(loop, lambda: on_ready(host, port, control_path), control_path)


def _serve_steps(loop: Loop, on_ready: Callable[[], None], control_path: str) -> None:
    from tracedemo.server.steps import LockstepPace

    try:
        control = listen_unix(control_path)
    except OSError as error:
        loop.selector.close()
        message = f"no control socket at {control_path}: {error.strerror or error}"
        raise ServerError(message, errno_name(error)) from error
    with control:
        try:
            loop.pace = LockstepPace(loop, control)
            _run(loop, on_ready)
        finally:
            _remove(control_path)


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - pathlib is loaded for nothing else
    except OSError:
        return  # with its folder, perhaps


def _run(loop: Loop, on_ready: Callable[[], None]) -> None:
    try:
        on_ready()
        loop.run()
    finally:
        loop.close()
