"""The diff of two runs: what only one of them did, and what they did otherwise, with a few equal calls around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracedemo.analysis.diff import ADDED, REMOVED, SAME, Diff, Group, Side, Step
from tracedemo.analysis.diff.saying import counts_say, like_says, times_say, total_says
from tracedemo.analysis.sentences import duration_text
from tracedemo.analysis.study import Study
from tracedemo.render.diff_rows import rows
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.grid import EMPTY, Cell, Column, Grid, cell, note
from tracedemo.render.lines import BLANK, Line, safe
from tracedemo.render.options import Options
from tracedemo.render.views import View
from tracedemo.render.words import capital, count, place

__all__ = ["DiffView", "plain", "rows", "table", "view_of"]

CONTEXT = 2
"""Equal calls that are shown before and after a difference."""
ALONE = 4
"""Calls that are shown of what only one run has."""
MOST_ALIKE = 8
"""Groups without a difference that have lines of their own."""

ROOMY = 56
"""Columns from which on a file's name has room beside a call and its answer."""

_SIGNS = {REMOVED: ("-", "error"), ADDED: ("+", "state.running")}
_CHANGED = ("~", "note")


@dataclass(frozen=True, slots=True)
class DiffView(View):
    """A view of one diff, which is made already: the exit code needs it, too."""

    found: Diff | None = None

    def _parts(self, _studies: Sequence[Study]) -> Sequence[Diff]:
        return () if self.found is None else (self.found,)

    def _part_of(self, _found: object) -> Iterator[str]:
        """The diff's own notes say what is missing."""
        return iter(())


def view_of(found: Diff) -> DiffView:
    """A diff as something to present."""
    return DiffView("diff", "The diff", "what changed", joint=True, found=found)


# On a screen


def table(found: Diff, options: Options) -> Iterator[Line]:
    """What differs, connection by connection."""
    glyphs = options.glyphs
    for side, name in zip("AB", found.names, strict=True):
        yield ((f"{side}  ", "strong"), (safe(name, glyphs), ""))
    yield BLANK
    yield from note(total_says(found), options.width, "title")
    if found.total:
        yield from note(f"{counts_say(found)}.", options.width)
    for text in found.endings:
        yield from note(safe(f"~ {text}", glyphs), options.width, "note")
    yield from _groups(found, options)
    for number, text in enumerate(found.notes):
        if not number:
            yield BLANK
        yield from note(safe(text, glyphs), options.width)


def _groups(found: Diff, options: Options) -> Iterator[Line]:
    drawn = _Drawn(found, options)
    alike: list[Group] = []
    for group in found.groups:
        if group.change or options.unfold:
            yield from _alike(alike, options)
            alike = []
            yield from drawn.group(group)
        else:
            alike.append(group)
    yield from _alike(alike, options)


def _alike(groups: Sequence[Group], options: Options) -> Iterator[Line]:
    """Groups without a difference: a line each, or one for all."""
    if not groups:
        return
    yield BLANK
    glyphs = options.glyphs
    if len(groups) > MOST_ALIKE:
        calls = sum(map(_calls, groups))
        first, last = groups[0].title, groups[-1].title
        text = f"{capital(first)} to {last}: {count(calls, 'call')} alike"
        yield from note(safe(f"{glyphs.ellipsis} {text} {glyphs.ellipsis}", glyphs), options.width)
        return
    for group in groups:
        text = f"{capital(group.title)}{_who(group)}: {count(_calls(group), 'call')} alike"
        yield from note(safe(text, glyphs), options.width, "")
        yield from _times(group, options)


def _calls(group: Group) -> int:
    return sum(step.a.times for step in group.steps if step.a)


def _who(group: Group) -> str:
    """Whose connection it is, where its label tells more than its number."""
    labels = [label for label in group.labels if label and not label.startswith("conn ")]
    if not group.kind or not labels:
        return ""
    a, b = group.labels
    return f" ({labels[0]})" if len(set(labels)) == 1 else f" ({a} in A, {b} in B)"


def _times(group: Group, options: Options) -> Iterator[Line]:
    """What was waited for in each phase: shown, and no difference."""
    glyphs = options.glyphs
    told = [
        f"{it.phase} {_span(it.waited, it.calls, glyphs)}" for it in group.times if any(it.waited)
    ]  # fmt: skip
    if told:
        yield from note(f"waited: {', '.join(told)}", options.width, indent=2)


def _span(waited: tuple[int, int], calls: tuple[int, int], glyphs: Glyphs) -> str:
    one, other = (
        duration_text(ns, glyphs.ascii) if number else glyphs.nothing
        for ns, number in zip(waited, calls, strict=True)
    )
    return f"{one} {glyphs.arrow} {other}"


Row = Sequence[Cell]


