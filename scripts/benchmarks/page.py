"""The page of a large run in a browser: its size, how soon it is drawn, what it holds, and what a step costs.

Drawn is what is on the screen. The picture of all sockets lies below, and is drawn when somebody comes near: here at once.
Memory is that of a page in which both are drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from table import Row, show

from tests.browser.big import big_trace
from tests.browser.chromium import launched
from tests.browser.memory import resident
from tests.browser.opened import opened
from tests.conftest import no_browser
from tracedemo.analysis.study import Study
from tracedemo.events import Trace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

MB = 1_000_000
"""Of files and of memory: the harder one."""

CONNECTIONS = 20_000
"""Ten calls each."""
STEPS_CONNECTIONS = 100

MOST = {"bytes": 1.5 * MB, "bytes with kernel": 3 * MB, "drawn": 600, "renderer": 150 * MB, "step": 20}
"""Bytes and milliseconds."""

STEPS = 40


def measure(*, quick: bool) -> bool:
    """Print the table; True when all is small and quick enough."""
    if reason := no_browser():
        print(f"The page in a browser: not measured, {reason}\n")
        return False
    rounds = 3 if quick else 5
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        rows = []
        for kernel in (False, True):
            path = _write(big_trace(CONNECTIONS, kernel=kernel), Path(folder) / "large.html")
            rows += _large(browser, path, rounds, "with kernel" if kernel else "")
        path = _write(big_trace(STEPS_CONNECTIONS, kernel=True), Path(folder) / "small.html")
        rows += _steps(browser, path, rounds)
        return show(
            f"The page, Chromium {browser.version}, {10 * CONNECTIONS:,} calls on {CONNECTIONS:,} connections",
            rows,
        )


def _write(trace: Trace, path: Path) -> Path:
    """The one place that knows how a page is made."""
    from tracedemo.render.html import page

    with path.open("w", encoding="utf-8") as file:
        file.writelines(page([Study(trace)]))
    return path


def _large(browser: Browser, path: Path, rounds: int, what: str) -> list[Row]:
    """Each round in a context, and so in a process, of its own."""
    drawn, many, heaps, renderers = [], [], [], []
    for _ in range(rounds):
        with opened(browser, path) as page:
            drawn.append(page.drawn())
            many.append(page.drawn("tracedemo:many"))
            page.nothing_else()
            held = resident(page.page)
        heaps.append(float(held.heap))
        renderers.append(float(held.renderer))
    size, name = path.stat().st_size, f"{what}: " if what else ""
    most = MOST["bytes with kernel" if what else "bytes"]
    return [
        Row(f"{name}file", _megabytes(size), _megabytes(most), size <= most),
        _row(f"{name}from the start to drawn", drawn, _milliseconds, MOST["drawn"]),
        _row(f"{name}until the picture of all sockets, too", many, _milliseconds, MOST["drawn"]),
        _row(f"{name}JavaScript's heap", heaps, _megabytes, None),
        _row(f"{name}memory of the renderer (PSS)", renderers, _megabytes, MOST["renderer"]),
    ]


def _steps(browser: Browser, path: Path, rounds: int) -> list[Row]:
    """By the page's own clock, and by all that its main thread had to do: scripts, layout and painting."""
    told, worked = [], []
    for _ in range(rounds):
        with opened(browser, path) as page:
            page.drawn()
            session = page.context.new_cdp_session(page.page)
            session.send("Performance.enable")
            before = _worked(session)
            for _ in range(STEPS):
                page.press("ArrowRight")
                page.frame()
            worked.append((_worked(session) - before) / STEPS)
            told += page.measures("tracedemo:step")[-STEPS:]
    name = f"a step, with {10 * STEPS_CONNECTIONS:,} calls"
    return [
        _row(f"{name}: as the page measures it", told, _milliseconds, MOST["step"]),
        _row(f"{name}: work of its main thread", worked, _milliseconds, MOST["step"]),
    ]


def _worked(session: CDPSession) -> float:
    """Milliseconds that the main thread of a page has worked so far."""
    metrics = {it["name"]: it["value"] for it in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(metrics["TaskDuration"])


def _row(name: str, found: list[float], say: Callable[[float], str], most: float | None) -> Row:
    middle = median(found)
    text = f"{say(middle)} ({say(min(found))} to {say(max(found))})"
    return Row(name, text, "" if most is None else say(most), most is None or middle <= most)


def _megabytes(bytes: float) -> str:
    return f"{bytes / MB:.2f} MB" if bytes < 10 * MB else f"{bytes / MB:.0f} MB"


def _milliseconds(number: float) -> str:
    return f"{number:.1f} ms" if number < 100 else f"{number:.0f} ms"
