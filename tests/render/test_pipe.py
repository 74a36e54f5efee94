"""Where no rich is needed: a pipe gets what a console without colours would give it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from tests.render.test_console import Terminal
from tracedemo.render.console import console_for, options_for
from tracedemo.render.pipe import options_for_pipe


@pytest.mark.parametrize(
    "environ",
    [{}, {"COLUMNS": "90"}, {"COLUMNS": "12"}, {"COLUMNS": "0"}, {"COLUMNS": "9" * 30}, {"COLUMNS": "wide"}],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp437"])
def test_as_a_console_would_have_it(environ: dict[str, str], encoding: str) -> None:
    """Width, alphabet and the absence of styles are those that a console has for the same stream."""
    stream, other = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    found = options_for_pipe(stream, unfold=True, environ=environ)

    assert options_for(console_for(other, environ=environ), unfold=True) == found
    assert "replace" == stream.errors == other.errors


@pytest.mark.parametrize(
    ("stream", "environ"),
    [
        (Terminal, {}),
        (io.StringIO, {"FORCE_COLOR": "1"}),
        (io.StringIO, {"FORCE_COLOR": ""}),
        (io.StringIO, {"TTY_COMPATIBLE": "1"}),
    ],
)
def test_what_is_for_rich(stream: type[io.StringIO], environ: dict[str, str]) -> None:
    """A terminal, and an environment that asks for what only a terminal has, are not decided here."""
    assert options_for_pipe(stream(), environ=environ) is None


def test_closed_stream() -> None:
    """A stream that is closed is no terminal, and no failure of ours."""
    stream = io.StringIO()
    stream.close()

    assert options_for_pipe(stream, environ={}) is not None


def test_rich_is_not_imported_for_a_pipe() -> None:
    """The module does without rich, whose import takes longer than most runs take to be shown."""
    code = "import sys, tracedemo.render.pipe, tracedemo.render.log; sys.exit('rich' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
