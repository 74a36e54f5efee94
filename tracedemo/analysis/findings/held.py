"""What holds an event loop: calls that wait, lookups of names, and turns that take long."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence

from tracedemo.analysis.findings.facts import BLOCKED, CALLBACK, SENDS, Facts
from tracedemo.analysis.findings.model import Finding, finding, many, names, ops, times, was
from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.text import clean, duration_words
from tracedemo.events import Event
from tracedemo.syscalls import OPERATION

HELD_NS = 50_000_000
"""A turn that holds the loop longer is pointed out. Half of what asyncio's own debug mode calls slow (0.1 s), and what the
watchdog waits for: a server that is away for 50 ms has made everybody wait longer than most answers take."""

_FORWARD = frozenset({"getaddrinfo", "gethostbyname", "connect", "connect_ex"})
"""Given a numeric address, these look nothing up; the others turn an address into a name, which is a lookup always."""

_NUMERIC = re.compile(r"[0-9.]*|.*:.*|<broadcast>")
"""`127.0.0.1`, `::1`, and nothing at all, which means this machine."""


def blocking_call(facts: Facts) -> Iterator[Finding]:
    """A call that waits, or would have waited if nothing had been there, in a callback of a loop."""
    rows = [row for row, event in facts.calls if row in facts.inside and _blocks(facts, event)]
    if not rows:
        return
    waited = [row for row in rows if facts.waited(facts.events[row])]
    held = duration_words(facts.time(waited))
    calls = f"{many(len(rows), 'call')} inside the event loop"
    if not waited:
        title = f"{calls} would wait if nothing were there yet ({ops(facts, rows)}): the socket is a blocking one."
        cost = f"{many(len(rows), 'call')}, none of which had to wait this time"
    elif len(waited) < len(rows):
        title = f"{calls} can wait ({ops(facts, rows)}); {len(waited):,} of them did, and held it for {held}."
        cost = f"{many(len(waited), 'call')}, {held} in which no other task could run"
    else:
        title = f"{calls} waited ({ops(facts, rows)}), and held it for {held}."
        cost = f"{many(len(waited), 'call')}, {held} in which no other task could run"
    yield finding(
        facts, "blocking-call", rows, title=title, cost=cost, ns=facts.time(waited),
        remedy="Await it instead: streams or loop.sock_recv() and its like of asyncio, on a non-blocking socket, or trio's"
        " sockets. What cannot be changed goes to a thread: await asyncio.to_thread(...), trio.to_thread.run_sync(...).",
    )  # fmt: skip


def _blocks(facts: Facts, event: Event) -> bool:
    """A send counts only if it did wait: the kernel takes most of them at once, as those of loggers, while receiving,
    accepting and connecting wait for somebody else by their nature.
    """
    row = OPERATION.get(event.op)
    if row is None or row.could_wait in ("", "lookup") or event.args.get("could_wait") is not True:
        return False
    return event.op not in SENDS or facts.waited(event)


def lookup_in_loop(facts: Facts) -> Iterator[Finding]:
    """A name that is looked up in a callback of a loop: in the library's own code, which knows no "not yet"."""
    lookups = [(row, event) for row, event in facts.calls if _looked_up(event) is not None]
    helpers = {(_looked_up(event), event.pid) for row, event in lookups if row not in facts.inside}
    rows = [row for row, event in lookups if row in facts.inside and not _tried(event, helpers)]
    if not rows:
        return
    told = {f"'{clean(_looked_up(facts.events[row]))}'": None for row in rows}
    often = "" if len(rows) == len(told) else f" {times(len(rows))}"
    took = duration_words(facts.time(rows))
    yield finding(
        facts, "lookup-in-loop", rows,
        title=f"{names(told)} {was(len(told))} looked up{often} in the event loop's thread, which stood still"
        f" for {took}.",
        cost=f"{many(len(rows), 'lookup')}, {took} in which no other task could run; if a name server does not answer,"
        " such a lookup takes many seconds",
        remedy="Await loop.getaddrinfo(), which asks in a helper thread, or leave the lookup to asyncio.open_connection();"
        " with trio, trio.socket.getaddrinfo(). Then connect to the address that came back.",
    )  # fmt: skip


def _tried(event: Event, helpers: Container[tuple[str | None, int]]) -> bool:
    """Whether somebody only asked if the name is an address in numbers, was told that it is not, and had a helper thread
    look it up: trio does so.
    """
    return event.failed and (_looked_up(event), event.pid) in helpers


