"""Which calls went where: connects and sends by the address of the other side.

A connect or a sendto names its address; a send on a connected socket goes where that socket was connected to, in this
trace or before it (`Window.peers`). An address may be known by a name only, since connect() looks names up itself: what a
lookup recorded in the same trace has said about the name is taken for it. Where nobody has said anything we say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from tracedemo.analysis.connections import ACCEPTED, CLIENT, PAIR, Connection
from tracedemo.analysis.identity import opened_by
from tracedemo.analysis.lookups import LOOKUPS
from tracedemo.analysis.study import Study
from tracedemo.api.calls import Calls
from tracedemo.errors import UsageError
from tracedemo.events import PYTHON, TRACER, Event
from tracedemo.recorders.inprocess.answers import address
from tracedemo.recorders.inprocess.window import Before
from tracedemo.syscalls import OPERATIONS, SEND

Address = IPv4Address | IPv6Address

_CONNECTS = frozenset({"connect", "connect_ex"})
_SENDS = frozenset(row.name for row in OPERATIONS if row.phase == SEND and row.could_wait == "write")
_WAKE_UP = frozenset(
    {
        "_make_self_pipe",
        "_write_to_self",
        "_read_from_self",
        "wakeup_thread_and_signal_safe",
        "wakeup_on_signals",
    }
)
"""Functions of asyncio and trio that do nothing but wake their loop."""

_ITSELF = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound
"""Addresses that mean this machine when something is sent to them."""
_LOCALHOST = frozenset({ip_address("127.0.0.1"), ip_address("::1")})


@dataclass(frozen=True, slots=True)
class Where:
    """What `Tracing.to` was asked for: one of the first three, and perhaps a port."""

    network: IPv4Network | IPv6Network | None = None
    host: str = ""
    unix: str = ""
    port: int | None = None


def going_to(study: Study, where: str, before: Before) -> Calls:
    """The connects and sends to a network, address or host.

    Args:
        before: what was connected, or about to be, when the trace began.

    Raises:
        UsageError: `where` is no such thing, or nothing was found and there are calls of which one cannot know.
    """
    wanted = parse(where)
    lookups = _lookups(study)
    found: list[Event] = []
    unknown: list[tuple[Event, str]] = []
    for event, peer in _destinations(study, before):
        answer = _agrees(wanted, peer, lookups)
        if answer:
            found.append(event)
        elif answer is None:
            unknown.append((event, peer))
    if unknown and not found:
        raise _cannot_know(where, unknown)
    return Calls(found)


def parse(where: str) -> Where:
    """A network, an address, a name, or one of these with a port.

    Raises:
        UsageError: it is none of them.
    """
    if where.startswith("unix:"):
        return Where(unix=where)
    try:
        return Where(network=ip_network(where, strict=False))
    except ValueError:
        pass
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]/]+))(?::(\d{1,5}))?", where)
    host = (match[1] or match[2] or "") if match else ""
    port = int(match[3]) if match and match[3] else None
    if not host or (port or 0) > 0xFFFF:
        raise _no_place(where)
    try:
        return Where(network=ip_network(host), port=port)
    except ValueError:
        pass
    if (match and match[1]) or not re.fullmatch(r"[\w.-]*[^\W\d][\w.-]*", host):
        raise _no_place(where)
    return Where(host=host.lower(), port=port)


def _no_place(where: str) -> UsageError:
    return UsageError(
        f"{where!r} is no place where something can be sent",
        "Write a network (10.0.0.0/8), an address, a host name, one of them with a port (127.0.0.1:80), or unix:/path.",
    )


def _cannot_know(where: str, unknown: list[tuple[Event, str]]) -> UsageError:
    event, peer = unknown[0]
    place = f" at {event.place.file}:{event.place.line}" if event.place else ""
    about = (
        f"the address behind {peer} is not in the trace"
        if peer
        else f"fd {event.fd} was connected before it, or elsewhere"
    )
    more = f" ({len(unknown) - 1} more like it)" if len(unknown) > 1 else ""
    return UsageError(
        f"one cannot tell whether {event.op}(){place} went to {where}: {about}{more}",
        "Ask for the host by its name, or begin the trace before the connection is made.",
    )


def _agrees(wanted: Where, peer: str, lookups: Mapping[str, frozenset[Address]]) -> bool | None:
    """Whether a call to that peer is wanted; None: one cannot know."""
    if wanted.unix or peer.startswith("unix:"):
        return peer == wanted.unix and bool(peer)
    if not peer:
        return None if wanted.network is not None else False
    host, _, digits = peer.rpartition(":")
    host = host.strip("[]").lower()
    if wanted.port is not None and digits != str(wanted.port):
        return False
    addresses = _addresses(host, lookups)
    if wanted.network is None:
        asked = lookups.get(wanted.host, frozenset())
        return host == wanted.host or not asked.isdisjoint(addresses)
    if not addresses:
        return None
    return any(address in wanted.network for address in addresses)


def _addresses(host: str, lookups: Mapping[str, frozenset[Address]]) -> frozenset[Address]:
    """What a host in a call's address stands for; empty: unknown."""
    literal = {made for text in (host, _ITSELF.get(host, "")) if (made := _literal(text)) is not None}
    return frozenset(literal) or lookups.get(host, frozenset())


