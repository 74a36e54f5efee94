"""What the view of an event loop says: the same words for the table and for sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from tracedemo.analysis.furniture import SELF_PIPE
from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.analysis.short import thread_name
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean, duration_text, seconds
from tracedemo.analysis.turns import Asked, Handle, Loop, OwnerTotal, Turn
from tracedemo.analysis.turns_folding import Group
from tracedemo.events import FLOW
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.words import capital, count, listing, place, took

NO_TASK = "no task"
OWNERS = 5
"""So many owners are named in the head; with `unfold` all."""
BLOCKED = 5
"""So many turns that blocked the loop are named in the head."""


# -- Without a loop


def why_none(study: Study) -> str:
    """One sentence: there is no event loop to show, and why."""
    beyond = [note for note in study.trace.header.notes if note.startswith(("uvloop ", "gevent "))]
    if beyond:
        return f"No turn of an event loop was seen: {clean(beyond[0]).rstrip('.')}."
    selects = [event for event in study.events if event.op in READINESS and is_call(event)]
    if any(event.site is not None and event.site.function.endswith("_run_once") for event in selects):
        why = not_kept(study) or "it was recorded without them"
        return f"An event loop ran in this program, but the trace holds none of its callbacks: {why}."
    if selects:
        what = "its one select was" if len(selects) == 1 else f"its {len(selects):,} selects were"
        return f"No loop of asyncio or trio ran in this program: {what} its own. See --view wakeups."
    return "No loop of asyncio or trio ran in this program: it never asked which sockets are ready."


# -- The head


def not_kept(study: Study) -> str:
    """Which part of the flow lane was kept, a clause; empty when all was."""
    header = study.trace.header
    dropped = header.dropped.get(FLOW, 0)
    if not dropped:
        return ""
    left = header.recorded.get(FLOW, 0)
    which = f"{header.keep} one" if left == 1 else f"{header.keep} {left:,}"
    return (
        f"the {which} of {count(left + dropped, 'step')} and callbacks {'was' if left == 1 else 'were'} kept"
    )


def loss(study: Study) -> Iterator[str]:
    """That callbacks are missing, and what hangs on it, in a sentence; nothing when all were kept."""
    text = not_kept(study)
    if text:
        yield f"{capital(text)}: the numbers of callbacks and their times are of these."


def head(loop: Loop, *, unfold: bool) -> Iterator[str]:
    """The totals of a loop, in sentences."""
    rounds = loop.rounds
    slept = [turn for turn in rounds if turn.slept]
    empty = sum(turn.empty for turn in rounds)
    sleeping = f"{len(slept):,} slept, {duration_text(loop.slept)} in all" if slept else "none slept"
    began = loop.turns[0].t0
    yield (
        f"{count(len(rounds), 'turn')} in {duration_text(loop.end - began)}: {sleeping};"
        f" {empty:,} found nothing ready."
    )
    longest = loop.longest
    if longest is not None:
        number = sum(1 for _ in loop.handles)
        tail = f", the longest {duration_text(longest.time)} ({_who_and_what(longest)})" if number > 1 else ""
        yield f"{count(number, 'callback')} ran for {duration_text(loop.time)}{tail}."
        yield f"For whom: {'; '.join(_owners(loop.by_owner, unfold=unfold))}."


def _owners(totals: Sequence[OwnerTotal], *, unfold: bool) -> Iterator[str]:
    shown = totals if unfold or len(totals) <= OWNERS + 1 else totals[:OWNERS]
    for total in shown:
        yield f"{who_of(total.owner)} {count(total.callbacks, 'time')}, {duration_text(total.time)}"
    rest = totals[len(shown) :]
    if rest:
        number, time = sum(total.callbacks for total in rest), sum(total.time for total in rest)
        yield f"{len(rest):,} others {count(number, 'time')}, {duration_text(time)}"


def who_of(owner: str | None) -> str:
    """The task, or that there is none."""
    return NO_TASK if owner is None else clean(owner)


def _who_and_what(handle: Handle) -> str:
    return f"{who_of(handle.owner)}, {what_of(handle)}"


def blocked_turns(loop: Loop) -> str:
    """Which turns blocked the loop, in a sentence; empty: none."""
    turns = [turn for turn in loop.turns if turn.blocked]
    if not turns:
        return ""
    named = [f"{turn.number} ({duration_text(turn.time)})" for turn in islice(turns, BLOCKED)]
    more = [f"{len(turns) - BLOCKED:,} more"] if len(turns) > BLOCKED else []
    one = len(turns) == 1
    begin = f"{count(len(turns), 'turn')} blocked the loop for 50 ms or more"
    return f"{begin}: {'turn' if one else 'turns'} {listing([*named, *more])}."


def watchdog_cost(study: Study) -> Sequence[str]:
    """What the watchdog has cost, in sentences."""
    notes = (clean(note) for note in study.trace.header.notes if note.startswith("the watchdog "))
    return [f"{capital(note).rstrip('.')}." for note in notes]


def loop_name(loop: Loop, loops: Sequence[Loop], study: Study) -> str:
    """What to call a loop where there are several: by its place, its thread, and its process."""
    first = next(event for event in study.events if (event.pid, event.tid) == (loop.pid, loop.tid))
    thread = thread_name(first)
    if thread != "main thread" and first.owner not in (
        None,
        LOOP,
    ):  # it makes the loop before any task is there
        thread = f"thread {clean(first.owner)}"
    process = f" of process {loop.pid}" if len({one.pid for one in loops}) > 1 else ""
    return f"loop {loops.index(loop) + 1} of {len(loops)}: {thread}{process}"


# -- A turn


def turn_text(turn: Turn) -> str:
    """What the select did and found, and whether its callbacks are missing, without a stop."""
    return f"{_select_text(turn)}; its callbacks were not kept" if turn.lost else _select_text(turn)


def _select_text(turn: Turn) -> str:
    if turn.row is None:
        return "before the first select that was seen"
    if turn.failed:
        return f"the select failed: {turn.failed}"
    if turn.t1 is None:
        return "the select never returned"
    if turn.ready:
        how = "slept until" if turn.slept else "no wait:" if turn.timeout == 0 else "ready at once:"
        return f"{how} {ready_text(turn)}"
    if turn.slept:
        return f"slept until its timeout of {seconds(round(turn.timeout or 0, 6))}, nothing ready"
    due = ": callbacks are due" if turn.handles else ""
    return f"no wait, nothing ready{due}" if turn.timeout == 0 else "nothing ready"


def ready_text(turn: Turn) -> str:
    """All descriptors that were ready, those with one cause together."""
    fds: dict[tuple[str, str, bool], list[int]] = {}
    for found in turn.ready:
        fds.setdefault((found.events, found.cause, found.label == SELF_PIPE), []).append(found.fd)
    parts = []
    for (events, cause, pipe), numbers in fds.items():
        name = f"fd {', '.join(map(str, numbers))} {events}".rstrip()
        parts.append(f"{name}{', the self-pipe' if pipe else ''}: {clean(cause)}")
    return "; ".join(parts)


def registered_texts(turn: Turn) -> tuple[str, str]:
    """How many descriptors are registered: long (which), and short; empty where it is not known."""
    if turn.registered is None:
        return "", ""
    short = f"{turn.registered:,} registered"
    return (f"registered: {', '.join(turn.watched)}" if turn.watched else short), short


# -- A callback


def what_of(handle: Handle, *, short: bool = False) -> str:
    """What ran: the callback's name, or `step at main.py:12`, with the coroutine's name where the owner's does not say it.

    Args:
        short: names without their classes.
    """
    last = handle.name.rpartition(".")[2]
    if not handle.step:
        return last if short else handle.name
    of = "" if last in (handle.owner or "") else f" of {last if short else handle.name}"
    return f"step{of}{f' at {place(handle.site)}' if handle.site else ''}"


def asked_texts(handle: Handle, glyphs: Glyphs) -> Iterator[str]:
    """What a callback asked the kernel: `recv → 400 bytes`; on which descriptor, where there are several."""
    several = len({one.fd for one in handle.asked if one.fd is not None}) > 1
    for one in handle.asked:
        answer = f" {glyphs.arrow} {one.answer}" if one.answer else ""
        times = f" {glyphs.times}{one.times:,}" if one.times > 1 else ""
        yield f"{_call(one, several=several)}{answer}{times}"


def _call(one: Asked, *, several: bool) -> str:
    return f"{one.call} fd {one.fd}" if several and one.fd is not None else one.call


def blocked_text(handle: Handle, study: Study) -> str:
    """What to say of a callback that blocked the loop, without a stop."""
    begin = f"blocked the loop for {duration_text(handle.time)}"
    if not handle.returned:
        begin += ", and was not seen to return"
    stood: dict[str, int] = {}
    for sample in handle.samples:
        if sample.site is not None:
            code = " ".join(study.source(sample.site).split())
            where = f"{place(sample.site)}{f' ({clean(code)})' if code else ''}"
            stood.setdefault(where, sample.t - handle.t0)
    if not stood:
        return f"{begin}; --watchdog finds the line"
    places = (f"after {duration_text(after)} it stood at {where}" for where, after in stood.items())
    return f"{begin}; {'; '.join(places)}"


def again_text(group: Group, glyphs: Glyphs) -> str:
    """That some turns were repeated, without a stop."""
    again = group.turns[group.period :]
    slept, ran = sum(turn.slept for turn in again), sum(turn.time for turn in again)
    return (
        f"turns {again[0].number:,} to {again[-1].number:,}: the same {group.period} turns,"
        f" {count(group.times - 1, 'more time')}: {took(slept, glyphs)} asleep, {took(ran, glyphs)} in callbacks"
    )
