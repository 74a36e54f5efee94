"""The phases: what the calls were for, and what that cost; one run, or several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.comparison import Comparison
from tracedemo.analysis.phases import PhaseTotal
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.render.bars import bar
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.grid import Cell, Column, Grid, cell, width_of_cell
from tracedemo.render.lines import BLANK, Line, Piece, safe, shorten, width_of
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, name_of, took
from tracedemo.syscalls import PHASES

PHASE_WORDS = dict.fromkeys(PHASES, "") | {
    "lookup": "name lookup",
    "create": "create",
    "connect": "connect",
    "send": "send",
    "wait": "wait",
    "receive": "receive",
    "watch": "watch sockets",
    "close": "close",
    "other": "other calls",
}

SIDE_BY_SIDE = 100
"""From so many columns on, runs stand side by side ..."""
_CELL = 24
"""... as long as each gets at least so many."""
_LABEL = max(map(len, PHASE_WORDS.values()))
_TIME = 8
"""Columns of a duration: `12.3 ms` with a space to spare."""


def table(study: Study, options: Options) -> Iterator[Line]:
    """Time, calls and "not yet" answers of each phase of one run."""
    glyphs = options.glyphs
    yield ((safe(f"{name_of(study)}: phase by phase", glyphs), "title"),)
    yield BLANK
    totals = [total for total in study.phases.totals.values() if total.calls]
    if not totals:
        yield (("No calls.", "dim"),)
        return
    width = max(min(options.picture - 60, 60), 8)
    whole = max(total.time for total in totals)
    rows = [_row(total, whole, width, glyphs) for total in totals]
    columns = (
        Column("phase"),
        Column("time", right=True),
        Column(""),
        Column("calls", right=True),
        Column("not yet"),
    )
    yield from Grid(columns, rows, glyphs, options.width).lines()


def _row(total: PhaseTotal, whole: int, width: int, glyphs: Glyphs) -> tuple[Cell, ...]:
    return (
        cell(PHASE_WORDS.get(total.phase, total.phase), "strong"),
        cell(took(total.time, glyphs)),
        bar(total.time, whole, width, total.state, glyphs),
        cell(f"{total.calls:,}", "dim"),
        _not_yet(total, glyphs),
    )


def _not_yet(total: PhaseTotal, glyphs: Glyphs) -> Cell:
    return cell(f"{glyphs.not_yet} {total.not_yet:,}", "not-yet") if total.not_yet else ()


# Several runs


def compared(found: Comparison, options: Options) -> Iterator[Line]:
    """The phases of several runs: side by side where the screen is wide enough, else a block a phase."""
    room, glyphs = options.picture, options.glyphs
    yield (("The same work, phase by phase", "title"),)
    yield BLANK
    if not found.phases:
        yield (("No calls.", "dim"),)
        return
    each = (room - _LABEL - 2) // len(found.names) - 2
    if room >= SIDE_BY_SIDE and each >= _CELL:
        yield from _side_by_side(found, min(each, 46), glyphs)
    else:
        yield from _by_block(found, room, glyphs)


def _whole(found: Comparison) -> int:
    """The longest time of any phase in any run: what the longest bar stands for."""
    return max((total.time for row in found.phases for total in row.cells if total), default=0)


def _digits(found: Comparison) -> int:
    """Columns that the biggest number of calls takes."""
    return max((len(f"{total.calls:,}") for row in found.phases for total in row.cells if total), default=1)


def _side_by_side(found: Comparison, each: int, glyphs: Glyphs) -> Iterator[Line]:
    """Two lines a cell: time and bar; calls and "not yet" answers."""
    names = (shorten(safe(name, glyphs), each, glyphs) for name in found.names)
    yield _joined("phase", [cell(name, "strong") for name in names], each)
    yield ((glyphs.rule * (_LABEL + (each + 2) * len(found.names)), "dim"),)
    whole, digits = _whole(found), _digits(found)
    for row in found.phases:
        label = PHASE_WORDS.get(row.phase, row.phase)
        yield _joined(label, [_time(total, whole, each - _TIME - 1, glyphs) for total in row.cells], each)
        yield _joined("", [_calls(total, each, max(digits, 4), glyphs) for total in row.cells], each)


def _joined(label: str, cells: Sequence[Cell], each: int) -> Line:
    line: list[Piece] = [(label, "strong")]
    spaces = _LABEL + 2 - len(label)
    for pieces in cells:
        if pieces:
            line += [(" " * spaces, ""), *pieces]
            spaces = 0
        spaces += each + 2 - width_of_cell(pieces)
    return line


def _time(total: PhaseTotal | None, whole: int, width: int, glyphs: Glyphs) -> Cell:
    if total is None:
        return ((f"{glyphs.nothing:>{_TIME}}", "dim"),)
    return (
        (f"{took(total.time, glyphs):>{_TIME}} ", ""),
        *bar(total.time, whole, width, total.state, glyphs),
    )


def _calls(total: PhaseTotal | None, each: int, digits: int, glyphs: Glyphs) -> Cell:
    if total is None:
        return ()
    text = f"{total.calls:>{digits},} {'call ' if total.calls == 1 else 'calls'}"
    if not total.not_yet:
        return ((text.rstrip(), "dim"),)
    mark = f"  {glyphs.not_yet} {total.not_yet:,}"
    words = " not yet" if len(text) + len(mark) + 8 <= each else ""
    return (text, "dim"), (mark + words, "not-yet")


def _by_block(found: Comparison, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """A block for each phase, a line for each run in it."""
    label = min(max(width_of(safe(name, glyphs)) for name in found.names), 16)
    names = [shorten(safe(name, glyphs), label, glyphs) for name in found.names]
    calls = {
        id(total): _calls(total, room, _digits(found), glyphs) for row in found.phases for total in row.cells
    }
    beside = max(map(width_of_cell, calls.values()), default=0)
    width = max(room - label - _TIME - 6 - beside, 6)
    whole = _whole(found)
    for place, row in enumerate(found.phases):
        if place:
            yield BLANK
        yield ((PHASE_WORDS.get(row.phase, row.phase), "strong"),)
        for name, total in zip(names, row.cells, strict=True):
            time = _time(total, whole, width, glyphs)
            after = calls[id(total)]
            gap = " " * (_TIME + 2 + width - width_of_cell(time)) if after else ""
            yield ((f"  {name}{' ' * (label - width_of(name) + 1)}", ""), *time, (gap, ""), *after)


# Other forms


def plain(study: Study, _options: Options) -> Iterator[str]:
    """The phases in sentences."""
    if not any(total.calls for total in study.phases.totals.values()):
        yield "No calls."
    for total in study.phases.totals.values():
        if total.calls:
            yield f"{phase_sentence(total)}."


def phase_sentence(total: PhaseTotal) -> str:
    """A phase in words, without a stop."""
    label = capital(PHASE_WORDS.get(total.phase, total.phase))
    answers = f', {count(total.not_yet, "answer")} "not yet"' if total.not_yet else ""
    return f"{label}: {duration_words(total.time)} in {count(total.calls, 'call')}{answers}"


def rows(study: Study, _options: Options) -> Iterator[dict[str, object]]:
    """One object a phase."""
    for total in study.phases.totals.values():
        yield phase_object(total)


def phase_object(total: PhaseTotal) -> dict[str, object]:
    """A phase as data."""
    return {"phase": total.phase, "time": total.time, "calls": total.calls, "not_yet": total.not_yet,
            "by_state": dict(total.by_state)}  # fmt: skip
