"""Columns: who gets the room, and that nothing is lost that must not be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracedemo.render.glyphs import UTF8
from tracedemo.render.grid import Column, Grid, cell, fit, note, total

COLUMNS = (
    Column("fixed", right=True),
    Column("cut", rank=2, least=5, middle=True),
    Column("folded", rank=1, least=6, wrap=True),
    Column("extra", rank=3, least=8, optional=True),
)


def grid(room: int | None, *rows: tuple[str, ...]) -> list[str]:
    found = Grid(COLUMNS, [tuple(cell(text) for text in row) for row in rows], UTF8, room)
    assert found.widths is not None
    return ["".join(text for text, _ in line) for line in found.lines()]


ROW = ("12", "connect(127.0.0.1:80)", "3 ready: fd 4, 5, 6", "something more")


def test_wide_enough() -> None:
    """With room, columns are as wide as their longest cell, and numbers stand to the right."""
    assert [
        "fixed  cut                    folded               extra",
        "─" * 65,
        "   12  connect(127.0.0.1:80)  3 ready: fd 4, 5, 6  something more",
    ] == grid(80, ROW)


def test_optional_goes_first() -> None:
    """Where room is short, an optional column takes what is left, or goes."""
    assert "   12  connect(127.0.0.1:80)  3 ready: fd 4, 5, 6  someth…" != grid(58, ROW)[2]
    assert grid(58, ROW)[2].endswith("fd 4, 5, 6")
    assert grid(60, ROW)[2].endswith("fd 4, 5, 6  somethin…")


def test_narrow() -> None:
    """The least important column is cut in the middle; an answer goes on below, whole."""
    assert [
        "fixed  cut    folded",
        "─" * 26,
        "   12  co…0)  3 ready: fd",
        "              4, 5, 6",
    ] == grid(26, ROW)


def test_too_narrow() -> None:
    """A grid that does not fit says so."""
    assert Grid(COLUMNS, [tuple(cell(text) for text in ROW)], UTF8, 15).widths is None


def test_without_a_limit() -> None:
    """Without a width there is no rule, nothing is cut, and nothing goes on below."""
    assert [
        "fixed  cut                    folded               extra",
        "   12  connect(127.0.0.1:80)  3 ready: fd 4, 5, 6  something more",
    ] == grid(None, ROW)


def test_empty_columns_are_left_out() -> None:
    """A column in which nothing stands takes no room, not even its title's."""
    assert ["fixed  folded", "─────────────", "    1  a", "    2  b"] == grid(
        40, ("1", "", "a", ""), ("2", "", "b", "")
    )


@given(
    st.lists(
        st.builds(
            Column,
            title=st.just("x"),
            rank=st.integers(0, 4),
            least=st.integers(0, 12),
            optional=st.booleans(),
            most=st.none() | st.integers(0, 30),
        ),
        min_size=1,
        max_size=7,
    ),
    st.data(),
    st.integers(10, 120),
)
def test_fit(columns: list[Column], data: st.DataObject, room: int) -> None:
    """Widths never exceed the room, and only a column with a rank gives anything away."""
    natural = data.draw(st.lists(st.integers(0, 40), min_size=len(columns), max_size=len(columns)))
    widths = fit(columns, natural, room)
    if widths is None:
        return

    assert total(widths) <= room
    for column, width, wanted in zip(columns, widths, natural, strict=True):
        most = wanted if column.most is None else min(wanted, column.most)
        assert width <= most
        if not column.optional:
            assert width >= (min(max(column.least, 1), most) if column.rank else most)


def test_neighbours_of_one_style_are_one_piece() -> None:
    """A row has as few pieces as its styles allow: each costs time when it is printed."""
    rows = [(cell("1"), cell("a"), cell("b", "dim"), cell("c", "dim"))]
    (line,) = Grid(COLUMNS, rows, UTF8, None).row(rows[0])

    assert [("    1  a    ", ""), ("b       c", "dim")] == line


@given(
    st.lists(
        st.tuples(*[st.sampled_from(["", "a", "12", "fd 4, 5, 6, 7", "connect(1.2.3.4:80)"])] * 4), max_size=6
    ),
    st.none() | st.integers(16, 70),
)
def test_without_styles_it_says_the_same(texts: list[tuple[str, ...]], room: int | None) -> None:
    """Where nobody sees the styles, the lines are the same, each in one piece."""
    rows = [
        tuple(cell(text, style) for text, style in zip(row, ("", "dim", "", "note"), strict=True))
        for row in texts
    ]
    styled, bare = (Grid(COLUMNS, rows, UTF8, room, styled=styled) for styled in (True, False))
    found = [list(bodies) for bodies in bare.body()] if bare.widths else []

    assert styled.widths == bare.widths
    assert [
        ["".join(text for text, _ in line) for line in lines] for lines in styled.body() if styled.widths
    ] == [[text for ((text, _),) in lines] for lines in found]


def test_note_is_folded() -> None:
    """A note takes the lines that it needs."""
    assert [(("  one two", "dim"),), (("  three", "dim"),)] == list(note("one two three", 12, indent=2))
    assert [(("one two three", "dim"),)] == list(note("one two three", None))