def _looked_up(event: Event) -> str | None:
    """The name that a call looks up; None: it is no lookup, or one that needs nobody's answer."""
    args = event.args
    if event.op in ("connect", "connect_ex"):
        address = str(args.get("address", ""))
        host, colon, _ = address.rpartition(":")
        if not colon or address.startswith("unix:"):
            return None
    elif event.op in OPERATION and OPERATION[event.op].could_wait == "lookup":
        host = str(args.get("host") or "")
        answer = event.result[0] if isinstance(event.result, (list, tuple)) and event.result else event.result
        if event.op == "getnameinfo" and (not host or _NUMERIC.fullmatch(str(answer))):
            return None  # it was asked for numbers
    else:
        return None
    numeric = event.op in _FORWARD and _NUMERIC.fullmatch(host)
    return None if numeric else host


def long_turn(facts: Facts) -> Iterator[Finding]:
    """A callback that ran long, or in which the watchdog found the loop's thread."""
    seen = _samples(facts)
    turns = [row for row in facts.steps[CALLBACK] if facts.took(row) > HELD_NS or row in seen]
    # The callback itself is not here; of several samples of one the last tells the most.
    lost = list(
        {_begin(facts.events[row]): row for row in sorted(seen.get(None, ()), key=facts.end)}.values()
    )
    if not turns and not lost:
        return
    lengths = {row: facts.took(row) for row in (*turns, *lost)}
    longest, whole = max(lengths, key=lengths.__getitem__), sum(lengths.values())
    where, samples = _where(facts, seen), [row for rows in seen.values() for row in rows]
    inside = _inside(facts, lengths)
    which = "it was" if len(lengths) == 1 else "the longest was"
    yield finding(
        facts, "long-turn", (*turns, *samples),
        title=f"{many(len(lengths), 'turn')} held the event loop for longer than {duration_words(HELD_NS)};"
        f" {which} {_name(facts.events[longest])}, for {duration_words(lengths[longest])}{where}.",
        cost=f"{duration_words(whole)} in which no other task ran and nobody asked which sockets were ready;"
        f" {_share(facts, inside, whole)}",
        costs=inside, ns=whole,
        remedy="Give long work to a thread or a process (asyncio.to_thread(), an executor), or cut it into pieces with an"
        " await between them." + ("" if samples else " Run it with --watchdog to see the line."),
    )  # fmt: skip


def _samples(facts: Facts) -> dict[int | None, list[int]]:
    """What the watchdog saw, by the callback in which it saw it."""
    found: dict[int | None, list[int]] = {}
    for row in facts.steps[BLOCKED]:
        event = facts.events[row]
        inside = (
            above for above in facts.steps[CALLBACK]
            if (turn := facts.events[above]).pid == event.pid and turn.tid == event.tid
            and turn.t0 <= event.t0 <= facts.end(above)
        )  # fmt: skip
        found.setdefault(next(inside, None), []).append(row)
    return found


def _begin(event: Event) -> tuple[int, int, int]:
    """What tells one turn from another: a thread, and an instant."""
    return event.pid, event.tid, event.t0


def _inside(facts: Facts, turns: Iterable[int]) -> list[int]:
    """The calls that began in some turns, on their threads; a turn may lie in another one."""
    begins: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    ends: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for row in sorted(turns):
        thread = facts.events[row].pid, facts.events[row].tid
        begins[thread].append(facts.events[row].t0)
        ends[thread].append(max([facts.end(row), *ends[thread][-1:]]))
    found = []
    for row, event in facts.calls:
        begun = bisect_right(begins.get((event.pid, event.tid), ()), event.t0)
        if begun and event.t0 <= ends[event.pid, event.tid][begun - 1]:
            found.append(row)
    return found


def _name(event: Event) -> str:
    """What ran: a step of a task, or a callback."""
    step = event.args.get("step")
    name = clean(step if step is not None else event.args.get("callback", "a callback"))
    if step is None:
        return name
    task = "" if event.owner in (None, LOOP) else f" in {clean(event.owner)}"
    return f"a step of {name}(){task}"


def _where(facts: Facts, seen: dict[int | None, list[int]]) -> str:
    sites = [site for rows in seen.values() for row in rows if (site := facts.events[row].place)]
    if not sites:
        return ""
    file = re.split(r"[\\/]", sites[0].file)[-1]
    more = "" if len(set(sites)) == 1 else f" and {many(len(set(sites)) - 1, 'other place')}"
    return f"; the watchdog saw it at line {sites[0].line} of {clean(file)}{more}"


def _share(facts: Facts, inside: Sequence[int], whole: int) -> str:
    """How much of the time its calls took."""
    if not inside:
        code = "it was spent in code that makes no call of Python's socket interface"
        return code if facts.complete else "no call of Python's socket interface was recorded in it"
    calls, most = facts.time(inside), ops(facts, sorted(inside, key=facts.took, reverse=True))
    if calls >= whole:
        return f"all of it lay in {most}"
    return f"{duration_words(calls)} of it lay in {most}, the rest in other code"
