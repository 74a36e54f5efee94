"""Rules of this lesson alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


@rule(
    "run/returns",
    "A generator may end before its first yield, too: what it returns is `stop.value` then as well.",
)
def returns(case: Case) -> Iterator[Broken]:
    """A coroutine that never waits is driven to its end, and what it returned comes out."""
    page = f"the page {case.values['n']}, from the cache".encode()
    if hashlib.sha256(page).hexdigest() not in case.output:
        yield Broken("what a coroutine returned that never waits did not come out")


RULES = by_name(returns)
