"""Columns of whole numbers, written small: what `static/js/columns.js` reads.

Theory
    A page holds hundreds of thousands of rows, and most of what they say can be foreseen: the same sentence with other
    numbers, a number that is the descriptor of this connection, a time a little later than the one before. So a text is
    parted into a template and its numbers (`texts`), and each column of numbers is written in the form that compresses
    best, which is found by compressing. What the words are is decided in Python alone: the page only puts them together.

A column of numbers is, in JSON,
    7                       the same in all rows
    "#$$#"                  a character a row: small numbers, 0 is "#"
    [1, 5, 3]               the numbers
    {"p": [...], "from": 3} the numbers less the least of them, digit by digit in base 57: first the columns of low digits
    {"d": column}           of each row the change since the row before; of the first one, since 0
    {"g": column}           the change since the last row of the same group; of its first row, since the first row of the
                            group that began before it
    {"of": 3}               what the third fact says of the row's group
    {"as": "call0"}         the same as a column that is known already
    {"by": "op", "to": [4]} what the code in a known column stands for here

Rows belong to a frame, which knows the group of each (its connection) and columns that were written before. A fact is a
number for each group, such as the descriptor of a connection.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import eq
from typing import Any

Numbers = Sequence[int]

FIRST, BACKSLASH = 35, 92
SMALL = BACKSLASH - FIRST
"""Numbers below this one can be written as a character; none of these characters needs an escape in JSON."""
_DIGITS = 1_000
"""From so many rows on, numbers may be written digit by digit: of fewer, a person may want to read them."""
_CODES = 200
"""Columns with at most so many different numbers can stand for others."""
_SAMPLE = 6_000
"""Rows that are compressed to find out what a form costs ..."""
_SAMPLES = 3
"""... in so many places of a long column."""


class Facts:
    """Numbers that are true for a whole group, found while columns are written."""

    def __init__(self, groups: int) -> None:
        self._groups = groups
        self._found: list[dict[int, int]] = []

    def fitting(self, by_group: Mapping[int, int]) -> int | None:
        """The fact that says this of all these groups, or says nothing yet of some of them, which it then learns."""
        for number, known in enumerate(self._found):
            shared = by_group.keys() & known.keys()
            if shared and all(known[group] == by_group[group] for group in shared):
                known.update(by_group)
                return number
        return None

    def add(self, by_group: Mapping[int, int]) -> int:
        """A new fact."""
        self._found.append(dict(by_group))
        return len(self._found) - 1

    def written(self) -> list[Any]:
        """All facts, as columns with a row for each group, and one more for rows without a group.  What nobody asks for
        is as in the group before.
        """
        return [number_form(_filled(known, self._groups)) for known in self._found]


def _filled(known: Mapping[int, int], groups: int) -> Iterator[int]:
    last = 0
    for group in (*range(groups), -1):
        last = known.get(group, last)
        yield last


class Frame:
    """Rows of something: their groups, and the columns of them that are known.

    Args:
        groups: of each row; -1: none.
        facts: what is known of groups; None: nothing can be.
        above: a frame that knows more, and the row there of each row here.
    """

    def __init__(
        self, groups: Numbers, facts: Facts | None = None, above: tuple[Frame, Numbers] | None = None
    ) -> None:
        self.groups = groups
        self.facts = facts
        self._above = above
        self.said: dict[str, Sequence[str]] = {}
        """Texts of each row that are known, by name: where one stands in another text, its name is enough."""
        self._columns: dict[str, Numbers] = {}
        self.codes: list[str] = list(above[0].codes) if above else []
        """Names of known columns from which others may follow ..."""
        self.names: list[str] = list(above[0].names) if above else []
        """... and of those that others may be the same as."""

    def __len__(self) -> int:
        return len(self.groups)

    def below(self, rows: Numbers) -> Frame:
        """Rows that belong to rows of this one, and know what those know by now.

        Args:
            rows: the row here of each row there.
        """
        frame = Frame(list(map(self.groups.__getitem__, rows)), self.facts, (self, rows))
        frame.said = {name: list(map(said.__getitem__, rows)) for name, said in self.said.items()}
        return frame

    def know(self, name: str, values: Numbers, *, codes: bool = False) -> None:
        """A column that was written: others may be the same.

        Args:
            codes: or may follow from it.
        """
        self._columns[name] = values
        if codes and len(set(values)) > 1 and max(values) < _CODES and min(values) >= 0:
            self.codes.append(name)
        elif not codes:
            self.names.append(name)

    def column(self, name: str) -> Numbers:
        """A column that is known."""
        if name not in self._columns and self._above is not None:
            frame, rows = self._above
            self._columns[name] = list(map(frame.column(name).__getitem__, rows))
        return self._columns[name]

    def form(self, values: Numbers, rows: Numbers | None = None) -> Any:
        """A column, in its smallest form.

        Args:
            rows: those that have a value; None: all have.
        """
        if not values or values.count(values[0]) == len(values):
            return values[0] if values else 0
        rows = range(len(self)) if rows is None else rows
        groups = self.groups if len(rows) == len(self) else [self.groups[row] for row in rows]
        by_group = _by_key(values, groups) if self.facts else None
        if (found := self._known(values, rows)) is not None:
            return found
        if self.facts and by_group and (fact := self.facts.fitting(by_group)) is not None:
            return {"of": fact}
        form, cost = _cheapest(values, groups)
        if self.facts and by_group and _compressed(number_form(by_group.values())) <= cost:
            return {"of": self.facts.add(by_group)}
        return form

    def _known(self, values: Numbers, rows: Numbers) -> Any:
        """The column, if it follows from one that is known."""
        for name in self.names:
            known = self.column(name)
            if all(map(eq, map(known.__getitem__, rows), values)):
                return {"as": name}
        for name in self.codes:
            known = self.column(name)
            found = _by_key(values, map(known.__getitem__, rows))
            if found and len(found) * 4 < len(values):
                return {"by": name, "to": [found.get(code, 0) for code in range(max(found) + 1)]}
        return None


def _by_key(values: Numbers, keys: Iterable[int]) -> dict[int, int] | None:
    """The value of each key; None if one has several, or if there is only one."""
    of = list(keys)
    # Most columns say no within their first rows; of the others all rows are asked at once.
    for end in (_FIRST, len(of)):
        some, asked = of[:end], values[:end]
        found = dict(zip(some, asked, strict=True))
        if not all(map(eq, map(found.__getitem__, some), asked)):
            return None
    return found if len(found) > 1 else None


_FIRST = 1_000


def number_form(values: Iterable[int]) -> Any:
    """A column of rows that belong to no group."""
    numbers = list(values)
    if not numbers or numbers.count(numbers[0]) == len(numbers):
        return numbers[0] if numbers else 0
    return _cheapest(numbers, None)[0]


def _cheapest(values: Numbers, groups: Numbers | None) -> tuple[Any, int]:
    """The form that takes least, and about how many bytes that is."""
    ways = {"": values, "d": changes(values)}
    if groups is not None and 1 < len(set(groups)) < len(groups):
        ways["g"] = changes_in_groups(values, groups)
    best: tuple[int, str, Numbers] | None = None
    for name, numbers in ways.items():
        cost = sum(_compressed(_written(some, len(values))) for some in _samples(numbers))
        if best is None or cost < best[0]:
            best = cost, name, numbers
    assert best is not None  # noqa: S101  # there are always two ways
    cost, name, numbers = best
    form = _written(numbers, len(values))
    whole = cost * len(values) // sum(map(len, _samples(values)))
    return ({name: form} if name else form), whole


def changes(values: Numbers) -> list[int]:
    """Of each row the change since the row before."""
    return [value - before for value, before in zip(values, (0, *values), strict=False)]


def changes_in_groups(values: Numbers, groups: Numbers) -> list[int]:
    """Of each row the change since the last one of its group."""
    last: dict[int, int] = {}
    first, found = 0, []
    for value, group in zip(values, groups, strict=True):
        if group in last:
            found.append(value - last[group])
        else:
            found.append(value - first)
            first = value
        last[group] = value
    return found


def _written(values: Numbers, rows: int) -> Any:
    """Numbers as they are, and characters where all of them are small.

    Args:
        rows: of how many rows these are some.
    """
    least, most = min(values), max(values)
    if least == most:
        return least
    if least >= 0 and most < SMALL:
        return _letters(values)
    return list(values) if rows < _DIGITS else _digits(values, least)


def _digits(values: Numbers, least: int) -> Any:
    """Numbers digit by digit: low digits are like noise, and high ones nearly all the same, so they don't mix well."""
    left = [value - least for value in values]
    planes = []
    while any(left):
        planes.append(_letters([value % SMALL for value in left]))
        left = [value // SMALL for value in left]
    return {"p": planes, "from": least}


def _letters(values: Numbers) -> str:
    return "".join(map(_LETTERS.__getitem__, values))


_LETTERS = [chr(FIRST + number) for number in range(SMALL)]


def _samples(values: Numbers) -> list[Numbers]:
    """All of a short column, some places of a long one."""
    if len(values) <= _SAMPLE * _SAMPLES:
        return [values]
    gap = (len(values) - _SAMPLE) // (_SAMPLES - 1)
    return [values[start : start + _SAMPLE] for start in range(0, len(values) - _SAMPLE + 1, gap)]


def _compressed(form: Any) -> int:
    """Bytes that it takes when the page is compressed."""
    return len(zlib.compress(json.dumps(form, separators=(",", ":")).encode(), 6))
