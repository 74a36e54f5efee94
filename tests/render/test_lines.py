"""Text made safe, measured, cut and folded; and the sheet that rich prints."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tracedemo.render.console import THEME
from tracedemo.render.glyphs import ASCII, UTF8
from tracedemo.render.lines import Sheet, fold_text, safe, shorten, width_of

PRINTABLE = st.text(
    st.characters(blacklist_categories=("C", "Zl", "Zp", "Zs"), whitelist_characters=" "), max_size=60
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\r\nb", r"a\r\nb"),
        ("\tindented", "    indented"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("half \ud83d", r"half \ud83d"),
        ("é 日本 µ", "é 日本 µ"),
    ],
)
def test_safe(text: str, expected: str) -> None:
    """What a terminal would obey is written as an escape; what can be printed stays as it is."""
    assert expected == safe(text, UTF8)


@given(st.text())
def test_safe_in_ascii(text: str) -> None:
    """In ascii, only the 95 printable characters come out, whatever goes in."""
    assert re.fullmatch(r"[ -~]*", safe(text, ASCII))


@given(st.text())
def test_safe_in_utf8(text: str) -> None:
    """Whatever goes in, all that comes out can be printed."""
    assert safe(text, UTF8).isprintable()


@given(PRINTABLE)
def test_width_of(text: str) -> None:
    """A width is what rich takes it for."""
    assert cell_len(text) == width_of(text)


@given(PRINTABLE, st.integers(0, 70), st.booleans())
def test_shorten_fits(text: str, width: int, middle: bool) -> None:
    """A shortened text fits, and one that fits is left alone."""
    short = shorten(text, width, UTF8, middle=middle)

    assert width_of(short) <= width or not width
    assert short == text or width_of(text) > width


def test_shorten_in_the_middle() -> None:
    """Cut in the middle, a text keeps its begin and its end."""
    assert "connect(1…1:43555)" == shorten("connect(127.0.0.1:43555)", 18, UTF8, middle=True)
    assert "connec...43555)" == shorten("connect(127.0.0.1:43555)", 15, ASCII, middle=True)


@given(PRINTABLE, st.integers(2, 40))
def test_fold_text_loses_nothing(text: str, width: int) -> None:
    """Folding keeps every character but spaces, in order, within the width."""
    folded = fold_text(text, width)

    assert text.replace(" ", "") == "".join(folded).replace(" ", "")
    assert max(map(width_of, folded), default=0) <= width


def test_fold_text_keeps_the_indent() -> None:
    """What goes on below begins where the first line begins."""
    assert ["  3 ready: fd", "  4, 5, 6"] == fold_text("  3 ready: fd 4, 5, 6", 14)


def test_fold_text_keeps_units() -> None:
    """A number is not parted from its unit."""
    assert ["it took", "97 % of", "30 ms"] == fold_text("it took 97 % of 30 ms", 9)


def printed(**settings: object) -> str:
    file = io.StringIO()
    console = Console(file=file, width=40, theme=THEME, **settings)
    console.print(Sheet(lambda: [[("plain [bold]", ""), (" late", "not-yet")], [], [("end", "title")]]))
    return file.getvalue()


def test_sheet_is_no_markup() -> None:
    """Text is printed as it is: brackets are no markup, nothing is wrapped or highlighted."""
    assert "plain [bold] late\n\nend\n" == printed()


def test_sheet_has_colours() -> None:
    """Styles are those of the theme's sixteen colours."""
    assert "plain [bold] \x1b[33mlate\x1b[0m\n\n\x1b[1mend\x1b[0m\n" == printed(
        force_terminal=True, color_system="standard", legacy_windows=False, _environ={}
    )


def test_sheet_as_texts() -> None:
    """The quick way gives what a console prints: with styles where it has colours, and without a console none."""
    sheet = Sheet(lambda: [[("a", ""), ("b", "title"), ("", "note"), ("c", "dim")], []])
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, color_system="standard", legacy_windows=False, _environ={}
    )
    console.print(sheet)

    assert file.getvalue() == "".join(sheet.texts(console))
    assert "abc\n\n" == "".join(sheet.texts())


def test_sheet_knows_its_styles() -> None:
    """A console without our theme shows our styles, too."""
    file = io.StringIO()
    Console(file=file, force_terminal=True, color_system="standard", legacy_windows=False, _environ={}).print(
        Sheet(lambda: [[("late", "not-yet")]])
    )

    assert "\x1b[33mlate\x1b[0m\n" == file.getvalue()


def test_sheet_can_be_shown_again() -> None:
    """A sheet makes its lines anew each time."""
    sheet = Sheet(lambda: ([(text, "")] for text in "ab"))

    assert ["a\nb\n", "a\nb\n"] == [str(sheet), str(sheet)]
