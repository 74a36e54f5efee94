"""How views are shown on a stream that takes text and nothing else: a pipe or a file.  A terminal, and what somebody wants
coloured, is for `console`.  No rich here: it takes longer to import than most runs take to be shown.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING

from tracedemo.render.glyphs import NEEDED
from tracedemo.render.options import Options

if TYPE_CHECKING:
    from tracedemo.analysis.filters import Filter

UNLIMITED = 1_000_000
"""So many columns are as good as no limit."""

NARROWEST = 40
"""Columns that views need: a terminal with fewer wraps what they say."""


def options_for_pipe(
    stream: IO[str],
    *,
    unfold: bool = False,
    only: Filter | None = None,
    environ: Mapping[str, str] | None = None,
) -> Options | None:
    """How views are to be shown on a pipe; None: it is none, or the environment asks for what only a terminal has."""
    environ = os.environ if environ is None else environ
    if is_terminal(stream) or "FORCE_COLOR" in environ or environ.get("TTY_COMPATIBLE"):
        return None
    take_any_text(stream)
    width = wanted_width(environ)
    plain = not can_write(getattr(stream, "encoding", None) or "utf-8")
    return Options(width=width and max(width, NARROWEST), ascii=plain, unfold=unfold, only=only, styled=False)


def take_any_text(stream: IO[str]) -> None:
    """What the encoding of a stream has not, becomes a question mark, and no failure."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")


def wanted_width(environ: Mapping[str, str]) -> int | None:
    """The columns that somebody wants where there is no terminal; None: any number."""
    columns = environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else 0
    return width if 0 < width < UNLIMITED else None


def can_write(encoding: str) -> bool:
    """Whether an encoding has all our glyphs."""
    try:
        NEEDED.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def is_terminal(stream: IO[str]) -> bool:
    """Whether a stream is one; no stream at all, or a closed one, is none."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False
