"""Where a view is shown: what a stream can take, decided in one place.  Nothing is printed here.

Rules (measured: research on rich 15, terminals and pipes)
    * A terminal gives its width. Anything else gets lines as long as they are: no wrapping, no ellipsis, no box, so that
      `| less -S` and `| grep` see all. COLUMNS in the environment is a width that somebody wants.
    * Colour is rich's decision: terminals yes, pipes no; NO_COLOR, FORCE_COLOR, TTY_COMPATIBLE and TERM=dumb are obeyed.
    * An encoding that lacks our glyphs gets the ASCII ones, and no character may crash the program: what still cannot be
      encoded becomes a question mark.
    * Text is never markup: it may come from a trace.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO

from rich.console import Console
from rich.theme import Theme

from tracedemo.analysis.filters import Filter
from tracedemo.render.glyphs import STYLES
from tracedemo.render.options import Options
from tracedemo.render.pipe import NARROWEST, UNLIMITED, can_write, is_terminal, take_any_text, wanted_width

THEME = Theme(STYLES)


def console_for(
    stream: IO[str],
    *,
    width: int | None = None,
    color: bool | None = None,
    record: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Console:
    """A console that writes to `stream`, as its kind demands.

    Args:
        width: columns to keep within; None: the terminal's, or without one no limit.
        color: None: as the stream and the environment have it.
        record: keep what is printed for `export_svg` and `export_html`.
    """
    environ = dict(os.environ if environ is None else environ)
    for name in ("COLUMNS", "LINES"):
        if not environ.get(name, "0").isdecimal():  # rich takes "²" for a number
            del environ[name]
    take_any_text(stream)
    if width is None and not is_terminal(stream):
        width = wanted_width(environ) or UNLIMITED
    return Console(
        file=stream, theme=THEME, width=width, record=record, markup=False, emoji=False, highlight=False,
        no_color=None if color is None else not color, force_terminal=color or None, _environ=environ,
    )  # fmt: skip


def options_for(
    console: Console, *, ascii: bool | None = None, unfold: bool = False, only: Filter | None = None
) -> Options:
    """How views are to be shown on a console.

    Args:
        ascii: None: when the console's encoding lacks our glyphs.
    """
    width = None if console.width >= UNLIMITED else max(console.width, NARROWEST)
    plain = not can_write(console.encoding) if ascii is None else ascii
    styled = console.color_system is not None or console.record
    return Options(width=width, ascii=plain, unfold=unfold, only=only, styled=styled)
