"""Pages of made runs for the tests of the panels."""

from __future__ import annotations

import functools
from collections.abc import Callable

from tests.analysis.loop_story import fetching
from tests.browser import runs
from tests.browser.big import big_trace
from tests.browser.opened import Opened
from tests.render.traces import selector
from tracedemo.analysis.study import Study
from tracedemo.events import Trace
from tracedemo.render.html import page

TRACES: dict[str, Callable[[], Trace]] = {
    **runs.RUNS,
    "loop": fetching,
    "big": functools.partial(big_trace, 240),
    "crowd": functools.partial(selector, 60),
}

OpenRuns = Callable[..., Opened]


@functools.cache
def studies(*names: str) -> tuple[Study, ...]:
    """These runs, each called by its name."""
    return tuple(Study(TRACES[name](), name) for name in names)


@functools.cache
def html(*names: str) -> str:
    """The page of these runs."""
    return "".join(page(studies(*names)))
