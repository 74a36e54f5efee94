"""Explanations: topics as a page of text, as sentences, and as objects.  Names and commands are never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracedemo.analysis.topics import Part, Topic
from tracedemo.events import NOT_YET
from tracedemo.render.lines import BLANK, Line, fold_text, safe
from tracedemo.render.options import Options

READABLE = 100
"""Columns: a text in wider lines is hard to read."""

_INDENT = 2
_GAP = 2
_LONGEST_KEY = 20
"""A part with longer keys (commands) has its texts below them."""
_LEAST = 24
"""Columns that a text beside its key needs."""


def table(topics: Sequence[Topic], options: Options) -> Iterator[Line]:
    """A page of text; on a pipe without a width every text is one line."""
    width = min(options.width, READABLE) if options.width else None
    for number, topic in enumerate(topics):
        if number:
            yield BLANK
        yield from _topic(topic, width, options)


def plain(topics: Sequence[Topic], options: Options) -> Iterator[str]:
    """One sentence a line."""
    for topic in topics:
        yield safe(f"{topic.name} is {topic.about}. {topic.meaning}", options.glyphs)
        for part in topic.parts:
            for key, text in part.rows:
                yield safe(
                    f"{topic.name}, {part.name}: {': '.join(filter(None, (key, text)))}", options.glyphs
                )


def rows(topics: Sequence[Topic]) -> Iterator[dict[str, Any]]:
    """One object a topic: each part by its name, a list of [what, text about it]."""
    for topic in topics:
        yield {
            "kind": topic.kind,
            "name": topic.name,
            "meaning": topic.meaning,
            **{part.name.replace(" ", "_"): [list(row) for row in part.rows] for part in topic.parts},
        }


def _topic(topic: Topic, width: int | None, options: Options) -> Iterator[Line]:
    not_yet = topic.kind == "errno" and topic.name in NOT_YET
    yield (topic.name, "not-yet" if not_yet else "title"), (f"  {topic.about}", "dim")
    for text in _folded(topic.meaning, width, _INDENT):
        yield ((" " * _INDENT + safe(text, options.glyphs), ""),)
    yield BLANK
    column = _INDENT + max((len(part.name) for part in topic.parts), default=0) + _GAP
    for part in topic.parts:
        label = f"{' ' * _INDENT}{part.name}".ljust(column)
        for pieces in _rows(part, None if width is None else width - column, options):
            yield ((label, "dim"), *pieces)
            label = " " * column


def _rows(part: Part, width: int | None, options: Options) -> Iterator[Line]:
    longest = max(len(key) for key, _ in part.rows)
    beside = longest <= _LONGEST_KEY and (width is None or width - longest - _GAP >= _LEAST)
    column = longest + _GAP if beside and longest else 0
    for key, text in part.rows:
        folded = _folded(safe(text, options.glyphs), width, column or _INDENT * bool(key)) if text else []
        if column:
            yield ((key.ljust(column), "strong"), (folded[0] if folded else "", ""))
            yield from (((" " * column + line, ""),) for line in folded[1:])
            continue
        if key:
            yield ((key, "strong"),)
        yield from (((" " * (_INDENT * bool(key)) + line, ""),) for line in folded)


def _folded(text: str, width: int | None, indent: int) -> list[str]:
    return [text] if width is None else fold_text(text, max(width - indent, 10))
