"""Formulas of questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.errors import FileError
from tracedemo.workshop.formulas import value_of

NUMBERS = st.integers(-1000, 1000)


@given(NUMBERS, NUMBERS)
def test_formulas_are_arithmetic(k: int, n: int) -> None:
    """A formula is what Python makes of it."""
    assert value_of("2 * (k + 2) - n // 3", {"k": k, "n": n}) == 2 * (k + 2) - n // 3
    assert value_of(7, {}) == 7


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "k",
        "k +",
        "__import__('os')",
        "2 ** 9999",
        "'a' * 5",
        "1.5",
        "True",
        "(1).real",
        "1 // 0",
        "k if 1 else 2",
        "-k",
    ],
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    """Nothing but whole numbers, known names and four signs can be said."""
    with pytest.raises(FileError, match="is no formula"):
        value_of(formula, {"n": 1})
