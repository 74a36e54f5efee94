"""What a page holds: JavaScript's heap, and its process as the kernel counts it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

BUSY = "() => { const end = performance.now() + 80; while (performance.now() < end) {} }"


class Memory(NamedTuple):
    """Bytes."""

    heap: int
    """JavaScript's objects; the buffers of typed arrays are not among them."""
    renderer: int
    """PSS of the process that draws the page: its own memory, and its share of what several processes use."""


def resident(page: Page) -> Memory:
    """What the page holds after its garbage is collected.  Linux only, and the browser must be one's own."""
    session = page.context.new_cdp_session(page)
    try:
        session.send("HeapProfiler.collectGarbage")
        heap = int(session.send("Runtime.getHeapUsage")["usedSize"])
    finally:
        session.detach()
    return Memory(heap, pss(renderer(page)))


def renderer(page: Page) -> int:
    """The process of the page: of all that draw, the one that works when this page does."""
    before = _work_of_renderers(page)
    page.evaluate(BUSY)
    return max(_work_of_renderers(page).items(), key=lambda process: process[1] - before.get(process[0], 0))[
        0
    ]


def _work_of_renderers(page: Page) -> dict[int, float]:
    """Process -> seconds of CPU time so far."""
    browser = page.context.browser
    assert browser is not None
    session = browser.new_browser_cdp_session()
    try:
        told = session.send("SystemInfo.getProcessInfo")["processInfo"]
    finally:
        session.detach()
    return {process["id"]: process["cpuTime"] for process in told if process["type"] == "renderer"}


def pss(pid: int) -> int:
    """Bytes of a process, each shared page counted in part: proportional set size."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found, rollup
    return int(found[1]) * 1024
