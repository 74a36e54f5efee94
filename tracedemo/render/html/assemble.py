"""Puts the page together: one file, with its style, its program and its data, and nothing from anywhere else."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from typing import Any

STYLES = (
    "page.css",
    "ink.css",
    "cursor.css",
    "stage.css",
    "panels.css",
    "log.css",
    "many.css",
    "diff.css",
    "print.css",
)
SCRIPTS = (
    "dom.js", "columns.js", "data.js", "tables.js", "segments.js", "stories.js", "walk.js",
    "filter.js", "state.js", "ink.js", "scale.js", "lanes.js", "strip.js",
    "timeline.js", "cursors.js", "pointer.js", "stepper.js", "verdict.js", "toolbar.js", "legend.js", "tokens.js",
    "source.js", "cursor.js", "virtual.js", "log.js", "phases.js", "wakeups.js", "loop.js", "outside.js", "findings.js",
    "diff.js", "flights.js", "many_map.js", "many_draw.js", "many.js", "look.js", "keys.js", "main.js",
)  # fmt: skip
"""Files below static/, in the order in which they stand in the page.  They share one scope."""

PLAIN = 200_000
"""Characters of data that stand in the page as they are, to be read; more of them are compressed."""


def assembled(data: Any, title: str) -> Iterator[str]:
    """The pieces of the page."""
    fill: dict[str, Callable[[], Iterable[str]]] = {
        "<!--TITLE-->": lambda: [html.escape(title)],
        "/*STYLE*/": lambda: (static(f"css/{name}") for name in STYLES),
        "<!--DATA-->": lambda: _data(data),
        "/*SCRIPT*/": lambda: (_BEGIN, *(static(f"js/{name}") for name in SCRIPTS), _END),
    }
    for part in _PLACE.split(static("page.html")):
        yield from fill[part]() if part in fill else (part,)


_PLACE = re.compile(r"(<!--TITLE-->|/\*STYLE\*/|<!--DATA-->|/\*SCRIPT\*/)")
_BEGIN, _END = '\n(() => {\n"use strict";\n', "})();\n"


def static(name: str) -> str:
    """A file of the page."""
    return (files("tracedemo.render.html") / "static" / name).read_text(encoding="utf-8")


def _data(data: Any) -> Iterator[str]:
    text = json_text(data)
    if len(text) <= PLAIN:
        yield f'<script type="application/json" id="data">{text}</script>'
        return
    packed = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    yield f'<script type="application/gzip+base64" id="data">{packed}</script>'


def json_text(data: Any) -> str:
    """JSON that can stand in a page: nothing in it ends the element, or begins a comment."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("</", "<\\/").replace("<!--", "<\\u0021--")
