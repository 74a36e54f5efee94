"""Where views are shown: width, colour and alphabet of a stream."""

from __future__ import annotations

import io

import pytest

from tracedemo.render.console import THEME, can_write, console_for, options_for
from tracedemo.render.glyphs import STYLES


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_pipe_has_no_width() -> None:
    """What is no terminal gets lines as long as they are, without colour."""
    console = console_for(io.StringIO(), environ={})

    assert options_for(console).width is None
    assert not console.is_terminal
    console.print("x" * 5000)
    assert console.file.getvalue() == "x" * 5000 + "\n"


def test_terminal_has_a_width() -> None:
    """A terminal gives its width; an unknown one is taken for 80 columns."""
    assert 80 == options_for(console_for(Terminal(), environ={"TERM": "xterm"})).width
    assert 72 == options_for(console_for(Terminal(), environ={"TERM": "xterm", "COLUMNS": "72"})).width


def test_wanted_width() -> None:
    """A width that somebody asked for counts, in a pipe, too."""
    assert 60 == options_for(console_for(io.StringIO(), width=60)).width
    assert 90 == options_for(console_for(io.StringIO(), environ={"COLUMNS": "90"})).width
    assert options_for(console_for(io.StringIO(), environ={"COLUMNS": "wide"})).width is None


@pytest.mark.parametrize(
    ("stream", "environ", "color", "expected"),
    [
        (Terminal, {"TERM": "xterm"}, None, True),
        (Terminal, {"TERM": "xterm", "NO_COLOR": "1"}, None, False),
        (Terminal, {"TERM": "dumb"}, None, False),
        (Terminal, {"TERM": "xterm"}, False, False),
        (io.StringIO, {}, None, False),
        (io.StringIO, {"TERM": "xterm", "FORCE_COLOR": "1"}, None, True),
        (io.StringIO, {"TERM": "xterm"}, True, True),
    ],
)
def test_colour(
    stream: type[io.StringIO], environ: dict[str, str], color: bool | None, expected: bool
) -> None:
    """Terminals are coloured and pipes are not; NO_COLOR, FORCE_COLOR, TERM=dumb and the caller are obeyed."""
    console = console_for(stream(), environ=environ, color=color)
    console.print("x", style="not-yet")

    assert expected == ("\x1b[33m" in console.file.getvalue())


def test_colour_in_a_pipe_keeps_long_lines() -> None:
    """FORCE_COLOR switches on the colour, not a width."""
    assert options_for(console_for(io.StringIO(), environ={"FORCE_COLOR": "1"})).width is None


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", True),
        ("utf-16", True),
        ("ascii", False),
        ("latin-1", False),
        ("cp437", False),
        ("no such", False),
    ],
)
def test_can_write(encoding: str, expected: bool) -> None:
    """Our glyphs are used where the encoding has them all."""
    assert expected == can_write(encoding)


def test_poor_encoding() -> None:
    """An ascii stream gets the ascii alphabet, and no character of a trace can crash it."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = console_for(stream, environ={})
    options = options_for(console)
    console.print("5 µs")
    stream.flush()

    assert options.ascii
    assert "us" not in options.glyphs.states
    assert b"5 ?s\n" == stream.buffer.getvalue()


def test_rich_encoding() -> None:
    """A utf-8 stream gets ours, unless somebody wants ascii."""
    console = console_for(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), environ={})

    assert not options_for(console).ascii
    assert options_for(console, ascii=True).ascii


def test_no_markup() -> None:
    """Brackets and colons of a trace are printed as they are."""
    console = console_for(io.StringIO(), environ={})
    console.print("[bold]x[/] :smile: 127.0.0.1")

    assert console.file.getvalue() == "[bold]x[/] :smile: 127.0.0.1\n"


def test_closed_stream() -> None:
    """A stream that is closed is no terminal, and no failure of ours."""
    stream = io.StringIO()
    stream.close()

    assert options_for(console_for(stream, environ={})).width is None


def test_theme() -> None:
    """The theme knows every style that a view may name."""
    assert STYLES.keys() <= THEME.styles.keys()
