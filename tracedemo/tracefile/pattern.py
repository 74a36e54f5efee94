"""Lines as they are written here, taken apart by one pattern, in the order of an Event's fields.

A text that many lines have is decoded once. What is of another form, or broken, is found out elsewhere (`reading`).
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from tracedemo.events import Event, Interned, Numbers, Trace
from tracedemo.tracefile.fields import END_OF_LINE, NAMES, NUMBERS, ZEROS, column_of

_TEXT = r'"(?:[^"\\\x00-\x1f]++|\\.)*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)"
_LIST = rf"\[(?:[^\[\]\"\n]++|{_TEXT}|\[(?:[^\[\]\"\n]++|{_TEXT})*+\])*+\]"
_VALUES = {
    **dict.fromkeys(NUMBERS, _NUMBER),
    "args": rf"\{{(?:[^{{}}\"\n]++|{_TEXT})*+\}}",
    "result": rf"[^\[{{\",}}\n]++|{_TEXT}|{_LIST}",
}
"""What a value looks like; of all others: a text.  Each is as exact as is needed to find its end: what is in it, is found
out when it is decoded.
"""
_FIELDS = [name for name in Event._fields if name not in END_OF_LINE]


def _part(name: str) -> str:
    """The pattern of a field, with its name and what stands before it."""
    begin = r"^\{" if name == "seq" else ","
    part = f'{begin}"{name}":({_VALUES.get(name, _TEXT)})'
    return part if name in (*ZEROS, *NAMES) else f"(?:{part})?+"


_LINE = re.compile("".join(map(_part, _FIELDS)) + r'(,"(?:site|user_site|mark)":.*|)\}\n', re.MULTILINE)


MOST_KNOWN = 50_000
"""Texts that are remembered: what most lines say is soon among them again, and what each line says anew is forgotten."""


class Written:
    """Takes lines apart that are as `writing.lines` writes them."""

    def __init__(self, trace: Trace) -> None:
        self._codes = {name: _Codes(trace, name) for name in _FIELDS if name not in NUMBERS}
        self._ends = _Ends(trace)

    def columns(self, text: str) -> list[Iterable[Any]]:
        """Columns, in the order of an Event's fields; of what is no number, codes.

        Raises:
            ValueError and its like: a line is of another form, or broken.
        """
        rows = _LINE.findall(text)
        if len(rows) != text.count("\n"):
            raise ValueError("a line of another form")
        *columns, ends = zip(*rows, strict=True)
        parts: list[Iterable[Any]] = [
            _numbers(name, texts) if name in NUMBERS else self._codes[name].of(texts)
            for name, texts in zip(_FIELDS, columns, strict=True)
        ]
        parts.extend(array("i", codes) for codes in zip(*map(self._ends.__getitem__, ends), strict=True))
        return parts


def _numbers(name: str, texts: Sequence[str]) -> array[int]:
    none = Numbers.NONE
    some = [int(text) if text else none for text in texts] if "" in texts else list(map(int, texts))
    numbers = array("q", some)
    if name in ZEROS and none in numbers:
        raise ValueError(f"{name} is out of range")
    return numbers


class _Codes:
    """The codes of values in their column, by their texts: each text is decoded once."""

    def __init__(self, trace: Trace, name: str) -> None:
        self._name = name
        self._column = _interned(trace, name)
        self._known: dict[str, int] = {}

    def of(self, texts: Sequence[str]) -> array[int]:
        """A column of codes."""
        known = self._known
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            values = json.loads(f"[{','.join([text or 'null' for text in new])}]")
            if len(values) != len(new):
                raise ValueError("a value that is none, or more than one")
            codes = map(self._column.code, column_of(self._name, values))
            known.update(zip(new, codes, strict=True))
        found = array("i", list(map(known.__getitem__, texts)))
        if len(known) > MOST_KNOWN:
            known.clear()
        return found


class _Ends(dict[str, tuple[int, ...]]):
    """The same for the fields at the end of a line together."""

    def __init__(self, trace: Trace) -> None:
        self._columns = {name: _interned(trace, name) for name in END_OF_LINE}

    def __missing__(self, text: str) -> tuple[int, ...]:
        values = json.loads(f"{{{text[1:]}}}")
        if not values.keys() <= self._columns.keys():
            raise ValueError("more than the end of a line")
        checked = {name: column_of(name, [values.get(name)]) for name in self._columns}
        codes = self[text] = tuple(self._columns[name].code(*values) for name, values in checked.items())
        return codes


def _interned(trace: Trace, name: str) -> Interned:
    column = trace.column(name)
    if not isinstance(column, Interned):
        raise TypeError(f"{name} is a number")
    return column
