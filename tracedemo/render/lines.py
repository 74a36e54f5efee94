"""Lines of styled text: what every view gives back, and the one place that turns them into something rich can print.

A line is a list of pieces, a piece is (text, name of a style). Nothing in it is markup: text from a trace is shown
as it is, and what a terminal would obey instead of show (control characters, marks that turn the direction of writing) is
written as an escape by `safe` before it is measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tracedemo.render.glyphs import STYLES, Glyphs

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment
    from rich.style import Style

Piece = tuple[str, str]
"""(text, name of its style; empty: plain)"""

Line = Sequence[Piece]

BLANK: Line = ()


class Sheet:
    """Lines as a rich renderable.  They are made while they are shown, each time anew, and cut by nobody.

    Args:
        make: gives the lines.  A log of many thousand rows is never kept as a whole.
    """

    def __init__(self, make: Callable[[], Iterable[Line]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Line]:
        return iter(self._make())

    def __str__(self) -> str:
        return "".join(self.texts())

    def texts(self, console: Console | None = None) -> Iterator[str]:
        """The lines as a console of rich would write them, with their ends, and much quicker; None: without styles."""
        if console is None or console.color_system is None:
            for line in self:
                yield "".join([text for text, _ in line]) + "\n"
            return
        around: dict[str, tuple[str, str]] = {"": ("", "")}
        for line in self:
            parts = []
            for text, name in line:
                if name not in around:
                    around[name] = _around(console, name)
                begin, end = around[name]
                parts.append(f"{begin}{text}{end}" if text else "")
            yield "".join(parts) + "\n"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        newline = Segment.line()
        styles: dict[str, Style | None] = {"": None}
        for line in self:
            for text, name in line:
                if name not in styles:
                    styles[name] = _style(console, name)
                inside = text.lstrip(" ")
                if len(inside) < len(text):  # some readers of SVG leave out spaces at the begin of a text
                    yield Segment(text[: len(text) - len(inside)])
                if inside:
                    yield Segment(inside, styles[name])
            yield newline


def _style(console: Console, name: str) -> Style:
    """A style by its name: the console's own, else ours."""
    from rich.errors import MissingStyle
    from rich.style import Style

    try:
        return console.get_style(name)
    except MissingStyle:
        return Style.parse(STYLES.get(name, ""))


def _around(console: Console, name: str) -> tuple[str, str]:
    """What a console writes before and behind a text of some style."""
    from rich.console import COLOR_SYSTEMS

    style = _style(console, name)
    if console.no_color:
        style = style.without_color
    begin, _, end = style.render("x", color_system=COLOR_SYSTEMS[console.color_system or ""]).partition("x")
    return begin, end


def trimmed(line: Line) -> Line:
    """A line without the spaces at its end."""
    pieces = list(line)
    while pieces and not pieces[-1][0].rstrip():
        pieces.pop()
    return [*pieces[:-1], (pieces[-1][0].rstrip(), pieces[-1][1])] if pieces else BLANK


def safe(text: str, glyphs: Glyphs) -> str:
    """Text of a trace as text: what cannot be printed is written as an escape, tabs as spaces."""
    if text.isprintable() and (text.isascii() or not glyphs.ascii):
        return text
    return "".join(_shown(char, glyphs.ascii) for char in text)


def _shown(char: str, ascii: bool) -> str:
    if char == "\t":
        return "    "
    if char.isprintable() and (not ascii or char.isascii()):
        return char
    # In ascii the few characters of our own that are not must not look like a trace's.
    return _SPELLED.get(char) or char.encode("unicode_escape").decode("ascii")


_SPELLED = {"µ": "u", "…": "...", "×": "x", "→": "->", "–": "-", "—": "-"}


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii() or max(text) < _FIRST_WITHOUT_WIDTH:
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


_FIRST_WITHOUT_WIDTH = "\u0300"
"""Below this character everything that can be printed takes one column."""


def shorten(text: str, width: int, glyphs: Glyphs, *, middle: bool = False) -> str:
    """A text within `width` columns, with an ellipsis where something is missing: at the end, or in the middle."""
    if width_of(text) <= width:
        return text
    room = width - len(glyphs.ellipsis)
    if room <= 0:
        return glyphs.ellipsis[: max(width, 0)]
    back = room // 2 if middle else 0
    return _head(text, room - back) + glyphs.ellipsis + _tail(text, back)


def _head(text: str, width: int) -> str:
    """The longest beginning within `width` columns."""
    if text.isascii():
        return text[:width]
    end = used = 0
    for end, char in enumerate(text):
        used += width_of(char)
        if used > width:
            return text[:end]
    return text


def _tail(text: str, width: int) -> str:
    return _head(text[::-1], width)[::-1] if width else ""


_SPACE = re.compile(r" (?!(?:%|ms|µs|us|ns|s)(?:\W|$)|= )")
"""Where a line may end: not between a number and its unit, nor before what a system call returned."""


def fold_text(text: str, width: int) -> list[str]:
    """A text in lines of at most `width` columns, broken at spaces, and within a word only where it must be: nothing is
    lost but the spaces at the breaks.  Every line is indented as the first one is.
    """
    if width_of(text) <= width:
        return [text]
    inside = text.lstrip(" ")
    lead = text[: min(len(text) - len(inside), width - 1)]
    width -= len(lead)
    lines: list[str] = []
    line = ""
    for word in _SPACE.split(inside):
        longer = f"{line} {word}" if line else word
        if width_of(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while width_of(line) > width:
            head = _head(line, width) or line[0]
            lines.append(head)
            line = line[len(head) :]
    return [lead + line for line in (*lines, line) if line]
