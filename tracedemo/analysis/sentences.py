"""One plain sentence for every event, and the short forms for the log.  All text for people is made here, once.

The clauses stand in the table (`syscalls.py`); this module chooses one by the answer, and fills its places. A place whose
value is unknown is filled with something general: a sentence is never missing because a row is incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

from tracedemo.analysis.connections import Connection, connections
from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.segments import waits
from tracedemo.analysis.short import (
    answer_text,
    bytes_moved,
    call_text,
    ends_stream,
    opened_text,
    plain,
    result_text,
    thread_name,
    who_text,
)
from tracedemo.analysis.text import byte_count, clean, duration_text, duration_words, seconds
from tracedemo.analysis.walking import ready_of
from tracedemo.events import FLOW, INJECTED, KERNEL, LATE, PYTHON, SERVER, TRACER, Event, Header, Trace
from tracedemo.syscalls import ERRNO_MEANINGS, OPERATION, STEP, Operation

__all__ = [
    "Context",
    "answer_text",
    "call_text",
    "clean",
    "context",
    "duration_text",
    "duration_words",
    "sentence",
    "who",
]


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence needs to know besides the event.  `Context()` knows nothing, and is enough."""

    header: Header = field(default_factory=Header)
    peers: Mapping[int, str] = field(default_factory=dict)
    """Address of the other side, by connection."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """`Connection.label`, by connection."""
    threads: int = 1
    """How many threads the program has: with one, nobody needs to be told which."""
    processes: int = 1
    """Likewise of its processes."""


NOTHING_KNOWN = Context()


def context(trace: Trace, sockets: Sequence[Connection] | None = None) -> Context:
    """What sentences about an identified Trace need to know.

    Args:
        sockets: what `connections(trace)` gave, if the caller has it already.
    """
    if sockets is None:
        sockets = connections(trace)
    lanes, pids, tids = (trace.column(name) for name in ("lane", "pid", "tid"))
    threads = {(pid, tid) for lane, pid, tid in zip(lanes, pids, tids, strict=True) if lane == PYTHON}
    return Context(
        header=trace.header,
        peers={socket.number: socket.peer for socket in sockets if socket.peer},
        labels={socket.number: socket.label for socket in sockets},
        threads=len(threads),
        processes=len({pid for pid, _ in threads}),
    )


def who(event: Event, context: Context = NOTHING_KNOWN) -> str:
    """Who made the call, short: the owner, `loop`, `server`, `tracedemo`, a thread where there are several, or the
    connection's label; may be empty.
    """
    return who_text(event, context.labels, context.threads)


def sentence(event: Event, context: Context = NOTHING_KNOWN) -> str:
    """What happened, in one plain sentence with a stop.  Never raises, and never holds a control character."""
    step = STEP.get((event.lane, event.op)) if event.lane != PYTHON or event.mark == TRACER else None
    text = _fill(step.says, event, context) if step else _clause(event, context)
    if step is None or event.lane != PYTHON:  # the tool's own steps say themselves who is meant
        text = f"{_subject(event, context)} {text}"
    if event.mark == INJECTED:
        text += " (put in by tracedemo)"
    elif event.mark == LATE:
        text += " (it returned when the recording was over)"
    if event.args.get("importing"):
        text += ", while a library is imported"
    text = clean(text.strip()) or "Something happens"
    if event.owner is None or event.owner == LOOP or event.lane == SERVER:
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or text.startswith("(") else f"{text}."


def _subject(event: Event, context: Context) -> str:
    if event.mark == TRACER:
        return "tracedemo"
    if event.lane == SERVER:
        return "the server"
    if event.owner == LOOP or (event.owner is None and event.lane == FLOW):
        return "the loop"
    if event.owner:
        return event.owner
    if context.threads <= 1:
        return "the program"
    name = thread_name(event)
    whose = f" of process {event.pid}" if context.processes > 1 else ""
    return f"the {name}{whose}" if name == "main thread" else f"{name}{whose}"


def _clause(event: Event, context: Context) -> str:
    """What follows the name: chosen by how the call ended."""
    row = OPERATION.get(event.op) if event.lane == PYTHON else None
    waited = waits(event, context.header)
    took = duration_words(event.duration)
    if row is None or event.t1 is None or event.failed:
        return _plain_call(event, f"after {took}" if waited and took else "")
    if event.not_yet:
        clause = row.not_yet or "calls {op}() on {fd}: {meaning} ({errno})"
        clause += " after {took}" if waited else ""
    elif ends_stream(event):
        clause = _END_AFTER_WAIT if waited else _END
    else:
        clause = _says(row, waited)
    return _fill(clause, event, context)


_END = "reads the end of the stream from {fd}: the other side has finished"
_END_AFTER_WAIT = (
    "waits {took} in {op}() for {fd}, then reads the end of the stream: the other side has finished"
)


def _says(row: Operation, waited: bool) -> str:
    if not waited:
        return row.says
    return row.waited or f"{row.says}, after {{took}}"


def _plain_call(event: Event, after: str) -> str:
    """The general form: for a call that failed, never returned, or is not in the table."""
    on = f" on fd {event.fd}" if event.fd is not None and event.op not in ("socket", "socketpair") else ""
    if event.lane == KERNEL:
        called = f"makes the system call {event.op}{on}"
    elif event.lane == PYTHON:
        called = f"calls {call_text(event)}{on}"
    else:
        return f"{event.op}{on}"
    if event.t1 is None:
        return f"{called}, which had not returned when the trace ended"
    if not event.failed:
        return f"{called}: {answer_text(event)}"
    error = event.errno or event.exc or "an error"
    meaning = ERRNO_MEANINGS.get(error)
    raised = f" ({event.exc})" if event.exc and event.exc != error else ""
    return f"{called}, which fails{after and ' ' + after}: {error}{', ' + meaning if meaning else ''}{raised}"


_PLACE = re.compile(r"\{(\w+)(?:\[(\w+)\])?\}")

_UNKNOWN = {
    "address": "an address", "backlog": "not recorded", "events": "something", "generator": "a generator", "host": "a name",
    "how": "one direction", "mode": "another mode", "name": "a name", "new_fd": "?", "option": "an option",
    "piece": "of the answer", "selector": "a selector", "value": "something", "detail": "no more is known",
}  # fmt: skip
"""What to say of an argument that was not recorded."""


def _fill(template: str, event: Event, context: Context) -> str:
    return "".join([
        before + (fill(event, context) if fill else "") for before, fill in _parts(template)
    ])  # fmt: skip


@cache
def _parts(template: str) -> Sequence[tuple[str, Callable[[Event, Context], str] | None]]:
    """A clause, taken apart: texts, and what fills the place behind each of them."""
    parts = []
    end = 0
    for match in _PLACE.finditer(template):
        place, argument = match.groups()
        fill = _PLACES.get(place) if argument is None else partial(_argument, argument)
        if fill is not None:
            parts.append((template[end : match.start()], fill))
            end = match.end()
    return (*parts, (template[end:], None))


def _argument(name: str, event: Event, _context: Context) -> str:
    found = event.args.get(name)
    return _UNKNOWN.get(name, "something") if found is None else plain(found)


def _fd(event: Event, _context: Context) -> str:
    what = event.args.get("what")
    if what:
        named = (
            f"the {plain(what)}" if str(what).lower().endswith("selector") else f"the {plain(what)} object"
        )
        return named if event.fd is None else f"{named}, fd {event.fd}"
    return "a socket" if event.fd is None else f"fd {event.fd}"


def _peer(event: Event, context: Context) -> str:
    """Gives " to 127.0.0.1:8000" or nothing; for the server " to fetch_data #1", where that is known."""
    if event.lane == SERVER:
        known = _client(event, context)
    else:
        known = event.args.get("address") or context.peers.get(event.conn or 0)
    return f" to {plain(known)}" if known else ""


def _from_peer(event: Event, context: Context) -> str:
    known = _client(event, context) if event.lane == SERVER else event.args.get("peer")
    return f" from {plain(known)}" if known else ""


def _client(event: Event, context: Context) -> str | None:
    """The server's client: by its label, with its address where the label is no more than a number."""
    label = context.labels.get(event.conn or 0)
    peer = event.args.get("peer")
    if label and peer and label == f"conn {event.conn}":
        return f"{label} ({peer})"
    return label or peer


