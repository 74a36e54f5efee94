"""Options that several commands share, and what is made of them."""

from __future__ import annotations

import argparse
from typing import NamedTuple
from urllib.parse import urlsplit

from tracedemo.errors import UsageError
from tracedemo.runner import RunOptions
from tracedemo.server import ServerOptions

MOST_REQUESTS = 1_000_000


def add_run_options(parser: argparse.ArgumentParser, *, requests: int) -> None:
    """How to run: requests, where to, and how our server behaves.

    Args:
        requests: how many when nobody says.
    """
    group = parser.add_argument_group("the run")
    group.add_argument("-n", "--requests", type=_count, default=requests, metavar="N",
                       help=f"fetches that a variant makes (default {requests})")  # fmt: skip
    group.add_argument("--url", help="fetch from a real server, http://HOST[:PORT]/PATH, instead of our own")
    group.add_argument("--host", help="name under which a variant is told our server, such as localhost")
    group.add_argument("--max-events", type=_count, default=1 << 20, metavar="N",
                       help="calls that are kept, the last ones (default 1,048,576)")  # fmt: skip
    add_server_options(parser)


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """How our server behaves."""
    group = parser.add_argument_group("the server")
    default = ServerOptions()
    group.add_argument("--delay", type=float, default=default.delay_ms, metavar="MS",
                       help="milliseconds to the first byte (default 30)")  # fmt: skip
    group.add_argument("--pieces", type=int, default=default.pieces, metavar="K",
                       help="pieces in which the response is sent (default 3)")  # fmt: skip
    group.add_argument("--gap", type=float, default=default.gap_ms, metavar="MS",
                       help="milliseconds between pieces (default 10)")  # fmt: skip
    group.add_argument("--size", type=int, default=default.size, metavar="BYTES",
                       help="bytes of the body (default 1200)")  # fmt: skip
    group.add_argument("--pace", choices=("clock", "lockstep"), default=default.pace,
                       help="clock: by time; lockstep: one step whenever the client is about to wait")  # fmt: skip


def server_options(args: argparse.Namespace, nonce: str | None = None, port: int = 0) -> ServerOptions:
    """The server that the options ask for.

    Raises:
        UsageError: a value out of range.
    """
    try:
        return ServerOptions(port=port, delay_ms=args.delay, pieces=args.pieces, gap_ms=args.gap, size=args.size,
                             pace=args.pace, nonce=nonce)  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error)) from None


def run_options(args: argparse.Namespace, *, capture: bool, nonce: str | None = None) -> RunOptions:
    """The run that the options ask for.

    Raises:
        UsageError: a value out of range, or a URL that cannot be fetched.
    """
    place = _parse_url(args.url) if args.url else Place(None, "/")
    slots = 1 << max(args.max_events - 1, 1).bit_length()
    return RunOptions(server=server_options(args, nonce), requests=args.requests, address=place.address,
                      path=place.path, host=args.host, slots=slots, capture=capture)  # fmt: skip


class Place(NamedTuple):
    """Where a URL points to."""

    address: str | None
    path: str


def _parse_url(text: str) -> Place:
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port or 80
    except ValueError as error:
        message = f"cannot understand the URL {text!r}: {error}"
        raise UsageError(message, "It looks like http://example.com/") from None
    if url.scheme == "https":
        message = "the variants speak plain HTTP, as the post does: https needs TLS on top"
        raise UsageError(
            message, "Use an http:// URL, or trace a program that speaks TLS: tracedemo run your_script.py"
        )
    if url.scheme != "http" or not host:
        message = f"cannot understand the URL {text!r}"
        raise UsageError(message, "It looks like http://example.com/")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Place(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", path)


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_REQUESTS * 100:
        message = f"a whole number from 1 up is needed, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return number
