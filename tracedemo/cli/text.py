"""Paragraphs for a terminal, where no view is shown and rich is not needed."""

from __future__ import annotations

import shutil
import textwrap

NARROWEST, WIDEST = 50, 100
"""Columns: what is wider is hard to read."""


def columns() -> int:
    """How wide a text for people should be here."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def paragraph(text: str, first: str, indent: int, *, breaks: bool = False) -> str:
    """A text in lines that fit the screen, indented; `first` stands where the indent of the first line would be.

    Args:
        breaks: whether a word that is longer than a line is broken; else it stands out.
    """
    return textwrap.fill(text, columns(), initial_indent=first, subsequent_indent=" " * indent,
                         break_long_words=breaks, break_on_hyphens=False)  # fmt: skip
