"""`tracedemo serve`: the loopback server in the foreground."""

from __future__ import annotations

import argparse
import gc
import sys
from functools import partial

from tracedemo.cli import tell
from tracedemo.cli.options import server_options
from tracedemo.errors import MachineError
from tracedemo.server import RawServerEvent, ServerOptions, serve_forever
from tracedemo.server.faults import FAULTS


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, which is the way to end it, and no failure."""
    gc.enable()  # it may run for days
    try:
        options = server_options(args, port=args.port)
        serve_forever(options, partial(_ready, options), None if "quiet" in args else _tell)
    except KeyboardInterrupt:
        tell("\nstopped", sys.stderr)
    except OSError as error:
        raise MachineError(f"cannot serve here: {error.strerror or error}") from error
    return 0


def _ready(options: ServerOptions, host: str, port: int, control: str | None) -> None:
    tell(f"serving on http://{host}:{port}/   (Ctrl-C stops it)")
    for word in options.fault.split(",") if options.fault else ():
        tell(f"--fault {word}: it {FAULTS[word.partition(':')[0]]}")
    if control:
        tell(f"lock-step: it answers nobody until it is told to move, on the UNIX socket {control}")
        return
    tell(f"in another terminal:  tracedemo run selector --url http://{host}:{port}/")


def _tell(event: RawServerEvent) -> None:
    peer = f" {event.peer[0]}:{event.peer[1]}" if event.peer else ""
    facts = [f"piece {event.piece}"] if event.piece else []
    facts += [f"{event.bytes} bytes"] if event.bytes is not None else []
    facts += [event.detail] if event.detail else []
    tell(f"{event.op:<9}{peer}  {', '.join(facts)}".rstrip())
