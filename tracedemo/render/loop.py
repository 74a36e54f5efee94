"""The event loop, turn by turn: how long it slept, what was ready, which callbacks ran, and what they asked the kernel.

A line for each turn, and an indented one for each callback that ran in it; where the screen is narrow, what does not fit
beside each other stands below each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.segments import State
from tracedemo.analysis.study import Study
from tracedemo.analysis.turns import Handle, Loop, Turn
from tracedemo.analysis.turns_folding import Group, fold_turns
from tracedemo.render.grid import GAP, Cell, Column, Grid, cell, note, width_of_cell
from tracedemo.render.lines import BLANK, Line, fold_text, safe, width_of
from tracedemo.render.loop_said import plain, rows
from tracedemo.render.loop_words import (
    again_text,
    asked_texts,
    blocked_text,
    blocked_turns,
    head,
    loop_name,
    loss,
    registered_texts,
    turn_text,
    watchdog_cost,
    what_of,
    who_of,
    why_none,
)
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, instant, name_of, took

__all__ = ["plain", "rows", "table"]

_INDENT = 2
"""Callbacks stand so far to the right of their turn."""

_LEAD = (Column("turn", right=True), Column("at ms", right=True), Column("took", right=True))
_COLUMNS = (
    Column("who", rank=1, least=18, most=26, middle=True),
    Column("callback", rank=2, least=28, most=48, middle=True),
    Column("asks the kernel", rank=3, least=26, most=60, wrap=True),
    Column("syscalls", right=True),
)
_ROOMY = 90
"""With so much room a turn names what is registered."""


def table(study: Study, options: Options) -> Iterator[Line]:
    """A block for each turn."""
    glyphs = options.glyphs
    yield from note(safe(f"{name_of(study)}: the event loop, turn by turn", glyphs), options.width, "title")
    if not study.loops:
        yield BLANK
        yield from note(safe(why_none(study), glyphs), options.width)
    for text in loss(study) if study.loops else ():
        yield BLANK
        yield from note(safe(text, glyphs), options.width, "note")
    for loop in study.loops:
        yield BLANK
        yield from _Block(study, loop, options).lines()
    for text in watchdog_cost(study) if study.loops else ():
        yield BLANK
        yield from note(safe(text, glyphs), options.width)
    words = _legend(study.loops)
    if words:
        yield BLANK
        yield (("What the loop's own callbacks do", "strong"),)
        yield from _explained(words, options)


class _Block:
    """One loop."""

    def __init__(self, study: Study, loop: Loop, options: Options) -> None:
        self.study, self.loop, self.options = study, loop, options
        self.glyphs = options.glyphs
        self.groups = list(fold_turns(loop.turns, unfold=options.unfold))
        shown = [turn for group in self.groups for turn in group.shown]
        handles = [handle for turn in shown for handle in turn.handles]
        leads = [row for group in self.groups for row in self._leads(group)]
        self.lead = Grid(_LEAD, leads, self.glyphs, None)
        self.left = sum(self.lead.widths or ()) + len(_LEAD) * GAP
        self.room = None if options.width is None else max(options.width - self.left, 10)
        inside = None if self.room is None else self.room - _INDENT
        self.cells, self.grid = self._fitted(handles, inside)

    def _fitted(
        self, handles: Sequence[Handle], room: int | None
    ) -> tuple[dict[int, tuple[Cell, ...]], Grid]:
        """The callbacks in columns: named in full if all fits, else without their classes."""
        full = [self._cells(handle) for handle in handles]
        grid = Grid(_COLUMNS, full, self.glyphs, room)
        if grid.widths != Grid(_COLUMNS, full, self.glyphs, None).widths:
            full = [self._cells(handle, short=True) for handle in handles]
            grid = Grid(_COLUMNS, full, self.glyphs, room)
        return {id(handle): cells for handle, cells in zip(handles, full, strict=True)}, grid

    def lines(self) -> Iterator[Line]:
        """The totals, and all turns."""
        yield from self._head()
        yield BLANK
        yield from self._titles()
        for group in self.groups:
            for turn in group.shown:
                yield from self._turn(group, turn)
            if group.period > 1:
                yield from self._again(group)

    def _head(self) -> Iterator[Line]:
        width = self.options.width
        loops = self.study.loops
        if len(loops) > 1:
            yield from note(
                safe(capital(loop_name(self.loop, loops, self.study)), self.glyphs), width, "strong"
            )
        for text in head(self.loop, unfold=self.options.unfold):
            yield from note(safe(text, self.glyphs), width, "")
        blocked = blocked_turns(self.loop)
        if blocked:
            yield from note(safe(blocked, self.glyphs), width, "note")

    def _titles(self) -> Iterator[Line]:
        """What stands in the columns, and a rule."""
        (begin,) = self.lead.row([cell(column.title, "strong") for column in _LEAD])
        titles = [cell(column.title, "strong") for column in self.grid.columns]
        inside: Line = (("what happens", "strong"),)
        if self.grid.widths is not None:
            (inside,) = self.grid.row(titles)
        line = self._beside(begin, ((" " * _INDENT, ""), *inside))
        yield line
        if self.options.width is not None:
            yield ((self.glyphs.rule * min(self.options.width, self._whole()), "dim"),)

    def _whole(self) -> int:
        """Columns of the widest line that is no text."""
        if self.grid.widths is None:
            return self.options.width or 0
        return self.left + _INDENT + sum(width + GAP for width in self.grid.widths if width) - GAP

    # -- A turn

    def _turn(self, group: Group, turn: Turn) -> Iterator[Line]:
        (begin,) = self.lead.row(self._lead(group, turn))
        first, *rest = self._found(turn)
        yield self._beside(begin, first)
        for line in rest:
            yield self._beside((), line)
        for handle in turn.handles:
            yield from self._handle(group, turn, handle)

    def _lead(self, group: Group, turn: Turn) -> tuple[Cell, Cell, Cell]:
        at = cell(instant(turn.t0 - self.study.origin))
        alike = [turn] if group.period > 1 else group.turns
        times = f" {self.glyphs.times}{len(alike):,}" if len(alike) > 1 else ""
        slept = sum(one.slept for one in alike)
        asked = sum((one.t1 or one.t0) - one.t0 for one in alike if one.row is not None)
        number = "" if turn.row is None else f"{turn.number:,}{times}"
        taken = took((slept or asked) if turn.t1 is not None and turn.row is not None else None, self.glyphs)
        return cell(number, "strong"), at, cell(taken, "state.asleep" if slept else "dim")

    def _leads(self, group: Group) -> Iterator[tuple[Cell, Cell, Cell]]:
        for turn in group.shown:
            yield self._lead(group, turn)
            yield from (((), (), self._ran(group, turn, handle)) for handle in turn.handles)

    def _ran(self, group: Group, turn: Turn, handle: Handle) -> Cell:
        """How long a callback took, with those that stand for it."""
        alike = [handle]
        if group.period == 1 and group.times > 1:
            which = turn.handles.index(handle)
            alike = [one.handles[which] for one in group.turns]
        return cell(
            took(sum(one.time for one in alike), self.glyphs), "state.blocked" if handle.blocked else ""
        )

    def _found(self, turn: Turn) -> Sequence[Line]:
        """What the select did, and how many descriptors are registered."""
        text = safe(turn_text(turn), self.glyphs)
        style = "wakeup" if turn.ready else "error" if turn.failed else "dim"
        lines: list[Line] = [
            ((part, style),) for part in ([text] if self.room is None else fold_text(text, self.room))
        ]
        long, short = (safe(words, self.glyphs) for words in registered_texts(turn))
        for words in (long, short) if self.room is None or self.room >= _ROOMY else (short,):
            used = width_of_cell(lines[-1]) + 2 * GAP
            if words and (self.room is None or used + width_of(words) <= self.room):
                lines[-1] = (*lines[-1], (" " * 2 * GAP + words, "dim"))
                return lines
        return [*lines, ((short, "dim"),)] if short else lines

    # -- A callback

    def _cells(self, handle: Handle, *, short: bool = False) -> tuple[Cell, ...]:
        asked = "; ".join(asked_texts(handle, self.glyphs))
        calls = "" if handle.system_calls is None else f"{handle.system_calls:,}"
        return (
            cell(safe(who_of(handle.owner), self.glyphs), "dim" if handle.owner in (None, LOOP) else ""),
            cell(safe(what_of(handle, short=short), self.glyphs), "dim" if handle.step else ""),
            cell(safe(asked, self.glyphs), "strong" if handle.asked else "dim"),
            cell(calls, "dim"),
        )

    def _handle(self, group: Group, turn: Turn, handle: Handle) -> Iterator[Line]:
        (begin,) = self.lead.row(((), (), self._ran(group, turn, handle)))
        cells = self.cells[id(handle)]
        inside = self.grid.row(cells) if self.grid.widths is not None else self._flowing(handle, cells)
        for line in inside:
            yield self._beside(begin, ((" " * _INDENT, ""), *line))
            begin = ()
        if handle.blocked:
            text = safe(blocked_text(handle, self.study), self.glyphs)
            for line in note(
                f"{self.glyphs.states[State.BLOCKED]} {text}", self.room, "state.blocked", _INDENT
            ):
                yield self._beside((), line)

    def _flowing(self, handle: Handle, cells: Sequence[Cell]) -> Iterator[Line]:
        """A callback where the screen is narrow: its texts beside each other if they fit, else below."""
        room = max((self.room or 0) - _INDENT, 10)
        who, what, asked, calls = (pieces[0][0] if pieces else "" for pieces in cells)
        if calls:
            calls = count(handle.system_calls or 0, "system call")
        line: Line = ()
        for text, style in ((f"{who}: {what}", ""), (asked, "strong"), (calls, "dim")):
            used = width_of_cell(line) + GAP
            if line and text and used + width_of(text) <= room:
                line = (*line, (" " * GAP + text, style))
            elif text:
                *above, last = note(text, room, style, _INDENT if line else 0)
                if line:
                    yield line
                yield from above
                line = last
        yield line

    # -- Lines

    def _beside(self, begin: Line, line: Line) -> Line:
        """A line of the right side, beside that of the left."""
        used = sum(width_of(text) for text, _ in begin)
        return (*begin, (" " * (self.left - used), ""), *line)

    def _again(self, group: Group) -> Iterator[Line]:
        """That some turns were repeated."""
        text = again_text(group, self.glyphs)
        for line in note(text, self.room):
            yield self._beside((), line)


# -- The words of the furniture


def _legend(loops: Sequence[Loop]) -> dict[str, str]:
    """What each of the loop's own callbacks that ran is there for, by its name."""
    return {
        handle.name: handle.word
        for loop in loops
        for handle in loop.handles
        if handle.word and not handle.step
    }


def _explained(words: dict[str, str], options: Options) -> Iterator[Line]:
    glyphs = options.glyphs
    columns = (Column(""), Column("", rank=1, least=30, wrap=True))
    rows = [(cell(safe(name, glyphs)), cell(safe(text, glyphs), "dim")) for name, text in words.items()]
    grid = Grid(columns, rows, glyphs, options.width)
    if grid.widths is not None:
        for lines in grid.body():
            yield from lines
        return
    for (name, _), (text, _) in ((row[0][0], row[1][0]) for row in rows):
        yield from note(name, options.width, "")
        yield from note(text, options.width, "dim", _INDENT)
