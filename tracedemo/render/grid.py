"""Columns: cells in, lines out.

Widths come from one measurement of all cells, so a grid of many thousand rows costs little more than its text (a rich
Table of 20,000 rows takes 22 s). Where the screen is too narrow, columns give way in the order of their `rank`: they shrink
to `least`, and go altogether if they may. A column that may do neither is never cut; with `wrap` it goes on below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tracedemo.render.glyphs import Glyphs
from tracedemo.render.lines import Line, Piece, fold_text, shorten, width_of

GAP = 2

Cell = Line
"""A cell is a line of pieces; several pieces are never cut and never wrapped, so they are for drawings."""

EMPTY: Cell = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a grid."""

    title: str
    right: bool = False
    rank: int = 0
    """Who gives way first where the screen is narrow: the highest; 0: nobody takes anything from it."""
    least: int = 0
    """How narrow it may become."""
    optional: bool = False
    """Whether it may go altogether."""
    most: int | None = None
    """How wide it becomes for its own cells' sake: longer ones are cut, or go on below."""
    wrap: bool = False
    """Longer cells go on below instead of being cut."""
    middle: bool = False
    """Longer cells are cut in the middle: their end says something."""


def cell(text: str, style: str = "") -> Cell:
    """A cell of one text."""
    return ((text, style),) if text else EMPTY


def width_of_cell(pieces: Cell) -> int:
    """Columns that a cell takes."""
    return sum(len(text) if text.isascii() else width_of(text) for text, _ in pieces)


def fit(columns: Sequence[Column], natural: Sequence[int], room: int | None) -> list[int] | None:
    """The width of each column, 0 for those that go; None when even so they don't fit into `room`."""
    widths = [min(width, column.most or width) for column, width in zip(columns, natural, strict=True)]
    if room is None:
        return widths
    for place in sorted(range(len(columns)), key=lambda place: -columns[place].rank):
        excess = total(widths) - room
        if excess <= 0:
            return widths
        column = columns[place]
        if not column.rank:
            return None
        widths[place] = min(widths[place], max(column.least, widths[place] - excess))
        if column.optional and total(widths) > room:
            widths[place] = 0
    return widths if total(widths) <= room else None


def total(widths: Sequence[int]) -> int:
    """Columns of a whole line."""
    shown = [width for width in widths if width]
    return sum(shown) + GAP * max(len(shown) - 1, 0)


class Grid:
    """Rows of cells under a head, within `room` columns; None: nothing is cut, and nothing goes on below.

    `widths` is None when the columns don't fit: the caller shows something else.
    """

    def __init__(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], glyphs: Glyphs, room: int | None
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.glyphs = glyphs
        self.cut = room is not None
        self.widths = fit(columns, [self._natural(place) for place in range(len(columns))], room)

    def _natural(self, place: int) -> int:
        """How wide a column would like to be.  One without content takes no room, not even for its title."""
        width = max((width_of_cell(row[place]) for row in self.rows), default=0)
        return max(width, width_of(self.columns[place].title)) if width else 0

    def lines(self) -> Iterator[Line]:
        """Head, rule and all rows."""
        yield from self.head()
        for row in self.rows:
            yield from self.row(row)

    def head(self) -> Iterator[Line]:
        """The titles, and a rule."""
        yield from self.row([cell(column.title, "strong") for column in self.columns])
        yield ((self.glyphs.rule * total(self.widths or ()), "dim"),)

    def start_of(self, place: int) -> int:
        """Where a column begins."""
        before = total((self.widths or ())[:place])
        return before + GAP if before else 0

    def row(self, cells: Sequence[Cell]) -> Iterator[Line]:
        """One row: one line, and more where a cell goes on below."""
        widths = self.widths or ()
        over: list[tuple[int, list[str], str]] = []
        line: list[Piece] = []
        spaces = 0
        for place, (column, pieces, width) in enumerate(zip(self.columns, cells, widths, strict=True)):
            if not width:
                continue
            used = width_of_cell(pieces)
            if used > width and self.cut:
                pieces, used = self._fitted(column, pieces, width, over, place)
            spare = max(width - used, 0)
            if column.right:
                spaces += spare
                spare = 0
            if pieces:
                if spaces:
                    line.append((" " * spaces, ""))
                line.extend(pieces)
                spaces = 0
            spaces += spare + GAP
        yield line
        if over:
            yield from self._below(over)

    def _fitted(self, column: Column, pieces: Cell, width: int, over: list[tuple[int, list[str], str]],
                place: int) -> tuple[Cell, int]:  # fmt: skip
        """A cell that is too wide, cut or begun; what goes on below is put into `over`."""
        if len(pieces) > 1:
            return pieces, width_of_cell(pieces)
        text, style = pieces[0]
        if column.wrap:
            text, *rest = fold_text(text, width)
            if rest:
                over.append((place, rest, style))
        else:
            text = shorten(text, width, self.glyphs, middle=column.middle)
        return ((text, style),), width_of(text)

    def _below(self, over: Sequence[tuple[int, list[str], str]]) -> Iterator[Line]:
        for number in range(max(len(rest) for _, rest, _ in over)):
            cells: list[Cell] = [EMPTY] * len(self.columns)
            for place, rest, style in over:
                if number < len(rest):
                    cells[place] = cell(rest[number], style)
            yield from self.row(cells)


def note(text: str, width: int | None, style: str = "dim", indent: int = 0) -> Iterator[Line]:
    """A text for people in as many lines as it needs."""
    rows = [text] if width is None else fold_text(text, max(width - indent, 10))
    for row in rows:
        yield ((" " * indent + row, style),)


def blocks(groups: Iterable[Iterable[Line]]) -> Iterator[Line]:
    """Groups of lines with a blank line between them; empty groups are left out."""
    first = True
    for group in groups:
        begun = False
        for line in group:
            if not begun and not first:
                yield ()
            begun, first = True, False
            yield line
