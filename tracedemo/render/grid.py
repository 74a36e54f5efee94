"""Columns: cells in, lines out.

Widths come from one measurement of all cells, so a grid of many thousand rows costs little more than its text (a rich
Table of 20,000 rows takes 22 s). Where the screen is too narrow, the room is given out by `rank`, the lowest first. Every
column gets at least its `least`, but for the optional ones: they share what is left, and go altogether where that is too
little. A column of rank 0 is never cut; one with `wrap` goes on below where it is too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from tracedemo.render.glyphs import Glyphs
from tracedemo.render.lines import Line, Piece, fold_text, shorten, width_of

GAP = 2
BELOW = 28
"""Columns that are enough for what goes on below."""
_GAP = " " * GAP

Cell = Line
"""A cell is a line of pieces; several pieces are never cut and never wrapped, so they are for drawings."""

EMPTY: Cell = ()

Padded = tuple[Cell, Sequence[Piece], Cell]
"""A cell as wide as its column, the lines that go on below it, and the cell itself, which keeps its id its own."""

Over = tuple[int, Sequence[Piece]]
"""What goes on below: in which column, and each line."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a grid."""

    title: str
    right: bool = False
    rank: int = 0
    """Who gives way first where the screen is narrow: the highest; 0: always as wide as it likes."""
    least: int = 0
    """How narrow it may become, if it has a rank; 0 for an optional column: as wide as it likes, or not at all."""
    optional: bool = False
    """Whether it may go altogether."""
    most: int | None = None
    """How wide it becomes for its own cells' sake: longer ones are cut, or go on below; 0: it is not shown."""
    wrap: bool = False
    """Longer cells go on below instead of being cut."""
    middle: bool = False
    """Longer cells are cut in the middle: their end says something."""
    lines: bool = False
    """Each piece of a cell begins a line of its own, and may wrap."""


def cell(text: str, style: str = "") -> Cell:
    """A cell of one text."""
    return ((text, style),) if text else EMPTY


def width_of_cell(pieces: Cell) -> int:
    """Columns that a cell takes."""
    if len(pieces) == 1:
        return width_of(pieces[0][0])
    return sum(width_of(text) for text, _ in pieces)


def fit(columns: Sequence[Column], natural: Sequence[int], room: int | None) -> list[int] | None:
    """The width of each column, 0 for those that go; None when even so they don't fit into `room`."""
    wanted = [
        width if column.most is None else min(width, column.most)
        for column, width in zip(columns, natural, strict=True)
    ]
    if room is None:
        return wanted
    by_rank = sorted(range(len(columns)), key=lambda place: columns[place].rank)
    widths = [_least(column, width) for column, width in zip(columns, wanted, strict=True)]
    if total(widths) > room:
        return None
    for place in by_rank:
        column, spare = columns[place], room - total(widths)
        if not column.optional:
            widths[place] += min(spare, wanted[place] - widths[place])
        elif wanted[place] and spare - GAP >= min(column.least or wanted[place], wanted[place]):
            widths[place] = min(spare - GAP, wanted[place])
    return widths


def _least(column: Column, wanted: int) -> int:
    if column.optional:
        return 0
    return min(max(column.least, 1), wanted) if column.rank else wanted


def total(widths: Sequence[int]) -> int:
    """Columns of a whole line."""
    shown = [width for width in widths if width]
    return sum(shown) + GAP * max(len(shown) - 1, 0)


def _natural(column: Column, cells: Mapping[int, Cell]) -> int:
    """How wide a column would like to be.  One without content takes no room, not even for its title."""
    if column.lines:
        widths = {width_of(text) for pieces in cells.values() for text, _ in pieces}
    else:
        widths = set(map(width_of_cell, cells.values()))
    if column.wrap and column.most is not None and max(widths, default=0) > column.most:
        # What goes on below anyway makes the column no wider than the others need, within reason.
        widths = {width for width in widths if width <= column.most} | {min(BELOW, column.most)}
    width = max(widths, default=0)
    return max(width, width_of(column.title)) if width else 0


