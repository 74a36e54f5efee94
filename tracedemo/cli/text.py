"""Paragraphs for a terminal, where no view is shown and rich is not needed."""

from __future__ import annotations

import re
import shutil
import textwrap
from itertools import groupby

NARROWEST, WIDEST = 50, 100
"""Columns: what is wider is hard to read."""


_COLUMN = re.compile(r" +\S+(?: \S+)* {2,}(?=\S)")
"""An indented line of two columns, up to the second one."""


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


def fitted(text: str, width: int) -> str:
    """A help in lines of that width: as it is written, if it fits; else paragraphs are wrapped anew, and an indented line
    goes on below its second column, or with a deeper indent.
    """
    if max(map(len, text.splitlines()), default=0) <= width:
        return text
    lines: list[str] = []
    for indented, group in groupby(text.splitlines(), key=lambda line: not line or line.startswith(" ")):
        if indented:
            for line in group:
                lines += textwrap.wrap(line, width, subsequent_indent=_deeper(line, width)) or [""]
        else:
            lines += textwrap.wrap(" ".join(group), width)
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def _deeper(line: str, width: int) -> str:
    found = _COLUMN.match(line)
    if found and found.end() <= width // 2:
        return " " * found.end()
    return " " * (len(line) - len(line.lstrip()) + 4)