class _Drawn:
    """All groups that differ, in columns that they share."""

    def __init__(self, found: Diff, options: Options) -> None:
        self._options = options
        self._glyphs = options.glyphs
        self._like = {} if options.unfold else found.like
        self._rows = {
            group.title: list(self._lines(group))
            for group in found.groups
            if options.unfold or (group.change and group.title not in self._like)
        }
        rows = [row for lines in self._rows.values() for row in lines if not isinstance(row, str)]
        call, answer, line = (10, 8, 8) if options.picture < ROOMY else (16, 12, 18)
        columns = (
            Column(""),
            Column("phase", optional=True, rank=4),
            Column("call", rank=1, least=call, wrap=True, most=None if options.width is None else 60),
            Column("answer", rank=2, least=answer, wrap=True),
            Column("line", rank=3, least=line, middle=True),
            Column("source", optional=True, rank=5, least=20),
        )
        self._grid = Grid(columns, rows, self._glyphs, options.width, styled=options.styled)
        self._body = self._grid.body()

    def group(self, group: Group) -> Iterator[Line]:
        """A heading, the calls that differ with those around them, and what was waited."""
        options, glyphs = self._options, self._glyphs
        yield BLANK
        yield from note(safe(f"{capital(group.title)}{_who(group)}", glyphs), options.width, "strong")
        if like := self._like.get(group.title):
            yield from note(f"~ {like_says(group, like)}", options.width, "note", indent=2)
        if group.says:
            yield from note(safe(group.says, glyphs), options.width, "note", indent=2)
        for row in self._rows.get(group.title, ()):
            if isinstance(row, str):
                yield from note(row, options.width, indent=2)
            else:
                yield from next(self._body)
        yield from _times(group, options)

    def _lines(self, group: Group) -> Iterator[Row | str]:
        """Rows of the grid, and texts between them."""
        glyphs = self._glyphs
        hidden, phase = 0, ""
        shown = self._shown(group)
        for place_, step in enumerate(group.steps):
            if place_ not in shown:
                hidden += (step.a or step.b or _NOBODY).times
                continue
            if hidden:
                yield self._more(hidden, group)
                hidden, phase = 0, ""
            yield from self._step(step, safe(step.phase, glyphs) if step.phase != phase else "")
            phase = step.phase
        if hidden:
            yield self._more(hidden, group)

    def _shown(self, group: Group) -> set[int]:
        """Which steps: those that differ, and a few around each."""
        if self._options.unfold:
            return set(range(len(group.steps)))
        if group.only:
            return set(range(min(ALONE, len(group.steps))))
        differs = [number for number, step in enumerate(group.steps) if step.kind != SAME]
        return {near for number in differs for near in range(number - CONTEXT, number + CONTEXT + 1)}

    def _more(self, number: int, group: Group) -> str:
        dots = self._glyphs.ellipsis
        return (
            f"{dots} {count(number, 'more call') if group.only else count(number, 'call') + ' alike'} {dots}"
        )

    def _step(self, step: Step, phase: str) -> Iterator[Row]:
        if step.kind == SAME and step.a:
            yield self._row("", phase, step.a, "dim")
        else:
            yield from self._sides(step, phase)
        for below in step.beneath:
            yield from self._sides(below, "", lead=f"{self._glyphs.below} ")

    def _sides(self, step: Step, phase: str, lead: str = "") -> Iterator[Row]:
        """A line for each run that has a part in a difference."""
        sign, style = _SIGNS.get(step.kind, _CHANGED)
        for name, side in (("A", step.a), ("B", step.b)):
            if side is not None:
                yield self._row(sign + name, phase, side, style, lead)
                phase = ""

    def _row(self, mark: str, phase: str, side: Side, style: str, lead: str = "") -> Row:
        glyphs = self._glyphs
        times = f" {glyphs.times}{side.times:,}" if side.times > 1 else ""
        return (
            cell(mark, style),
            cell(phase, "dim"),
            cell(safe(lead + side.call, glyphs), style),
            cell(safe(side.answer, glyphs) + times, style),
            EMPTY if lead else cell(safe(place(side.site), glyphs), "dim"),
            EMPTY if lead else cell(safe(side.source, glyphs), "dim"),
        )


_NOBODY = Side((), 0, "", "", None, "")


# Other forms


def plain(found: Diff, options: Options) -> Iterator[str]:
    """Each difference in one sentence."""
    for side, name in zip("AB", found.names, strict=True):
        yield f"{side} is {name}."
    yield total_says(found)
    yield from found.endings
    like = {} if options.unfold else found.like
    for group in found.groups:
        if group.says:
            yield group.says
        if group.title in like:
            yield f"{capital(group.title)}: {like_says(group, like[group.title])}"
        else:
            yield from _told(group)
        yield from times_say(group)
    yield from found.notes


def _told(group: Group) -> Iterator[str]:
    for step in group.differences:
        where = f"{capital(group.title)}{f', {step.phase}' if step.phase else ''}"
        if step.says != group.says:
            yield f"{where}: {step.says}{_events(step)}"
        for below in step.beneath:
            yield f"{where}, beneath: {below.says}"


def _events(step: Step) -> str:
    """Which events of the trace are meant."""
    told = [
        f"event {side.seq} of {name}" for name, side in (("A", step.a), ("B", step.b)) if side is not None
    ]
    return f" It is {' and '.join(told)}."
