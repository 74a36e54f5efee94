"""Lines as a picture: whatever stands in them, and whoever looks at it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.render.glyphs import STYLES, UTF8
from tracedemo.render.lines import safe
from tracedemo.render.svg import CELL, EDGE, INKS, PAPER, TEXT, picture


def texts(svg: str) -> list[ET.Element]:
    return ET.fromstring(svg).findall(".//{*}text")


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_style_has_an_ink() -> None:
    """A picture has a colour for each style that a view may name."""
    assert set(STYLES) == set(INKS)


@pytest.mark.parametrize("name", INKS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_ink_can_be_read(name: str, theme: int) -> None:
    """On light and on dark paper each ink has the contrast that small letters need: 4.5."""
    ground = TEXT if name in {"cursor", "here"} else PAPER

    assert contrast(INKS[name][theme], ground[theme]) >= 4.5


def test_every_piece_has_its_column() -> None:
    """What stands behind several spaces, in the same piece or in the next one, begins at its own column."""
    found = texts(picture([[("  ab   c d", ""), ("e", "dim")]], "t", "d"))

    assert ["ab", "c d", "e"] == [text.text for text in found]
    assert [2, 7, 10] == [round((float(text.get("x", 0)) - EDGE) / CELL) for text in found]


def test_a_cursor_has_a_ground() -> None:
    """Text in reverse lies on a bar as long as it is, spaces included."""
    root = ET.fromstring(picture([[(" x ", "cursor")]], "t", "d"))
    (bar,) = root.findall("{*}rect[@class='bar']")

    assert float(bar.get("width", 0)) == pytest.approx(3 * CELL, abs=0.1)


def test_a_picture_of_nothing_is_a_picture() -> None:
    """Without any line there is still a title, and paper of some size."""
    root = ET.fromstring(picture([], "nothing", "nothing at all"))

    assert "nothing" == root.findtext("{*}title")
    assert float(root.get("width", 0)) > 0 < float(root.get("height", 0))


@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=10))
def test_any_text_is_shown_as_text(lines: list[str], title: str) -> None:
    """Whatever a trace holds, markup included, comes back from the picture as the text that a terminal would show."""
    shown = [safe(line, UTF8) for line in lines]
    root = ET.fromstring(picture([[(line, "error")] for line in shown], safe(title, UTF8), safe(title, UTF8)))

    words = [word for text in root.findall(".//{*}text") for word in (text.text or "").split(" ")]
    assert [word for line in shown for word in line.split(" ") if word] == words
    assert {"svg", "title", "desc", "style", "rect", "text"} >= {
        element.tag.rpartition("}")[2] for element in root.iter()
    }
