"""Whose step each step is, told by what is known already: a wakeup says who is ready, and these go on one after another.

A code for each step: what its socket is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracedemo.render.html.columns import number_form

SAME, NONE, NEXT, NEW, OTHER = range(5)
"""That of the step before; none; the next one in the list of the last wakeup; the one after the highest so far; another,
given as a number."""


def whose_form(conns: Sequence[int], ready: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The socket of each step, -1 for none.

    Args:
        ready: what each step found ready.
    """
    codes = list(_codes(conns, ready))
    return {
        "code": number_form(codes),
        "others": [conn for conn, code in zip(conns, codes, strict=True) if code == OTHER],
    }


def _codes(conns: Sequence[int], ready: Sequence[Sequence[int]]) -> Iterator[int]:
    before, highest = -1, -1
    waiting: list[int] = []
    for conn, found in zip(conns, ready, strict=True):
        if conn == before:
            yield SAME
        elif conn < 0:
            yield NONE
        elif waiting and waiting[-1] == conn:
            yield NEXT
        else:
            yield NEW if conn == highest + 1 else OTHER
        if waiting and waiting[-1] == conn:
            waiting.pop()
        if found:
            waiting = [socket for socket in reversed(found) if socket >= 0]
        before, highest = conn, max(highest, conn)
