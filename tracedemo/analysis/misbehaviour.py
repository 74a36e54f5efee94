"""What our server did wrong on purpose, in sentences: which fault was asked for, and which connections got it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracedemo.analysis.text import clean
from tracedemo.events import Event, Trace

FAULT, ACCEPTED = "fault", "accepted"
"""Steps of the server lane."""

MOST_NAMED = 3
"""Connections that a sentence names."""


def facts(asked: str, seed: int, lane: Iterable[Event]) -> Mapping[str, object]:
    """What the header tells: the words, the seed, how many connections there were, and how many got each fault.

    Args:
        asked: the words of `--fault`, not empty.
        lane: what the server did.
    """
    counts = Counter(event.args["detail"] for event in lane if event.op == FAULT)
    return {"fault": asked, "seed": seed, **{f"injected_{name}": times for name, times in counts.items()}}


def note(server: Mapping[str, Any], lane: Iterable[Event]) -> str:
    """One sentence, without a stop; empty when no fault was asked for."""
    if not (asked := server.get("fault")):
        return ""
    before = f"our server misbehaved as asked (--fault {asked}{_seed(server)}): "
    if asked.partition(":")[0] == "refuse":
        return (
            f"{before}it did not listen, and the kernel refused each connect, of which a server is not told"
        )
    connections = {event.args.get("server_conn") for event in lane if event.op in (FAULT, ACCEPTED)}
    counts = {name.removeprefix("injected_"): times for name, times in server.items() if _is_count(name)}
    got = [f"{name} on {times:,}" for name, times in counts.items()] or ["no fault was drawn for any"]
    return (
        f"{before}{', '.join(got)} of {len(connections):,} connection{'' if len(connections) == 1 else 's'}"
    )


def _seed(server: Mapping[str, Any]) -> str:
    """The seed, where it decides anything."""
    return f" --seed {server.get('seed', 0)}" if "%" in server["fault"] or "," in server["fault"] else ""


def _is_count(name: str) -> bool:
    return name.startswith("injected_")


def named(trace: Trace) -> Iterator[str]:
    """Which connections got what, a sentence for each fault: `reset on connection 2 (fd 5, 127.0.0.1:40312)`."""
    fds = {event.conn: event.fd for event in trace if event.fd is not None and event.conn is not None}
    found: dict[str, list[str]] = {}
    for event in trace:
        if event.op == FAULT:
            fd = f"fd {fds[event.conn]}, " if event.conn in fds else ""
            who = f"connection {event.conn}" if event.conn is not None else "a connection"
            place = f"{who} ({fd}from {event.args.get('peer', 'nowhere')})"
            found.setdefault(str(event.args["detail"]), []).append(place)
    for name, places in found.items():
        more = f" and {len(places) - MOST_NAMED:,} more" if len(places) > MOST_NAMED else ""
        yield clean(f"{name} on {', '.join(places[:MOST_NAMED])}{more}")
