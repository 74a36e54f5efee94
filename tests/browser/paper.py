"""The page on paper: a PDF, and how many sheets of which size it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHEET = re.compile(rb"/Type\s*/Page\b.*?/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", re.DOTALL)


def printed(page: Page, **options: Any) -> bytes:
    """The page as it is printed; Playwright's options: format="A4", landscape=True, margin={"top": "1cm"} ..."""
    return page.pdf(**({"format": "A4", "print_background": True} | options))


def sheets(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page, in points (A4: 595 x 842), for a PDF as Chromium writes it."""
    return [(float(width), float(height)) for width, height in SHEET.findall(pdf)]
