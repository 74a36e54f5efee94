"""The summary: a run in numbers, one metric a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from tracedemo.analysis.segments import State
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.analysis.summary import Summary
from tracedemo.render.bars import bar, shares
from tracedemo.render.glyphs import STATE_STYLE, THREAD_WORDS, Glyphs
from tracedemo.render.grid import Cell, Column, Grid, cell, note
from tracedemo.render.lines import BLANK, Line, safe
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, counts, main_state, name_of, percent, percent_words, took

_BAR = 40
_BESIDE_BAR = 52
"""Columns that the words and numbers beside a bar take."""


def table(study: Study, options: Options) -> Iterator[Line]:
    """The numbers of one run, with a bar for the time of its threads."""
    glyphs, found = options.glyphs, study.summary
    yield from note(safe(verdict(study, glyphs), glyphs), options.width, "title")
    yield BLANK
    if first := [*found.header.beyond, *([found.partial] if found.partial else [])]:
        for text in first:
            yield from note(safe(text, glyphs), options.width, "note", 2)
        yield BLANK
    if found.thread_time:
        yield from _times(found, options.picture, glyphs)
        yield BLANK
    rows = [
        (cell(f"  {label}"), cell(value, style or "strong"), cell(safe(detail, glyphs), "dim"))
        for label, value, detail, style in numbers(found, glyphs)
    ]
    columns = (Column(""), Column("", right=True), Column("", rank=1, least=12, wrap=True))
    grid = Grid(columns, rows, glyphs, options.width)
    for row in rows:
        yield from grid.row(row)
    yield from _notes(found, options)


def verdict(study: Study, glyphs: Glyphs) -> str:
    """The run in one sentence."""
    found, state = study.summary, main_state(study)
    if not found.events:
        return f"{name_of(study)}: nothing was recorded"
    text = f"{name_of(study)}: {took(found.wall, glyphs)}"
    if state is None:
        return text
    share = percent(found.share(state))
    if found.threads == 1:
        return f"{text}, and the thread was {THREAD_WORDS[state]} for {share} of it"
    return f"{text}, and {found.threads:,} threads were {THREAD_WORDS[state]} for {share} of their time"


def _times(found: Summary, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """Time per state: a line cut by shares, then a row for each state."""
    yield (("  ", ""), *shares(found.states, room - 2, glyphs))
    yield BLANK
    width = max(min(_BAR, room - _BESIDE_BAR), 6)
    rows = [_state_row(found, state, width, glyphs) for state in _states(found)]
    grid = Grid((Column(""), Column("", right=True), Column("", right=True), Column("")), rows, glyphs, None)
    for row in rows:
        yield from grid.row(row)


def _states(found: Summary) -> Iterator[State]:
    """The states of threads; the last one only where it is known of."""
    return (state for state in State if state is not State.PARKED or found.states[state])


def _state_row(found: Summary, state: State, width: int, glyphs: Glyphs) -> tuple[Cell, ...]:
    time = found.states[state]
    style = STATE_STYLE[state] if time else "dim"
    return (
        cell(f"  {THREAD_WORDS[state]}", "" if time else "dim"),
        cell(took(time, glyphs) if time else glyphs.nothing, style),
        cell(percent(found.share(state)), style),
        bar(time, found.thread_time, width, state, glyphs),
    )


def numbers(found: Summary, glyphs: Glyphs) -> Iterator[tuple[str, str, str, str]]:
    """(label, value, details, style of the value) of each number."""
    yield "calls kept" if found.partial else "calls", f"{found.calls:,}", counts(found.by_op), ""
    if found.system_calls is not None:
        yield "system calls", f"{found.system_calls:,}", counts(found.by_system_call), ""
    yield (
        '"not yet" answers',
        f"{found.not_yets:,}",
        counts(found.not_yet),
        "not-yet" if found.not_yet else "dim",
    )
    yield "wakeups", f"{found.wakeups:,}", _empty(found), "wakeup" if found.wakeups else "dim"
    yield "connections", f"{found.connections:,}", _connections(found), ""
    yield "sent", f"{found.bytes_sent:,}", "bytes", ""
    yield "received", f"{found.bytes_received:,}", "bytes", ""
    if found.cpu_user or found.cpu_system:
        whose = "with the interpreter's start" + (", and the tracer's" if found.header.engine else "")
        parts = f"{took(found.cpu_user, glyphs)} user, {took(found.cpu_system, glyphs)} system; {whose}"
        yield "CPU time", took(found.cpu_user + found.cpu_system, glyphs), parts, ""
    if found.threads > 1:
        yield "threads", f"{found.threads:,}", f"{took(found.thread_time, glyphs)} together", ""
    if found.processes > 1:
        yield "processes", f"{found.processes:,}", "", ""
    for error in found.errors:
        yield "failed", f"{error.times:,}", f"{error.op}: {error.error}", "error"


def _empty(found: Summary) -> str:
    """Of the wakeups those with nothing ready: in vain, or a look without a wait, which costs little."""
    if not found.empty_wakeups:
        return ""
    text = f"{count(found.empty_wakeups, 'wakeup')} with nothing ready"
    return f"{text}, of which {found.looks:,} only looked, without a wait" if found.looks else text


def _connections(found: Summary) -> str:
    if not found.connections:
        return ""
    parts = [f"{found.in_flight:,} in flight at most"]
    # What was not kept may hold what is not seen here.
    never = "not seen to be" if found.partial else "never"
    if found.connected < found.connections:
        parts.append(f"{found.connections - found.connected:,} {never} connected")
    if found.never_closed:
        parts.append(f"{found.never_closed:,} {never} closed")
    return ", ".join(parts)


def _notes(found: Summary, options: Options) -> Iterator[Line]:
    glyphs = options.glyphs
    texts = [(f"The server was {found.pace}.", "dim")] if found.pace else []
    texts += [(text, "dim") for text in kernel_texts(found)]
    texts += [(text, "note") for text in (ending(found), *found.notes) if text]
    if texts:
        yield BLANK
    for text, style in texts:
        yield from note(safe(text, glyphs), options.width, style, 2)


def kernel_texts(found: Summary) -> Iterator[str]:
    """Where the system calls come from, and which are not among them."""
    if not found.fit:
        return
    header = found.header
    version = f" {header.engine_version}" if header.engine_version else ""
    yield f"System calls were recorded by {header.engine}{version}. {found.fit}"
    yield (
        "Each of them stopped its thread for the tracer, with which the program shared one processor: times, and what"
        " hangs on them, are not those of a bare run."
    )
    if found.startup_calls:
        yield f"Not among them: {count(found.startup_calls, 'system call')} of the interpreter's start."


def ending(found: Summary) -> str:
    """How the program ended, if not by itself and well."""
    header = found.header
    if header.ended != "exit":
        return f"The program was ended: {header.ended}."
    return f"The program ended with exit code {header.exit_code}." if header.exit_code else ""


def plain(study: Study, options: Options) -> Iterator[str]:
    """The numbers in sentences."""
    found = study.summary
    yield f"{name_of(study)}: {duration_words(found.wall)} in all."
    yield from found.header.beyond
    if found.partial:
        yield found.partial
    for state in _states(found):
        if found.states[state]:
            time = duration_words(found.states[state])
            yield f"{capital(THREAD_WORDS[state])}: {time}, {percent_words(found.share(state))}."
    for label, value, detail, _ in numbers(found, options.glyphs):
        if not label.startswith("CPU"):
            yield f"{capital(label)}: {value}{f' ({detail})' if detail else ''}."
    if found.cpu_user or found.cpu_system:
        user, system = duration_words(found.cpu_user), duration_words(found.cpu_system)
        whose = (
            "of the interpreter's start and of the tracer"
            if found.header.engine
            else "of the interpreter's start"
        )
        yield f"CPU time, with that {whose}: {user} user, {system} system."
    if found.pace:
        yield f"The server was {found.pace}."
    yield from kernel_texts(found)
    yield from (text for text in (ending(found), *found.notes) if text)


def rows(study: Study, _options: Options) -> Iterator[dict[str, object]]:
    """The numbers as one object."""
    found = study.summary
    yield {name: value for name, value in asdict(found).items() if name != "header"}
