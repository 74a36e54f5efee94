"""Lines as a picture: SVG of ours, the same on every machine.

It asks nobody for anything: the letters are those that the reader's machine has, held to the grid by `textLength`. Colours
follow the reader's light or dark theme. What the picture says stands in `<title>` and `<desc>`, for who hears it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from tracedemo.render.lines import Line, width_of

SIZE = 14
"""Of the letters, in pixels."""
CELL = 8.43
"""Pixels that a letter takes at this size in most fonts of one width: not every program that shows SVG obeys textLength."""
ROW = 18
EDGE = 14
NARROWEST = 60
"""Columns: a picture of three words has room for them, too."""

PAPER = ("#ffffff", "#171a21")
TEXT = ("#16191f", "#eceef2")
INKS = {
    "state.running": ("#00805a", "#2fbf8f"),
    "state.call": ("#0b6cb8", "#4aa8f0"),
    "state.not-yet": ("#a86400", "#e0a33e"),
    "state.blocked": ("#c2410c", "#ff7a3d"),
    "state.asleep": ("#5b4b9c", "#b8aef5"),
    "state.parked": ("#6a7381", "#8b94a5"),
    "not-yet": ("#9c4200", "#ffc14d"),
    "wakeup": ("#5b4b9c", "#b8aef5"),
    "error": ("#b42318", "#ff8a7a"),
    "title": TEXT,
    "strong": TEXT,
    "dim": ("#59606d", "#a2aab7"),
    "note": ("#9c4200", "#ffc14d"),
    "cursor": PAPER,
    "here": PAPER,
}
"""Ink on light and on dark paper, for every style that a view may name; on all of them small letters can be read."""
_BOLD = frozenset({"title", "strong", "state.blocked", "here"})
_REVERSE = frozenset({"cursor", "here"})


def picture(lines: Iterable[Line], title: str, description: str) -> str:
    """The text of an SVG file that shows lines as a terminal would, as wide as the longest of them.

    Args:
        title: what it is, in some words.
        description: what it shows, in sentences.
    """
    drawn: list[str] = []
    columns, top = NARROWEST, EDGE
    for line in lines:
        columns = max(columns, sum(width_of(text) for text, _ in line))
        drawn += _row(line, top)
        top += ROW
    height = top + EDGE
    width = round(2 * EDGE + columns * CELL)
    return "\n".join((*_head(width, height, title, description), *drawn, "</svg>\n"))


def _head(width: int, height: int, title: str, description: str) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" aria-labelledby="tracedemo-title tracedemo-desc">'
    )
    yield f'<title id="tracedemo-title">{escape(title)}</title>'
    yield f'<desc id="tracedemo-desc">{escape(description)}</desc>'
    yield "<style>"
    yield f'text {{ font: {SIZE}px "DejaVu Sans Mono", Menlo, Consolas, monospace; }}'
    yield f"{', '.join(f'.{_class(name)}' for name in INKS if name in _BOLD)} {{ font-weight: bold; }}"
    yield from _colours(0)
    yield "@media (prefers-color-scheme: dark) {"
    yield from _colours(1)
    yield "}"
    yield "</style>"
    yield f'<rect class="paper" width="{width}" height="{height}" rx="8"/>'


def _colours(theme: int) -> Iterator[str]:
    yield f".paper {{ fill: {PAPER[theme]}; }}"
    yield f"text, .bar {{ fill: {TEXT[theme]}; }}"
    for name, inks in INKS.items():
        if inks is not TEXT:
            yield f".{_class(name)} {{ fill: {inks[theme]}; }}"


def _class(name: str) -> str:
    return name.replace(".", "-")


def _row(line: Line, top: int) -> Iterator[str]:
    """The pieces of a line, each where it begins."""
    column = 0
    for text, name in line:
        width = width_of(text)
        if name in _REVERSE:
            yield f'<rect class="bar" x="{_x(column):.1f}" y="{top}" width="{width * CELL:.1f}" height="{ROW}"/>'
        for words in _WORDS.finditer(text):
            yield _text(words[0], name, column + width_of(text[: words.start()]), top + SIZE)
        column += width


_WORDS = re.compile(r"[^ ]+(?: [^ ]+)*")
"""What stands between two spaces and more, of which readers of SVG make one."""


def _text(words: str, name: str, column: int, base: int) -> str:
    style = f' class="{_class(name)}"' if name in INKS else ""
    length = f' textLength="{width_of(words) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text{style} x="{_x(column):.1f}" y="{base}"{length}>{escape(words)}</text>'


def _x(column: int) -> float:
    return EDGE + column * CELL
