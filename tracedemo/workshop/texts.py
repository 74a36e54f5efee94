"""Texts of a lesson, taken apart: sections by their headings, paragraphs, and code that is to stay as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

_FENCE = "```"
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")


class Block(NamedTuple):
    """A part of a text."""

    text: str
    """A paragraph or an item of a list on one line; of code, all its lines."""
    code: bool = False


def sections(text: str) -> Mapping[str, str]:
    """What stands below each `## Heading`, in their order; what stands above the first one is left out."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {heading.strip(): body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}


def blocks(text: str) -> Sequence[Block]:
    """Paragraphs, items and code, in order: a paragraph can be wrapped anew, code cannot."""
    found: list[Block] = []
    for number, part in enumerate(re.split(rf"^{_FENCE}.*$", text, flags=re.MULTILINE)):
        found += [Block(part.strip("\n"), code=True)] if number % 2 else map(Block, _paragraphs(part))
    return [block for block in found if block.text]


def _paragraphs(text: str) -> Iterator[str]:
    held: list[str] = []
    for line in [*text.splitlines(), ""]:
        if held and (not line.strip() or _ITEM.match(line)):
            yield " ".join(held)
            held = []
        if line.strip():
            held.append(line.strip())