def _literal(text: str) -> Address | None:
    try:
        made = ip_address("255.255.255.255" if text == "<broadcast>" else text)
    except ValueError:
        return None
    mapped = made.ipv4_mapped if isinstance(made, IPv6Address) else None
    return mapped or made


def _lookups(study: Study) -> dict[str, frozenset[Address]]:
    """What names stood for, as far as lookups in this trace have said."""
    found: dict[str, frozenset[Address]] = {"localhost": _LOCALHOST}
    for event in study.events:
        host = event.args.get("host")
        if event.op not in LOOKUPS or not isinstance(host, str) or event.result is None:
            continue
        answers = event.result if isinstance(event.result, (list, tuple)) else [event.result]
        texts = [text for answer in answers if isinstance(answer, str)
                 for text in (answer, answer.rpartition(":")[0].strip("[]"))]  # fmt: skip
        made = frozenset(address for text in texts if (address := _literal(text)) is not None)
        found[host.lower()] = found.get(host.lower(), frozenset()) | made
    return found


def _destinations(study: Study, before: Before) -> Iterator[tuple[Event, str]]:
    """Each connect and send, with the address of the other side; empty: unknown.

    What a library does while it is imported counts, too: it did go there. Answers on accepted sockets do not: their peers
    came to us.
    """
    sockets: dict[int | None, Connection] = {socket.number: socket for socket in study.connections}
    peers: dict[int | None, str] = {
        number: socket.peer for number, socket in sockets.items() if socket.peer is not None
    }
    connected = {fd: address(raw) for fd, raw in before.peers.items()}
    accepting = before.accepting
    answering = {number for number, socket in sockets.items() if socket.kind in (PAIR, ACCEPTED)}
    for event in study.events:
        if event.lane != PYTHON or event.mark == TRACER:
            continue
        conn, fd = event.conn, event.fd
        if conn is not None and fd in connected:
            peers.setdefault(conn, connected[fd])
        if event.op in _CONNECTS or (event.op in _SENDS and event.args.get("address")):
            yield event, str(event.args.get("address") or "")
        elif event.op in _SENDS and conn not in answering:
            if conn not in peers and accepting > 0:
                accepting -= 1
                answering.add(conn)
            else:
                yield event, peers.get(conn, "")
        for opened in opened_by(event):
            connected.pop(opened, None)
            if event.op == "dup" and conn in peers:
                connected[opened] = peers[conn]
        if event.op == "close" and fd is not None:
            connected.pop(fd, None)


# -- What a socket is


def connections_made(study: Study) -> tuple[Connection, ...]:
    """Those that this process made or began, and that nobody has refused; none of datagrams."""
    datagrams = {
        event.conn
        for event in study.events
        if event.op == "socket" and event.args.get("type") == "SOCK_DGRAM"
    }
    return tuple(
        socket
        for socket in study.connections
        if socket.kind == CLIENT
        and socket.t_connect is not None
        and (socket.t_connected is not None or not socket.errors)
        and socket.number not in datagrams
    )


def talking(study: Study) -> tuple[Connection, ...]:
    """All sockets but those by which an event loop only wakes itself."""
    wakes = {
        event.conn
        for event in study.events
        if event.site is not None and event.site.function.rpartition(".")[2] in _WAKE_UP
    }
    return tuple(socket for socket in study.connections if socket.number not in wakes)
