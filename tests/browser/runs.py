"""Runs to be shown on a page, and the page of them."""

from __future__ import annotations

from collections.abc import Callable

from tests.render import traces
from tests.render.kernel_trace import kernel
from tests.render.traces import MS, US, Script
from tracedemo.analysis.study import Study
from tracedemo.events import Trace
from tracedemo.render.html import page


def threads(number: int = 64) -> Trace:
    """As many threads as that, each with one fetch of its own."""
    script = Script("threads", requests=number)
    waits = {"could_wait": True, "size": 4096}
    for k in range(number):
        name, tid, fd, at = f"fetch #{k + 1}", 1000 + k, 3 + k, script.now + k * 100 * US
        for op, took, begin, fields in (
            ("socket", 20 * US, 0, {"result": fd}),
            ("connect", 90 * US, 30 * US, {"args": {"address": "127.0.0.1:8000"}}),
            ("sendall", 20 * US, 130 * US, {"bytes": 60, "args": {"size": 60}}),
            ("recv", 30 * MS, 160 * US, {"bytes": 400, "result": 400, "args": waits}),
            ("close", 10 * US, 31 * MS, {}),
        ):
            script.add(
                "python",
                op,
                took,
                at=at + begin,
                owner=name,
                tid=tid,
                fd=fd,
                site=script.site(1, "f"),
                **fields,
            )
    script.now += 40 * MS
    return script.trace()


def nothing() -> Trace:
    """A run in which nothing was recorded."""
    return Script("silent.py", kind="script", requests=None, server={}).trace()


RUNS: dict[str, Callable[[], Trace]] = {
    "blocking": traces.blocking,
    "nonblocking": traces.nonblocking,
    "selector": traces.selector,
    "kernel": kernel,
    "forked": traces.forked,
    "hostile": traces.hostile,
    "sleeping": traces.sleeping,
    "one event": traces.one_event,
    "nothing": nothing,
    "threads": threads,
}

THREE = ("blocking", "nonblocking", "selector")


def studies(*names: str) -> list[Study]:
    """These runs."""
    return [Study(RUNS[name]()) for name in names]


def html(*names: str) -> str:
    """The page of these runs."""
    return "".join(page(studies(*names)))
