"""The comparison: several runs side by side, in numbers, phase by phase, and on one clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tracedemo.analysis.comparison import BYTES, NS, PERCENT, Comparison, Metric, compare
from tracedemo.analysis.segments import State
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.analysis.summary import Summary
from tracedemo.render import phases, timeline
from tracedemo.render.bars import shares
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import Cell, cell, note, width_of_cell
from tracedemo.render.lines import BLANK, Line, Piece, safe, shorten, width_of
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, percent, percent_words, took

_PLAIN_STATES = frozenset({State.RUNNING, State.CALL})
"""States that are nothing to look at in a table of numbers."""
_NARROWEST, _WIDEST = 9, 26
"""Columns for the numbers of one run."""
_BOLD = frozenset({"wall", "in_flight"})
"""Metrics that say it all."""


def table(studies: Sequence[Study], options: Options) -> Iterator[Line]:
    """Numbers, phases and timelines of several runs."""
    if not studies:
        yield (("Nothing to compare.", "dim"),)
        return
    glyphs = options.glyphs
    found = compared(studies)
    yield from note(safe(f"{_subject(found)}: the numbers", glyphs), options.width, "title")
    yield BLANK
    yield from _numbers(found, options)
    yield BLANK
    yield from phases.compared(found, options)
    yield BLANK
    yield (("On one clock", "title"),)
    yield BLANK
    yield from timeline.drawn(studies, found.names, options)
    texts = [*paces(found.summaries), *found.notes]
    if texts:
        yield BLANK
    for text in texts:
        yield from note(safe(text, glyphs), options.width)


def compared(studies: Sequence[Study]) -> Comparison:
    """The comparison, with the runs called as their studies are: a name that comes twice gets a number."""
    names: list[str] = []
    for study in studies:
        number = sum(other.name == study.name for other in studies[: len(names)]) + 1
        names.append(study.name if number == 1 else f"{study.name} ({number})")
    found = compare(
        [study.trace for study in studies],
        [study.connections for study in studies],
        [study.states for study in studies],
    )
    return replace(found, names=tuple(names))


def _subject(found: Comparison) -> str:
    requests = {summary.header.requests for summary in found.summaries}
    each = (
        f"{count(next(iter(requests)) or 0, 'request')}, "
        if len(requests) == 1 and None not in requests
        else ""
    )
    return f"{each}{count(len(found.names), 'way')}"


def paces(summaries: Sequence[Summary]) -> Iterator[str]:
    """How the server was paced, if that was the same for all; else a note says so."""
    paces = {summary.pace for summary in summaries}
    if len(paces) == 1 and (pace := paces.pop()):
        yield f"The server was {pace}."


# The numbers


def _numbers(found: Comparison, options: Options) -> Iterator[Line]:
    """Metrics as rows, runs as columns; as many runs beside each other as there is room for, then the next ones."""
    glyphs, room = options.glyphs, options.picture
    label = max(width_of(metric.label) for metric in found.metrics)
    longest = max(width_of(safe(name, glyphs)) for name in found.names)
    share = (room - label) // len(found.names) - 2
    each = min(share, _WIDEST) if share >= _NARROWEST else max(min(longest, _WIDEST), _NARROWEST)
    many = max((room - label) // (each + 2), 1)
    for start in range(0, len(found.names), many):
        if start:
            yield BLANK
        places = range(start, min(start + many, len(found.names)))
        yield from _block(found, places, label, each, glyphs)


def _block(found: Comparison, places: Sequence[int], label: int, each: int, glyphs: Glyphs) -> Iterator[Line]:
    names = [shorten(safe(found.names[place], glyphs), each, glyphs) for place in places]
    yield _line("", [cell(name, "strong") for name in names], label, each)
    yield ((glyphs.rule * (label + (each + 2) * len(places)), "dim"),)
    for metric in found.metrics:
        yield _line(metric.label, [_value(metric, place, glyphs) for place in places], label, each)
        if metric.name == "wall":
            bars = [shares(found.summaries[place].states, each, glyphs) for place in places]
            yield _line("thread's time, by state", bars, label, each)


def _line(words: str, cells: Sequence[Cell], label: int, each: int) -> Line:
    line: list[Piece] = [(words, "")]
    spaces = label - width_of(words)
    for pieces in cells:
        line += [(" " * (spaces + 2 + each - width_of_cell(pieces)), ""), *pieces]
        spaces = 0
    return line


def _value(metric: Metric, place: int, glyphs: Glyphs) -> Cell:
    value = metric.values[place]
    if value is None:
        return ((glyphs.nothing, "dim"),)
    text = value_text(metric, value, glyphs)
    if not value:
        return ((text, "dim"),)
    if metric.state is not None and metric.state not in _PLAIN_STATES:
        return ((text, STATE_STYLE[metric.state]),)
    return ((text, "strong" if metric.name in _BOLD else ""),)


def value_text(metric: Metric, value: float, glyphs: Glyphs) -> str:
    """A value in its unit."""
    match metric.unit:
        case unit if unit == NS:
            return took(int(value), glyphs)
        case unit if unit == PERCENT:
            return percent(value)
        case unit if unit == BYTES:
            return f"{int(value):,} B"
        case _:
            return f"{int(value):,}"


# Other forms


def plain(studies: Sequence[Study], options: Options) -> Iterator[str]:
    """The numbers and the phases in sentences, each for all runs."""
    if not studies:
        yield "Nothing to compare."
        return
    found = compared(studies)
    glyphs = options.glyphs
    for metric in found.metrics:
        values = (
            f"{name} {_spoken(metric, value, glyphs)}"
            for name, value in zip(found.names, metric.values, strict=True)
        )
        yield safe(f"{capital(metric.label)}: {', '.join(values)}.", glyphs)
    for name, place in zip(found.names, range(len(found.names)), strict=True):
        for row in found.phases:
            total = row.cells[place]
            if total is not None:
                yield safe(f"{name}: {phases.phase_sentence(total)}.", glyphs)
    yield from (safe(text, glyphs) for text in (*paces(found.summaries), *found.notes))


def _spoken(metric: Metric, value: float | None, glyphs: Glyphs) -> str:
    if value is None:
        return "unknown"
    if metric.unit == NS:
        return duration_words(int(value))
    return percent_words(value) if metric.unit == PERCENT else value_text(metric, value, glyphs)


def rows(studies: Sequence[Study], _options: Options) -> Iterator[dict[str, object]]:
    """An object for each number and for each phase of each run."""
    if not studies:
        return
    found = compared(studies)
    for metric in found.metrics:
        values = dict(zip(found.names, metric.values, strict=True))
        yield {"metric": metric.name, "unit": metric.unit, "values": values}
    for row in found.phases:
        for name, total in zip(found.names, row.cells, strict=True):
            if total is not None:
                yield {"run": name, **phases.phase_object(total)}
