"""What a field of an event may hold, and how it becomes part of a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

from tracedemo.events import Event, Numbers, Site

FORMAT = 1

NUMBERS = ("seq", "t0", "t1", "pid", "tid", "fd", "conn", "bytes")
ZEROS = ("seq", "t0", "pid", "tid")
"""Numbers that are 0 where they are missing."""
NAMES = ("lane", "op")
"""Texts that are never missing, nor empty."""
END_OF_LINE = ("site", "user_site", "mark")
"""The last fields: most lines have the same there."""
REMEDY = "Make a trace with: tracedemo run selector -o run.jsonl"

BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
"""What a broken line raises."""

_NOTHING = type(None)
_KINDS: dict[str, frozenset[type]] = {
    **dict.fromkeys(NUMBERS, frozenset({int, _NOTHING})),
    **dict.fromkeys(NAMES, frozenset({str})),
    **dict.fromkeys(("owner", "errno", "exc", "mark"), frozenset({str, _NOTHING})),
    **dict.fromkeys(("site", "user_site"), frozenset({list, Site, _NOTHING})),
    "args": frozenset({dict, _NOTHING}),
    "result": frozenset({str, int, float, bool, list, dict, _NOTHING}),
}
_NESTED = {list, dict}


def checked(rows: Sequence[dict[str, Any]]) -> list[Iterable[Any]]:
    """Columns in the order of an Event's fields, from objects as a file has them.

    Raises:
        ValueError and its like: a value has not the type of its field.
    """
    return [column_of(name, list(map(dict.get, rows, repeat(name)))) for name in Event._fields]


def column_of(name: str, values: list[Any]) -> Iterable[Any]:
    """Values of one field as a column takes them.

    Raises:
        ValueError and its like: a value has not the type of its field.
    """
    kinds = set(map(type, values))
    if not kinds <= _KINDS[name]:
        raise ValueError(f"{name} has not its type")
    if name in ZEROS:
        numbers = Numbers.packed([value or 0 for value in values] if _NOTHING in kinds else values)
        if Numbers.NONE in numbers:
            raise ValueError(f"{name} is out of range")
        return numbers
    if name in NUMBERS:
        return Numbers.packed(values)
    if name in NAMES and "" in values:
        raise ValueError(f"{name} is empty")
    if name == "args":
        return [_frozen_args(args) if args else _NO_ARGS for args in values]
    if name == "result":
        return [frozen(value) for value in values] if kinds & _NESTED else values
    return [_site(value) for value in values] if list in kinds else values


_NO_ARGS: Mapping[str, Any] = {}


def _site(value: Any) -> Site | None:
    if value is None or type(value) is Site:
        return value
    file, line, function = value
    if not (is_text(file) and is_whole(line) and is_text(function)):
        raise ValueError("a site is a file, a line and a function")
    return Site(file, line, function)


def _frozen_args(args: dict[str, Any]) -> dict[str, Any]:
    return args if _NESTED.isdisjoint(map(type, args.values())) else frozen(args)


def frozen(value: Any) -> Any:
    """Lists as tuples, at any depth: what an Event holds does not change."""
    if type(value) is list:
        return _pairs(value) or tuple(map(frozen, value))
    if type(value) is dict:
        return {name: frozen(item) for name, item in value.items()}
    return value


def _pairs(values: list[Any]) -> tuple[tuple[int, str], ...] | None:
    """What a select reported, pairs of a descriptor and a text: there are few of these, and each is kept once.  None: it is
    something else.
    """
    try:
        if any(type(fd) is not int or type(text) is not str for fd, text in values):
            return None
        pairs = list(map(tuple, values))
    except (TypeError, ValueError):
        return None
    if len(_known_pairs) > _MOST_PAIRS:
        _known_pairs.clear()
    return tuple(map(_known_pairs.setdefault, pairs, pairs))


_known_pairs: dict[tuple[int, str], tuple[int, str]] = {}
_MOST_PAIRS = 100_000


def is_text(value: Any) -> bool:
    """True for a text."""
    return type(value) is str


def is_whole(value: Any) -> bool:
    """True for an integer of 64 bits."""
    return type(value) is int and abs(value) < 1 << 63
