"""Measures and rules of this lesson alone.  No table holds the names of asyncio's functions: the call sites say them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tracedemo.analysis.connections import CLIENT
from tracedemo.analysis.study import Study
from tracedemo.analysis.walking import Row
from tracedemo.events import Event, Site
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import At, Measure, Measured, calls, counted, event_at, returns
from tracedemo.workshop.rules import Broken, by_name, rule

ASYNCIO, POST, SAME = "asyncio", "the post's loop", "the same"
WATCH = frozenset({"register", "unregister", "modify"})


def _more(loop: Sequence[At], asyncio: Sequence[At]) -> Measured:
    """Who has more of these calls: the post's loop, which ran first, or asyncio's streams, which ran last."""
    more = SAME if len(loop) == len(asyncio) else ASYNCIO if len(asyncio) > len(loop) else POST
    return Measured(more, [*loop, *asyncio])


def who_selects(studies: Sequence[Study]) -> Measured:
    """Who returned from select more often."""
    return _more(returns(studies, 0), returns(studies, -1))


def who_registers(studies: Sequence[Study]) -> Measured:
    """Who told its selector more often what to watch."""
    first, last = (calls(studies, lambda event: event.op in WATCH, run) for run in (0, -1))
    return _more(first, last)


def more_threads(studies: Sequence[Study]) -> Measured:
    """Threads that made calls in the last run, besides the one in which the loop ran: the first call of each."""
    every = calls(studies, lambda _: True)
    loops = {event_at(studies, at).tid for at in every if event_at(studies, at).op == "selector"}
    first: dict[int, At] = {}
    for at in every:
        first.setdefault(event_at(studies, at).tid, at)
    return counted(at for tid, at in first.items() if tid not in loops)


MEASURES: Mapping[str, Measure] = {
    "who_selects": who_selects,
    "who_registers": who_registers,
    "more_threads": more_threads,
}


class Asked(NamedTuple):
    """A call whose maker is asked for."""

    said: str
    is_it: Callable[[Event, bool], bool]
    """Given the call, and whether it is on a socket that connected somewhere."""


ASKED: Mapping[str, Asked] = {
    "socketpair": Asked("socketpair()", lambda event, _: event.op == "socketpair"),
    "register": Asked(
        "register() of one of the pair", lambda event, client: event.op == "register" and not client
    ),
    "connect": Asked("connect()", lambda event, _: event.op == "connect"),
    "SO_ERROR": Asked("getsockopt(SO_ERROR)", lambda event, _: event.args.get("option") == "SO_ERROR"),
    "TCP_NODELAY": Asked(
        "setsockopt(TCP_NODELAY)", lambda event, _: event.args.get("option") == "TCP_NODELAY"
    ),
    "recv": Asked("recv() of the answer", lambda event, client: event.op == "recv" and client),
}
"""By the words of the exercise."""


def calls_of(case: Case, key: str) -> Sequence[Row]:
    """The calls that a word of the exercise means."""
    clients = {socket.number for socket in case.study.connections if socket.kind == CLIENT}
    return [(row, event) for row, event in case.calls if ASKED[key].is_it(event, event.conn in clients)]


def bare(name: str) -> str:
    """A function's name without class and brackets: "Loop._sock_connect()" is "_sock_connect"."""
    return name.strip().removesuffix("()").rpartition(".")[2]


def named(site: Site | None) -> str:
    """The same of a recorded place; empty: there is none."""
    return bare(site.function) if site else ""


def answers(case: Case) -> Mapping[str, object]:
    """What the learner says: the last line that is a JSON object."""
    for line in reversed(case.output.splitlines()):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            return said
    return {}


def told(case: Case) -> Iterator[tuple[str, str, Sequence[Row]]]:
    """Each word of the exercise about which something is said, with that, and the calls that it means."""
    said = answers(case)
    for key in ASKED:
        if isinstance(name := said.get(key), str) and name.strip():
            yield key, name, calls_of(case, key)


@rule("asyncio/all-six", "Let asyncio make the socket and connect it; nothing has to be done for that.")
def all_six(case: Case) -> Iterator[Broken]:
    """All the calls that are asked for are made in this run."""
    for key, asked in ASKED.items():
        if not calls_of(case, key):
            yield Broken(f"there is no {asked.said} in this run")


@rule("who/told", "Write a name behind each of the six.")
def all_told(case: Case) -> Iterator[Broken]:
    """Something is said about each of them."""
    given = {key for key, _, _ in told(case)}
    for key in ASKED:
        if key not in given:
            first = next((row for row, _ in calls_of(case, key)), None)
            yield Broken(f'nobody is named for "{key}"', first)


@rule(
    "who/function",
    "The place of a call is a file, a line and a function: the last of the three is asked for.",
)
def function(case: Case) -> Iterator[Broken]:
    """What is named is a function: no file, no line, no sentence."""
    for key, name, rows in told(case):
        if name.endswith(".py") or not bare(name).isidentifier():
            yield Broken(f'"{key}": {name[:60]!r} is no name of a function', rows[0][0] if rows else None)


@rule("who/inside", "Look at the call's own place (`site`), not at the line of yours that waits for it.")
def inside(case: Case) -> Iterator[Broken]:
    """What is named is not a function of the learner's, which only waits for what asyncio does."""
    for key, name, rows in told(case):
        for row, event in rows:
            yours = event.user_site is not None and named(event.user_site) == bare(name)
            if yours and event.user_site != event.site:
                yield Broken(f'"{key}": {bare(name)}() is yours; it waits, and asyncio makes the call', row)


@rule("who/made-it", "Show that call by `--view log --format jsonl`: `site` ends with who made it.")
def made_it(case: Case) -> Iterator[Broken]:
    """The function that is named made that call, in this run."""
    for key, name, rows in told(case):
        if bare(name) not in {named(event.site) for _, event in rows}:
            row = rows[0][0] if rows else None
            yield Broken(f"{bare(name)}() did not make the {ASKED[key].said}; {_made(case, bare(name))}", row)


def _made(case: Case, name: str) -> str:
    made = {f"{event.op}()" for _, event in case.calls if named(event.site) == name}
    return f"it made {', '.join(sorted(made))} in this run" if made else "it made no call in this run"


RULES = by_name(all_six, all_told, function, inside, made_it)