class Grid:
    """Rows of cells under a head, within `room` columns; None: nothing is cut, and nothing goes on below.

    `widths` is None when the columns don't fit: the caller shows something else.

    Args:
        styled: False: nobody will see the styles, and each line is one text, which is quicker.
    """

    def __init__(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], glyphs: Glyphs, room: int | None,
        *, styled: bool = True,
    ) -> None:  # fmt: skip
        self.columns = columns
        self.rows = rows
        self.glyphs = glyphs
        self.cut = room is not None
        self.styled = styled
        self._cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
        # Most cells are said again and again, by one object: its id is its own, since the rows keep it.
        self._distinct = [dict(zip(map(id, cells), cells, strict=True)) for cells in self._cells]
        self.widths = fit(columns, list(map(_natural, columns, self._distinct)), room)
        # Of each column that is shown: its place, its width, a cell without text, and its cells padded, by id.
        self._shown: list[tuple[int, int, str, dict[int, Padded]]] = [
            (place, width, " " * (width + GAP), {}) for place, width in enumerate(self.widths or ()) if width
        ]

    def lines(self) -> Iterator[Line]:
        """Head, rule and all rows."""
        yield from self.head()
        yield from chain.from_iterable(self.body())

    def head(self) -> Iterator[Line]:
        """The titles, and a rule."""
        yield from self.row([cell(column.title, "strong") for column in self.columns])
        if self.cut:
            yield ((self.glyphs.rule * total(self.widths or ()), "dim"),)

    def start_of(self, place: int) -> int:
        """Where a column begins."""
        before = total((self.widths or ())[:place])
        return before + GAP if before else 0

    def body(self) -> Iterator[Sequence[Line]]:
        """The lines of each row: one, and more where a cell goes on below."""
        if not self.styled:
            yield from self._texts()
            return
        for row in self.rows:
            line, over = self._line(row)
            yield (line, *self._below(over)) if over else (line,)

    def row(self, cells: Sequence[Cell]) -> Iterator[Line]:
        """One row: one line, and more where a cell goes on below."""
        line, over = self._line(cells)
        yield line
        if over:
            yield from self._below(over)

    def _line(self, cells: Sequence[Cell]) -> tuple[list[Piece], list[Over]]:
        """The first line of a row, and what goes on below it."""
        over: list[Over] = []
        line: list[Piece] = []
        text, style = "", ""  # the piece that is being written: neighbours of one style are one piece
        for place, width, blank, known in self._shown:
            pieces = cells[place]
            if not pieces:
                text += blank
                continue
            found = known.get(id(pieces))
            if found is None:
                found = known[id(pieces)] = self._pad(self.columns[place], pieces, width)
            padded, rest, _ = found
            if rest:
                over.append((place, rest))
            for part, wanted in padded:
                if wanted == style:
                    text += part
                else:
                    line.append((text, style))
                    text, style = part, wanted
        line.append((text.rstrip(), style))
        return line, over

    def _pad(self, column: Column, pieces: Cell, width: int) -> Padded:
        """A cell with the spaces that belong to it, and what goes on below."""
        rest: list[Piece] = []
        used = width_of_cell(pieces)
        if len(pieces) == 1 or column.lines:
            text, style = pieces[0]
            if (used > width and self.cut) or len(pieces) > 1:
                if column.wrap:
                    (text, style), *rest = (
                        (part, style) for text, style in pieces for part in fold_text(text, width)
                    )
                else:
                    text = shorten(text, width, self.glyphs, middle=column.middle)
                used = width_of(text)
            fill = " " * (width - used)
            text = f"{fill}{text}{_GAP}" if column.right else f"{text}{fill}{_GAP}"
            return ((text, style),), rest, pieces
        fill = " " * (width - used)
        (first, first_style), (last, last_style) = pieces[0], pieces[-1]
        if column.right:
            return ((fill + first, first_style), *pieces[1:-1], (last + _GAP, last_style)), rest, pieces
        return (*pieces[:-1], (f"{last}{fill}{_GAP}", last_style)), rest, pieces

    def _texts(self) -> Iterator[Sequence[Line]]:
        """The lines of each row, without styles: column by column, so that hardly anything is done row by row."""
        below: dict[int, list[Over]] = {}
        columns = [self._column(place, width, blank, below) for place, width, blank, _ in self._shown]
        if not columns:
            return repeat(((("", ""),),), len(self.rows))
        lines = (((text.rstrip(), ""),) for text in map("".join, zip(*columns, strict=True)))
        if not below:
            return zip(lines)
        return (
            (line, *self._below(below[number])) if number in below else (line,)
            for number, line in enumerate(lines)
        )

    def _column(self, place: int, width: int, blank: str, below: dict[int, list[Over]]) -> Iterator[str]:
        """The texts of a column, padded; what goes on below is added to `below`, by the number of its row."""
        column, cells = self.columns[place], self._cells[place]
        if column.right and not column.rank:  # numbers, which are never cut
            return (pieces[0][0].rjust(width) + _GAP if pieces else blank for pieces in cells)
        texts = {id(EMPTY): blank}
        rests: dict[int, Sequence[Piece]] = {}
        for key, pieces in self._distinct[place].items():
            if pieces:
                padded, rest, _ = self._pad(column, pieces, width)
                texts[key] = "".join([text for text, _ in padded])
                if rest:
                    rests[key] = rest
        if rests:
            for number, pieces in enumerate(cells):
                if id(pieces) in rests:
                    below.setdefault(number, []).append((place, rests[id(pieces)]))
        return map(texts.__getitem__, map(id, cells))

    def _below(self, over: Sequence[Over]) -> Iterator[Line]:
        for number in range(max(len(rest) for _, rest in over)):
            cells: list[Cell] = [EMPTY] * len(self.columns)
            for place, rest in over:
                if number < len(rest):
                    cells[place] = cell(*rest[number])
            yield from self.row(cells)


def note(text: str, width: int | None, style: str = "dim", indent: int = 0) -> Iterator[Line]:
    """A text for people in as many lines as it needs."""
    rows = [text] if width is None else fold_text(text, max(width - indent, 10))
    for row in rows:
        yield ((" " * indent + row, style),)
