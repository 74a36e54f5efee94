"""The page of promises: whatever it says holds a promise is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "workshop" / "promises.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
HOLDERS = re.compile(r"`((?:tests|scripts|\.ci)/[^`]+)`")


@pytest.mark.parametrize("row", ROWS)
def test_promise_is_held(row: str) -> None:
    """Each promise names a script or a test, and each of those exists."""
    holders = HOLDERS.findall(row)

    assert holders
    for holder in holders:
        path, _, test = holder.partition("::")
        assert (ROOT / path).is_file()
        assert not test or f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8")
