"""A page that is watched: what it asked for, what it said, what went wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

INLINE = ("data:", "blob:")
"""Addresses that hold, or stand for, what the page has already.  (Of data: Playwright tells nothing anyway.)"""

SCREEN = {"width": 1280, "height": 720}

DRAWN = "tracedemo:drawn"


class Opened:
    """A page in a context of its own."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.requests: list[str] = []
        self.inline: list[str] = []
        self.messages: list[str] = []
        self.errors: list[str] = []
        # Of the context, not of the page: workers and windows that the page opens are to be seen, too.
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", lambda message: self.messages.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.page: Page = context.new_page()
        self.page.on("websocket", lambda socket: self._asked(socket.url))
        self.page.on("crash", lambda _: self.errors.append("the page crashed"))

    def _asked(self, url: str) -> None:
        (self.inline if url.startswith(INLINE) else self.requests).append(url)

    def nothing_else(self) -> None:
        """Assert that the page asked for its own file alone, said nothing, and raised nothing."""
        self.frame()
        did = {"requests": self.requests, "messages": self.messages, "errors": self.errors}
        assert {"requests": [self.url], "messages": [], "errors": []} == did

    def frame(self) -> None:
        """Wait until all that is to be seen has been drawn: the end of the next frame, and the start of another."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        )

    def drawn(self, mark: str = DRAWN) -> float:
        """Wait until the page says that it is drawn; milliseconds from the start of its navigation."""
        entries = f"performance.getEntriesByName({mark!r})"
        self.until(f"{entries}.length > 0")
        return float(self.page.evaluate(f"{entries}[0].startTime"))

    def until(self, holds: str) -> None:
        """Wait until a JavaScript expression is true, looked at in each frame.

        Not by `wait_for_function`: from its second look on Playwright asks by `eval`, which our page allows nobody.
        """
        self.page.evaluate(
            "() => new Promise(done => { const look = () => "
            f"({holds}) ? done() : requestAnimationFrame(look); look() }})"
        )

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, as Playwright names them."""
        for key in keys:
            self.page.keyboard.press(key)

    def sideways(self) -> int:
        """Pixels by which the page is wider than its window."""
        return int(
            self.page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def measures(self, name: str) -> list[float]:
        """Milliseconds that the page has measured under that name, in order."""
        return list(
            self.page.evaluate("name => performance.getEntriesByName(name).map(it => it.duration)", name)
        )


@contextmanager
def opened(browser: Browser, path: Path | str, **options: Any) -> Iterator[Opened]:
    """A file (Path) or an address (str), loaded in a new context; Playwright's options of a context."""
    url = path.resolve().as_uri() if isinstance(path, Path) else path
    context = browser.new_context(**({"viewport": SCREEN} | options))
    try:
        watched = Opened(context, url)
        watched.page.goto(url)
        yield watched
    finally:
        context.close()
