"""The handout on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt

from tests.browser.opened import Opened
from tests.browser.paper import printed, sheets

HANDOUT = Path(__file__).parents[2] / "docs" / "workshop" / "handout.md"
LOOK = """<meta charset=utf-8><title>Handout</title><style>
body { font: 9.5pt/1.25 sans-serif } code, pre { font: 8.5pt monospace } p, ol { margin: 3pt 0 }
h1 { font-size: 14pt; margin: 0 } h2 { font-size: 11pt; margin: 7pt 0 2pt }
table { border-collapse: collapse } td, th { padding: 1pt 5pt; vertical-align: top; text-align: left }
</style>"""


def test_handout_fits_on_two_pages(report_page: Callable[..., Opened]) -> None:
    """Printed in a small type, the handout is one sheet of A4, both sides."""
    text = MarkdownIt("commonmark").enable("table").render(HANDOUT.read_text(encoding="utf-8"))

    page = report_page(LOOK + text)

    margin = dict.fromkeys(("top", "bottom", "left", "right"), "14mm")
    assert 2 == len(sheets(printed(page.page, margin=margin)))
