"""The page: one file of HTML that shows runs, with everything that it needs inside.

`payload` says what the page knows, small; `assemble` puts it together with the files below static/, which are what a
browser runs: plain JavaScript and CSS, to be read and changed as they are.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from tracedemo import __version__
from tracedemo.analysis.diff import Diff
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.render.html.assemble import assembled
from tracedemo.render.html.differences import differences_form
from tracedemo.render.html.payload import payload
from tracedemo.render.words import listing, name_of

__all__ = ["page"]


def page(
    studies: Sequence[Study], title: str = "", *, sources: bool = True, differences: Diff | None = None
) -> Iterator[str]:
    """The pieces of the page's file.

    Args:
        studies: the runs, side by side, at least one.
        title: what the page is called; if empty, as its runs are.
        sources: with the text of source files.
        differences: the diff of the first two runs, to be shown with them.
    """
    title = clean(title or listing([name_of(study) for study in studies]))
    with _no_search_for_garbage():
        data = payload(studies, title, _made(studies), sources=sources)
        if differences is not None:
            data["diff"] = differences_form(differences, studies)
    yield from assembled(data, title)


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Millions of small objects come and go, and none of them in circles: to look for these takes a quarter of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _made(studies: Sequence[Study]) -> str:
    """When the runs were recorded, and what made the page.  Not when it was made: the same traces give the same page."""
    times = [study.trace.header.clock_start[1] for study in studies if study.trace.header.clock_start[1] > 0]
    when = f", recorded {datetime.fromtimestamp(min(times) / 1e9, UTC):%Y-%m-%d %H:%M} UTC" if times else ""
    return f"tracedemo {__version__}{when}"
