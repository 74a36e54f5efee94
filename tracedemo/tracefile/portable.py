"""Traces that are kept with the project, and shown on other machines: they tell nothing of the one that recorded them."""

from __future__ import annotations

import json
import re
from pathlib import Path


def portable(text: str, checkout: Path, python: Path) -> str:
    """The lines of a trace without the folders and the kernel's build of the machine on which it was recorded.

    Four things are changed, and no more:
    * files below the checkout, and below the folder in which Python is installed, are named from there:
      `tracedemo/variants/selector.py`, `lib/python3.11/selectors.py`; the checkout itself becomes `.`;
    * of the platform's name what follows the kernel's first two numbers is left out: `Linux 6.1 x86_64`;
    * source text of files that are not of this project is left out;
    * and so is the checksum, which was that of the lines as they were.
    """
    for folder in (checkout, python):
        name = json.dumps(str(folder))[1:-1]
        text = text.replace(f"{name}/", "").replace(f'"{name}"', '"."')
    text = re.sub(r'("platform":"\w+ \d+\.\d+)[^" ]*', r"\1", text, count=1)
    text = re.sub(r'^(\{"end":\d+),"crc":\d+', r"\1", text, flags=re.MULTILINE)
    foreign = '{"source":"lib/'
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(foreign))
