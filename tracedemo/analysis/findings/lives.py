"""How connections live: how a connect that was only begun is believed, how often one is made, and who closes it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence

from tracedemo.analysis.connections import ACCEPTED, CLIENT, LISTENING, OTHER, PAIR, Connection
from tracedemo.analysis.findings.facts import RECEIVES, SENDS, Facts
from tracedemo.analysis.findings.model import Finding, finding, flat, many, was
from tracedemo.analysis.text import clean, duration_words
from tracedemo.events import Event

IN_A_ROW = 3
"""So many connections to one peer, one after the other, are a habit; two may be two different jobs."""

COLLECTED = "garbage collection"


def no_so_error(facts: Facts) -> Iterator[Finding]:
    """A connect was only begun, a wakeup says that something has come of it, and the socket is used without asking what."""
    begun: dict[int | None, int] = {}
    woken: dict[int | None, int] = {}
    found: list[tuple[int, int]] = []
    for entries, returned in facts.stretches:
        for row, event in entries:
            connect = woken.get(event.conn)
            if connect is not None and (_uses(event) or _asks(event)):
                del woken[event.conn]
                if _uses(event):
                    found.append((connect, row))
            if event.op in _CONNECTS:
                begun.pop(event.conn, None)
                if event.errno == "EINPROGRESS":
                    begun[event.conn] = row
        for ready in facts.study.wakeup_of_row[returned[0]].ready if returned else ():
            if ready.conn in begun and {"WRITE", "OUT"} & set(ready.events.split("|")):
                woken[ready.conn] = begun.pop(ready.conn)
    if found:
        yield _so_error_told(facts, found)


_CONNECTS = frozenset({"connect", "connect_ex"})
_USES = RECEIVES | SENDS | {"do_handshake", "shutdown"}


def _uses(event: Event) -> bool:
    return event.op in _USES


def _asks(event: Event) -> bool:
    """Whether a call tells how a connect ended (or makes the question idle)."""
    so_error = event.op == "getsockopt" and event.args.get("option") == "SO_ERROR"
    return so_error or event.op in _CONNECTS or event.op in ("getpeername", "close", "detach")


def _so_error_told(facts: Facts, found: Sequence[tuple[int, int]]) -> Finding:
    rows = sorted(flat(found))
    failed = [use for _, use in found if facts.events[use].failed]
    what = f"{many(len(failed), 'connect')} had failed, and a send or receive was the first to say so" if failed else (
        "Nothing this time, since all of them stood; one that fails is reported by whatever call comes next, with"
        " an error that belongs to the connect"
    )  # fmt: skip
    number = len({facts.events[row].conn for row in rows})
    return finding(
        facts, "no-so-error", rows, costs=[use for _, use in found] if failed else [],
        title=f"{many(number, 'socket')} {was(number)} used after a non-blocking connect without"
        " a look at how it had ended.",
        cost=what,
        remedy="When select() says that the socket is writable, read sock.getsockopt(SOL_SOCKET, SO_ERROR): 0 means"
        " connected, any other number is the errno of the connect.",
    )  # fmt: skip


def never_closed(facts: Facts) -> Iterator[Finding]:
    """A socket that nobody closed: it is there at the end, or the garbage collector had to do it."""
    header = facts.study.trace.header
    if header.ended != "exit":
        return  # Ended from outside, it had no chance to close, and nobody knows what was collected for that reason.
    collected, left = [], []
    for socket in facts.study.connections:
        if socket.number not in facts.opened or facts.given_away(socket.number):
            continue
        if socket.closed_by == COLLECTED:
            collected.append(socket)
        # A forked process mostly ends by os._exit().
        elif socket.closed_by is None and socket.pid == header.pid:
            left.append(socket)
    if collected or left:
        yield _open_told(facts, collected, left)


def _open_told(facts: Facts, collected: Sequence[Connection], left: Sequence[Connection]) -> Finding:
    found = (*collected, *left)
    held = sum(_held(facts, socket) for socket in found)
    endings = ((len(left), "never closed"), (len(collected), "closed by the garbage collector"))
    parts = [f"{many(number, 'socket')} {was(number)} {how}" for number, how in endings if number]
    return finding(
        facts, "never-closed", (facts.opened[socket.number] for socket in found), costs=[], ns=held,
        title=f"{' and '.join(parts)} ({_kinds(found)}).",
        cost=f"{many(len(found), 'descriptor')} and what the kernel keeps for {'it' if len(found) == 1 else 'each'}"
        + _late(held, len(found)),
        remedy="Use `with socket.socket(...) as sock:` or contextlib.closing(), or close in a finally; of an asyncio stream"
        " call writer.close() and await writer.wait_closed(), of a session of a library its close().",
    )  # fmt: skip


def _late(held: int, number: int) -> str:
    """For how long it was of no use; nothing is said if the last use was the end of the run."""
    in_all = "" if number == 1 else "in all "
    late = "; the other side learns as late that this one has finished"
    return f", for {duration_words(held)} {in_all}after the last use{late}" if held else ""


def _held(facts: Facts, socket: Connection) -> int:
    """Nanoseconds for which it was open after the last call on it."""
    rows = [row for row in facts.of_conn.get(socket.number, ()) if facts.events[row].op != "close"]
    used = max((facts.end(row) for row in rows), default=socket.t_open or socket.t_first)
    return max((facts.last if socket.t_close is None else socket.t_close) - used, 0)


_WORDS = {ACCEPTED: "accepted", LISTENING: "listening", PAIR: "of a pair", OTHER: "without a peer"}


def _kinds(found: Sequence[Connection]) -> str:
    numbers: dict[str, int] = defaultdict(int)
    for socket in found:
        numbers[f"to {clean(socket.peer)}" if socket.kind == CLIENT else _WORDS[socket.kind]] += 1
    words = sorted(numbers.items(), key=lambda item: -item[1])
    if len(found) == 1:
        return words[0][0]
    told = [f"{number:,} {word}" for word, number in words[:3]]
    return ", ".join(told) + (f" and {len(words) - 3:,} other kinds" if len(words) > 3 else "")


def connection_each_request(facts: Facts) -> Iterator[Finding]:
    """Connections to one peer, one after the other, each for one request, and each closed here while the peer kept it."""
    by_peer: defaultdict[tuple[int, str], list[Connection]] = defaultdict(list)
    for socket in facts.study.connections:
        if socket.peer and socket.kind == CLIENT:
            by_peer[socket.pid, socket.peer].append(socket)
    for (_, peer), found in by_peer.items():
        chain = _one_after_the_other([socket for socket in found if _could_be_kept(facts, socket)])
        if len(chain) >= IN_A_ROW and not _overlapped(facts, chain, found):
            yield _chain_told(facts, peer, chain)


def _could_be_kept(facts: Facts, socket: Connection) -> bool:
    """One request, one answer, and the first to close was this side, as far as it knew: it never read an end."""
    if socket.requests != 1 or not socket.bytes_received or socket.errors:
        return False
    if socket.closed_by not in ("close", COLLECTED) or socket.number not in facts.opened:
        return False
    if "DGRAM" in str(facts.events[facts.opened[socket.number]].args.get("type")):
        return False
    return not any(_ends(facts.events[row]) for row in facts.of_conn[socket.number])


def _ends(event: Event) -> bool:
    """The stream came to its end: the peer had finished, or was told that nothing more would be asked."""
    if event.op == "shutdown":
        return event.args.get("how") == "SHUT_WR"
    return event.op in RECEIVES and event.bytes == 0 and not event.failed and event.args.get("size") != 0


def _one_after_the_other(found: Sequence[Connection]) -> list[Connection]:
    """As many as possible of which none begins before the last one was closed."""
    chain: list[Connection] = []
    for socket in sorted(found, key=lambda socket: socket.t_close or 0):
        if not chain or (socket.t_connect or 0) >= (chain[-1].t_close or 0):
            chain.append(socket)
    return chain


def _overlapped(facts: Facts, chain: Sequence[Connection], found: Sequence[Connection]) -> bool:
    """Whether another connection was open at the same time as one of the chain: a pool of threads makes such, and one
    connection could not have served it.
    """
    members = {socket.number for socket in chain}
    closes = [socket.t_close or 0 for socket in chain]
    for socket in found:
        begin, end = socket.t_connect or 0, facts.last if socket.t_close is None else socket.t_close
        # The first of the chain that was closed later than this one began.
        after = bisect_right(closes, begin)
        if socket.number not in members and after < len(chain) and (chain[after].t_connect or 0) < end:
            return True
    return False


def _of(facts: Facts, found: Sequence[Connection], ops: Container[str]) -> list[int]:
    """Some calls on some connections."""
    return [row for socket in found for row in facts.of_conn[socket.number] if facts.events[row].op in ops]


_MAKING = frozenset({"socket", "connect", "connect_ex", "do_handshake", "close"})


def _chain_told(facts: Facts, peer: str, chain: Sequence[Connection]) -> Finding:
    more = chain[1:]
    rows, costs = _of(facts, chain, _CONNECTS), _of(facts, more, _MAKING)
    costs += [socket.lookup_row for socket in more if socket.lookup_row is not None]
    waited = sum((socket.connect_ns or 0) + (socket.lookup_ns or 0) for socket in more)
    return finding(
        facts, "connection-per-request", rows, costs=costs, ns=waited,
        title=f"{len(chain):,} requests to {clean(peer)} came one after the other, each on a connection of its own, which"
        " was closed here although the other side had not ended it.",
        cost=f"{many(len(more), 'connection')} more than needed: {many(len(costs), 'call')} to make and to close"
        f" {'it' if len(more) == 1 else 'them'}, {duration_words(waited)} until connected",
        remedy="Keep the connection and ask again on it: one http.client.HTTPConnection, a requests.Session, an"
        " httpx.Client or an aiohttp.ClientSession for all requests. urllib.request cannot.",
    )  # fmt: skip
