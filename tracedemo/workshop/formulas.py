"""Formulas of a lesson: whole numbers, names of what was drawn, and + - * // with brackets.  Nothing else can be said.

A prediction's options are formulas, each of which stands for what somebody thinks who chooses it: `k + 1`, `2 * (k + 2)`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from tracedemo.errors import FileError

_TWO: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def value_of(formula: str | int, names: Mapping[str, int]) -> int:
    """What a formula is with these values.

    Raises:
        FileError: it is none, or has a name that nobody drew.
    """
    try:
        return _value(ast.parse(str(formula), mode="eval").body, names)
    except (SyntaxError, ValueError, KeyError, ZeroDivisionError) as error:
        known = ", ".join(names) or "none"
        raise FileError(f"{formula!r} is no formula of a lesson: {error}", f"Names: {known}.") from None


def _value(node: ast.expr, names: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return number
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _TWO:
            return _TWO[type(op)](_value(left, names), _value(right, names))
    raise ValueError("only whole numbers, names, + - * // and brackets can stand in it")
