"""The first line of a file: the header of the Trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from tracedemo.errors import FileError
from tracedemo.events import Header
from tracedemo.tracefile.fields import BROKEN, FORMAT, REMEDY, frozen, is_text, is_whole


def read_header(line: bytes, name: str) -> tuple[Header, list[str]]:
    """The header, and the names of its fields that have not their type.

    Raises:
        FileError: the line is no header of a trace, or of a newer format.
    """
    if not line.strip():
        raise FileError(f"{name} is empty", REMEDY)
    try:
        values = json.loads(line.decode("utf-8-sig"))
        version = values["tracedemo"]
        if not is_whole(version) or version < 1:
            raise ValueError("not a number of a format")
    except BROKEN:
        raise FileError(f"{name} is not a trace of tracedemo: its first line is no header", REMEDY) from None
    if version > FORMAT:
        message = f"{name} has format {version}, and this tracedemo reads up to {FORMAT}"
        raise FileError(message, "Update tracedemo: pip install --upgrade tracedemo")
    known = {field.name: str(field.type) for field in fields(Header) if field.name in values}
    fitting = {key: frozen(values[key]) for key, kind in known.items() if FITS[kind](values[key])}
    return Header(**fitting), [key for key in known if key not in fitting]


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1 << 32  # also false for a NaN


def _is_server(value: Any) -> bool:
    """Facts about our server: texts and numbers, and these are numbers."""
    return type(value) is dict and all(
        _is_seconds(fact) or (is_text(fact) and not name.startswith(("delay", "gap", "pieces", "size")))
        for name, fact in value.items()
    )


FITS: dict[str, Callable[[Any], bool]] = {
    "str": is_text,
    "str | None": lambda value: value is None or is_text(value),
    "int": is_whole,
    "int | None": lambda value: value is None or is_whole(value),
    "float": _is_seconds,
    "tuple[str, ...]": lambda value: type(value) is list and all(map(is_text, value)),
    "tuple[int, int]": lambda value: type(value) is list and len(value) == 2 and all(map(is_whole, value)),
    "Mapping[str, int]": lambda value: type(value) is dict and all(map(is_whole, value.values())),
    "Mapping[str, Any]": _is_server,
}
"""By the type of a field of Header: whether a value fits it."""
