"""Columns of texts: templates, and columns of what is put into their places.

A template is a list of texts and places: 0 is a number, 1 a number with commas (`1,234`), 2 a long list, which is a column
of texts of its own: the parts between commas; [name] a text that is known of the row. A number that is the same in all
rows of a template stays in its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tracedemo.render.html.columns import Frame, number_form

PLAIN, COMMAS, LIST = range(3)
MANY = 8
"""From so many commas on, a text is a list."""

LONGEST = 1_000_000
"""Characters of a text: a list of all descriptors that a select found ready is shorter, whatever the limits."""

_NUMBER = re.compile(
    r"([0-9](?<![0-9,].)"  # what begins with a digit is found twice as quickly as what begins with a look behind
    r"(?:(?<!0)[0-9]{0,2}(?:,[0-9]{3}){1,4}(?!,?[0-9])|(?<=0)|(?<!0)[0-9]{0,14}))(?![0-9])",
    re.DOTALL,
)
"""`0`, `1,234`, `1234`: a whole number as Python writes it, and JavaScript writes it again."""

Piece = str | int | tuple[str]
Template = tuple[Piece, ...]


def texts_form(frame: Frame, texts: Sequence[str], name: str = "") -> dict[str, Any]:
    """A column of texts.

    Args:
        frame: whose rows they are.
        name: if given, the numbers in them are known from now on, as `name0`, `name1` and so on, and the templates as
            the code `name`.
    """
    rows, numbers = _by_template(frame, texts)
    templates: list[list[Piece]] = []
    slots: list[list[Any]] = []
    codes = [0] * len(texts)
    known: dict[int, list[int]] = {}
    for template, own in sorted(rows.items(), key=lambda item: -len(item[1])):
        for row in own:
            codes[row] = len(templates)
        if template == (LIST,):
            templates.append([LIST])
            slots.append([_lists(frame, own, texts)])
            continue
        written, columns = _settled(template, list(zip(*map(numbers.__getitem__, own), strict=True)))
        templates.append(written)
        slots.append([frame.form(column, own) for column in columns])
        for place, column in enumerate(columns if name else ()):
            values = known.setdefault(place, [-1] * len(frame))
            for row, value in zip(own, column, strict=True):
                values[row] = value
    form = {"templates": templates, "code": frame.form(codes), "slots": slots}
    for place, values in known.items():
        frame.know(f"{name}{place}", values)
    if name:
        frame.know(name, codes, codes=True)
    return form


def _by_template(
    frame: Frame, texts: Sequence[str]
) -> tuple[dict[Template, list[int]], list[tuple[int, ...]]]:
    """The rows of each template, and the numbers of each row."""
    parted: dict[str, tuple[Template, tuple[int, ...]]] = {}
    rows: dict[Template, list[int]] = {}
    numbers = []
    said_of = _said(frame)
    nothing: dict[str, str] = {}
    for row, whole in enumerate(texts):
        text = whole if len(whole) <= LONGEST else _cut(whole)
        said = said_of.get(row, nothing)
        if said:
            both = _parted(text, said)
        else:
            known = parted.get(text)
            both = known or parted.setdefault(text, _parted(text, said))
        template, found = both
        own = rows.get(template)
        if own is None:
            own = rows[template] = []
        own.append(row)
        numbers.append(found)
    return rows, numbers


def _said(frame: Frame) -> dict[int, dict[str, str]]:
    """The name of each text that is known of a row, for the rows of which any is."""
    said: dict[int, dict[str, str]] = {}
    for name, known in frame.said.items():
        for row, text in enumerate(known):
            if text:
                said.setdefault(row, {})[text] = name
    return said


def _cut(text: str) -> str:
    return f"{text[:LONGEST]}… ({len(text) - LONGEST:,} more characters)"


def _parted(text: str, said: dict[str, str]) -> tuple[Template, tuple[int, ...]]:
    """A template, and the numbers for it.

    Args:
        said: the name of each text that is known of the row.
    """
    for known, name in said.items():
        before, found, after = text.partition(known)
        if found:
            (front, numbers), (back, more) = _pieces(before), _pieces(after)
            return (*front, (name,), *back), numbers + more
    return ((LIST,), ()) if text.count(", ") >= MANY else _pieces(text)


def _pieces(text: str) -> tuple[Template, tuple[int, ...]]:
    pieces = _NUMBER.split(text)
    if "," not in text:
        return _plain(*pieces[::2]), tuple(map(int, pieces[1::2]))
    numbers = pieces[1::2]
    template: list[Piece] = []
    for words, number in zip(pieces[::2], (*numbers, ""), strict=True):
        if words:
            template.append(words)
        if number:
            template.append(COMMAS if "," in number else PLAIN)
    return tuple(template), tuple(int(number.replace(",", "")) for number in numbers)


@lru_cache(maxsize=4096)
def _plain(*words: str) -> Template:
    """A template of what stands around its numbers."""
    pieces = (piece for word in words for piece in (word, PLAIN))
    return tuple(piece for piece in pieces if piece != "")[:-1]


def _settled(
    template: Template, columns: Sequence[tuple[int, ...]]
) -> tuple[list[Piece], list[tuple[int, ...]]]:
    """The template with those numbers in it that are always the same, and the columns of the others."""
    written: list[Piece] = []
    varying = []
    left = iter(columns)
    for piece in template:
        text = piece
        if isinstance(piece, int):
            column = next(left)
            if column.count(column[0]) == len(column):
                text = f"{column[0]:,}" if piece == COMMAS else str(column[0])
            else:
                varying.append(column)
        if isinstance(text, str) and written and isinstance(written[-1], str):
            written[-1] += text
        else:
            written.append(text)
    return written, varying


def _lists(frame: Frame, rows: Sequence[int], texts: Sequence[str]) -> dict[str, Any]:
    parts = [texts[row].split(", ") for row in rows]
    above = [row for row, some in zip(rows, parts, strict=True) for _ in some]
    return {
        "counts": number_form(map(len, parts)),
        "parts": texts_form(frame.below(above), [part for some in parts for part in some]),
    }
