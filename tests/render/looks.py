"""How tests look at views: as text of a given width, against the picture that was kept."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.cells import cell_len

from tests.analysis.loop_story import fetching
from tests.render import traces
from tests.render.kernel_trace import kernel
from tracedemo.analysis.study import Study
from tracedemo.events import Trace
from tracedemo.render import VIEWS, Options
from tracedemo.render.console import console_for, options_for
from tracedemo.render.lines import Line

GOLDEN = Path(__file__).with_name("golden")
REWRITE = os.environ.get("TRACEDEMO_REWRITE") == "1"
"""Set it to keep what is shown now as what is expected; then read the difference before you commit it."""

MAKERS = {
    "selector": traces.selector,
    "blocking": traces.blocking,
    "nonblocking": traces.nonblocking,
    "hostile": traces.hostile,
    "forked": traces.forked,
    "sleeping": traces.sleeping,
    "kernel": kernel,
    "looping": fetching,
    "one event": traces.one_event,
    "empty": Trace,
}
"""Traces by name, from the ordinary to the worst."""


@cache
def study(name: str) -> Study:
    return Study(MAKERS[name]())


def studies(names: str) -> list[Study]:
    """`blocking, selector`: several."""
    return [study(name) for name in names.split(", ")]


def show(view: str, names: str, width: int | None = 100, *, startup: bool = False, **options: object) -> str:
    """A view as it is printed."""
    file = io.StringIO()
    console = console_for(file, width=width, environ={})
    wanted = options_for(console, **({"ascii": False} | options))
    console.print(VIEWS[view].table(studies(names), replace(wanted, startup=startup)))
    return file.getvalue()


def lines(view: str, names: str, width: int | None = 100, **options: object) -> list[Line]:
    """A view as lines of styled pieces."""
    return list(VIEWS[view].table(studies(names), Options(width=width, **options)))


def said(view: str, names: str, **options: object) -> list[str]:
    """A view in sentences."""
    return list(VIEWS[view].plain(studies(names), Options(**options)))


def style_of(found: list[Line], text: str) -> str:
    """The style of the first piece that holds a text."""
    return next(style for line in found for piece, style in line if text in piece)


def widest(text: str) -> int:
    """Columns of the longest line."""
    return max(map(cell_len, text.splitlines()), default=0)


def check_golden(name: str, text: str) -> None:
    """Compare with the kept picture, or keep this one."""
    path = GOLDEN / f"{name}.txt"
    if REWRITE:
        path.write_text(text, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == text, f"see {path.name}; TRACEDEMO_REWRITE=1 keeps the new one"
