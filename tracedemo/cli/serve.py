"""`tracedemo serve`: the loopback server in the foreground."""

from __future__ import annotations

import argparse
import sys

from tracedemo.cli.options import add_server_options, server_options
from tracedemo.errors import UsageError
from tracedemo.server import RawServerEvent, serve_forever


def prepare(parser: argparse.ArgumentParser) -> None:
    """Its options are those of the server, and a port."""
    parser.add_argument(
        "--port", type=int, default=8000, help="port on 127.0.0.1 (default 8000; 0: any free one)"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="do not print what it does")
    add_server_options(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if not 0 <= args.port <= 65535:
        message = f"there is no port {args.port}: ports go from 0 to 65535"
        raise UsageError(message)
    options = server_options(args, port=args.port)
    try:
        serve_forever(options, _ready, None if args.quiet else _tell)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    return 0


def _ready(host: str, port: int, control: str | None) -> None:
    print(f"serving on http://{host}:{port}/   (Ctrl-C stops it)")
    print(f"in another terminal:  tracedemo run selector --url http://{host}:{port}/", flush=True)
    if control:
        print(f"lock-step: it moves only when told so on {control}", flush=True)


def _tell(event: RawServerEvent) -> None:
    peer = f" {event.peer[0]}:{event.peer[1]}" if event.peer else ""
    facts = [f"piece {event.piece}"] if event.piece else []
    facts += [f"{event.bytes} bytes"] if event.bytes is not None else []
    facts += [event.detail] if event.detail else []
    print(f"{event.op:<9}{peer}  {', '.join(facts)}".rstrip(), flush=True)
