"""What the options mean: how to run, and how our server behaves."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from tracedemo.cli import tell
from tracedemo.errors import UsageError
from tracedemo.runner import ADDRESS, RunOptions, Target, find_python
from tracedemo.server import ServerOptions
from tracedemo.server.faults import Faults
from tracedemo.variants import VARIANTS

_RUN: dict[str, Any] = {"url": None, "host": None, "max_events": 1 << 20}
_SERVER: dict[str, Any] = {"delay": 30.0, "pieces": 3, "gap": 10.0, "size": 1200, "pace": "clock", "fault": [],
                           "seed": 0}  # fmt: skip


def server_options(args: argparse.Namespace, nonce: str | None = None, port: int = 0) -> ServerOptions:
    """The server that the options ask for.

    Raises:
        UsageError: they contradict each other.
    """
    wanted = _SERVER | vars(args)
    if "seed" in args and "fault" not in args:
        raise UsageError("--seed decides which connections get a --fault, and that is missing",
                         "Add one, for example --fault reset:10%, or leave --seed out.")  # fmt: skip
    fault = ",".join(wanted["fault"])
    _check_faults(fault, wanted["seed"])
    try:
        return ServerOptions(port=port, delay_ms=wanted["delay"], pieces=wanted["pieces"], gap_ms=wanted["gap"],
                             size=wanted["size"], pace=wanted["pace"], nonce=nonce, fault=fault,
                             seed=wanted["seed"])  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error), "Ask for fewer --pieces, or for a larger --size.") from None


def _check_faults(words: str, seed: int) -> None:
    """Say what is wrong with the words of --fault.

    Raises:
        UsageError: something is.
    """
    try:
        Faults(words, seed)
    except ValueError as error:
        raise UsageError(f"--fault: {error}", "For example: --fault reset:10% --fault stall:5%") from None


def run_options(
    args: argparse.Namespace,
    targets: Sequence[Target],
    *,
    requests: int,
    capture: bool,
    nonce: str | None = None,
) -> RunOptions:
    """The run that the options ask for.

    Args:
        targets: all that are going to run.
        requests: how many when nobody says.

    Raises:
        UsageError: an option has no meaning for any of these targets, or the URL cannot be fetched.
    """
    _refuse_what_does_nothing(args, targets)
    wanted = {"requests": requests} | _RUN | vars(args)
    place = Place(None, "/") if wanted["url"] is None else _parse_url(wanted["url"])
    host = None if wanted["host"] is None else _parse_host(wanted["host"])
    if "engine" in args and "kernel" not in args:
        raise UsageError("--engine says what records system calls, and --kernel asks for them: it is missing",
                         f"Add it: --kernel --engine {args.engine}")  # fmt: skip
    if "no_redact" in args and "kernel" not in args:
        raise UsageError(
            "--no-redact is about what --kernel records, and that is missing",
            "Add --kernel, or leave it out.",
        )
    own = {f"--{name.replace('_', '-')}": f"{wanted[name]}" for name in _OF_SOME if name in args}
    keep, most = wanted.get("keep", "last"), wanted["max_events"]
    slots = most if keep == "first" else 1 << max(most - 1, 1).bit_length()
    return RunOptions(server=server_options(args, nonce), requests=wanted["requests"], address=place.address,
                      path=place.path, host=host, slots=slots, capture=capture,
                      python=_python(wanted.get("python"), targets), duration=wanted.get("duration"),
                      kernel=wanted.get("engine", "auto") if "kernel" in args else None,
                      keep=keep, children="children" in args, watchdog="watchdog" in args,
                      redact="no_redact" not in args, tell=_tell, own=own)  # fmt: skip


def _python(path: str | None, targets: Sequence[Target]) -> str:
    """The interpreter; variants run on any, so for them alone nobody looks for the user's own."""
    if path is None and all(target.kind == "variant" for target in targets):
        return sys.executable
    return find_python(path)


def _tell(text: str) -> None:
    tell(f"tracedemo: {text}", sys.stderr)


def _refuse_what_does_nothing(args: argparse.Namespace, targets: Sequence[Target]) -> None:
    """An option that would be passed over in silence is a mistake of the one who gave it."""
    given = vars(args).keys()
    of_server = [f"--{name}" for name in _SERVER if name in given]
    of_variants = [option for name, option in _FOR_VARIANTS.items() if name in given]
    if "url" in given and ("host" in given or of_server):
        what = "--host" if "host" in given else of_server[0]
        raise UsageError(
            f"{what} is for our own server, and --url asks another one", f"Leave out {what}, or --url."
        )
    for name in (name for name in _OF_SOME if name in given):
        option = f"--{name.replace('_', '-')}"
        knowing = [variant.name for variant in VARIANTS if option in variant.options]
        if not any(target.variant is not None and target.variant.name in knowing for target in targets):
            raise UsageError(f"{option} is for {', '.join(knowing)}, and here is none of these",
                             "Leave it out. What stands behind a script's name is handed to the script.")  # fmt: skip
    if any(target.kind == "variant" for target in targets):
        return
    names = ", ".join(dict.fromkeys(target.name for target in targets))
    if of_variants:
        raise UsageError(
            f"{of_variants[0]} is for variants, and here is none: {names}",
            "Leave it out. What stands behind a script's name is handed to the script.",
        )
    if of_server and not any(ADDRESS in word for target in targets for word in target.argv):
        raise UsageError(
            f"{of_server[0]} is for our server, and nobody asks for it here: {names}",
            f"Leave it out, or put {ADDRESS} among the script's arguments: our server's address takes its place.",
        )


_OF_SOME = ("selector", "deadline", "at_most", "body", "buffer", "sleep")
"""Options that some variants have."""
_FOR_VARIANTS = {"requests": "-n", "url": "--url", "host": "--host"}


class Place(NamedTuple):
    """Where a URL points to."""

    address: str | None
    path: str


def _parse_url(text: str) -> Place:
    example = "It looks like http://example.com/"
    if not text.isprintable() or " " in text:
        raise UsageError(f"there is a space or a control character in the URL {text!r}", example)
    try:
        url = urlsplit(text)
        host, port = url.hostname, 80 if url.port is None else url.port
    except ValueError as error:
        raise UsageError(f"cannot understand the URL {text!r}: {error}", example) from None
    if url.scheme == "https":
        message = "the variants speak plain HTTP, as the post does: https needs TLS on top"
        raise UsageError(
            message, "Use an http:// URL, or trace a program that speaks TLS: tracedemo run your_script.py"
        )
    if url.scheme != "http" or not host:
        raise UsageError(f"cannot understand the URL {text!r}", example)
    if not port:
        raise UsageError(f"nobody can be reached at port 0: {text!r}", example)
    if url.username is not None:
        raise UsageError("the variants cannot log in: leave the user name out of the URL", example)
    path = quote(url.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(url.query, safe="/%:@!$&'()*+,;=~?")
    return Place(f"{_in_address(_parse_host(host))}:{port}", f"{path}?{query}" if query else path)


def _is_address(text: str) -> bool:
    from ipaddress import IPv6Address

    try:
        IPv6Address(text)
    except ValueError:
        return False
    return text.isprintable()


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _parse_host(text: str) -> str:
    """A name or address of a machine, in the letters that name servers know.

    Raises:
        UsageError: it is none.
    """
    if ":" in text and _is_address(text):
        return text
    try:
        name = text if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not re.fullmatch(r"\w[\w.-]{0,252}", name, re.ASCII):
        raise UsageError(
            f"{text!r} is no name of a machine", "A name such as localhost, or an address such as 127.0.0.1."
        )
    return name