def _ready(event: Event, _context: Context) -> str:
    ready = ready_of(event)
    items = ", ".join(f"fd {fd} ({plain(events)})" if events else f"fd {fd}" for fd, events in ready)
    return f"{len(ready)} ready: {items}" if ready else "none is ready"


def _watched(event: Event, _context: Context) -> str:
    count = event.args.get("watched")
    if type(count) is not int:
        return "its sockets"
    return "1 socket" if count == 1 else f"{count} sockets"


def _timeout(event: Event, _context: Context) -> str:
    if "timeout" not in event.args:
        return "another timeout"
    value = event.args["timeout"]
    if value is None:
        return "no timeout: they may wait for ever"
    return "no time to wait: they answer at once" if value == 0 else f"a timeout of {seconds(value)}"


def _by(event: Event, _context: Context) -> str:
    by = event.args.get("by")
    return f", by {plain(by)}: nobody had closed it" if by else ""


def _what_runs(event: Event, _context: Context) -> str:
    """What an event loop runs: the step of a task, or a callback, perhaps about a descriptor."""
    step = event.args.get("step")
    if step is not None:
        return f"a step of {plain(step)}"
    about = "" if event.fd is None else f" for fd {event.fd}"
    return f"{plain(event.args.get('callback', 'a callback'))}(){about}"


_PLACES: Mapping[str, Callable[[Event, Context], str]] = {
    "fd": _fd,
    "peer": _peer,
    "from_peer": _from_peer,
    "bytes": lambda event, _: byte_count(bytes_moved(event)),
    "size": lambda event, _: byte_count(size if type(size := event.args.get("size")) is int else None),
    "result": lambda event, _: plain(result_text(event)),
    "opened": lambda event, _: opened_text(event),
    "took": lambda event, _: duration_words(event.duration) or "an unknown time",
    "op": lambda event, _: event.op,
    "errno": lambda event, _: event.errno or "an error",
    "meaning": lambda event, _: ERRNO_MEANINGS.get(event.errno or "", "not yet"),
    "ready": _ready,
    "watched": _watched,
    "timeout": _timeout,
    "by": _by,
    "what_runs": _what_runs,
}
"""The places of a clause (`syscalls.py`), and how each is filled."""
