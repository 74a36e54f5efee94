"""What a page tells its reader to type: it is held to exist by tests, and is typed by scripts/workshop-day."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

QUOTED = re.compile(r"`tracedemo ([^`]+)`|^ {4,}tracedemo ([^\n]+)$", re.MULTILINE)


def commands(text: str) -> Iterator[list[str]]:
    """What stands behind `tracedemo` in a line of text or in a block, word by word, in order."""
    for inline, block in QUOTED.findall(text):
        line = " ".join((inline or block).split())
        yield shlex.split(line.partition(" > ")[0].partition("   ")[0])
