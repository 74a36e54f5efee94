"""Starting the browser: the system's own, never one that Playwright would fetch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.conftest import find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    # Nothing leaves this machine, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser with no page, ended at the end.  As long as it is there asyncio cannot be used on this thread."""
    from playwright.sync_api import sync_playwright

    # As root Chromium refuses to start in its sandbox.
    flags = FLAGS + (("--no-sandbox",) if os.geteuid() == 0 else ())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(flags))
        try:
            yield browser
        finally:
            browser.close()
