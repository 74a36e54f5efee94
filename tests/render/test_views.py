"""What holds for every view, whatever it shows: it fits, it is safe, it can be read without eyes and without colour."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest

from tests.render.looks import MAKERS, check_golden, lines, said, show, studies, widest
from tracedemo.analysis.filters import parse
from tracedemo.render import FORMATS, VIEWS, Options
from tracedemo.render.console import console_for
from tracedemo.render.glyphs import ASCII, STYLES, UTF8

EVERY_VIEW = pytest.mark.parametrize("view", VIEWS)
EVERY_TRACE = pytest.mark.parametrize("names", [*MAKERS, "blocking, nonblocking, selector"])

DRAWN = set(
    "".join(
        (*UTF8.states.values(), UTF8.not_yet, UTF8.wakeup, UTF8.rule, UTF8.tick, UTF8.ellipsis, UTF8.times)
    )
)


@EVERY_VIEW
@EVERY_TRACE
@pytest.mark.parametrize("width", [60, 80, 100, 120, 150, 160, 250])
def test_fits(view: str, names: str, width: int) -> None:
    """No line is longer than the screen is wide."""
    assert widest(show(view, names, width)) <= width


@EVERY_VIEW
@EVERY_TRACE
@pytest.mark.parametrize("width", [60, 100, 160, None])
def test_ascii(view: str, names: str, width: int | None) -> None:
    """In ascii nothing but the 95 printable characters comes out, and no escape stands for one of our own signs."""
    text = show(view, names, width, ascii=True)

    assert re.fullmatch(r"[ -~\n]*", text)
    assert "\\" not in text or names == "hostile"
    assert re.fullmatch(r"[ -~\n]*", "\n".join(said(view, names, ascii=True)))


@EVERY_VIEW
@EVERY_TRACE
@pytest.mark.parametrize("width", [60, 160, None])
def test_text_of_a_trace_is_text(view: str, names: str, width: int | None) -> None:
    """No control character and no mark of direction reaches the screen, and no style that is not ours."""
    for line in lines(view, names, width):
        for text, style in line:
            assert text.isprintable()
            assert style in STYLES or not style


@EVERY_VIEW
@EVERY_TRACE
def test_plain_draws_nothing(view: str, names: str) -> None:
    """A sentence a line: no drawing character, no colour, no line break, and a stop at the end."""
    found = said(view, names)

    assert found
    for sentence in found:
        assert not DRAWN & set(sentence)
        assert sentence.isprintable()
        assert sentence == sentence.strip()
        assert sentence.endswith((".", ":", "?", "!"))


@EVERY_VIEW
@EVERY_TRACE
def test_jsonl(view: str, names: str) -> None:
    """Every line is one JSON object."""
    for line in VIEWS[view].jsonl(studies(names), Options()):
        assert isinstance(json.loads(line), dict)
        assert "\n" not in line


@EVERY_VIEW
@EVERY_TRACE
def test_without_a_width(view: str, names: str) -> None:
    """In a pipe nothing is cut: no ellipsis stands in any line."""
    assert UTF8.ellipsis not in show(view, names, None)


@EVERY_VIEW
@EVERY_TRACE
def test_no_spaces_at_the_end(view: str, names: str) -> None:
    """No line ends in spaces, which would be copied along with it."""
    for line in show(view, names, 100).splitlines():
        assert line == line.rstrip()


@EVERY_VIEW
def test_several_runs(view: str) -> None:
    """Two runs are shown together or one after the other, and each is named."""
    text = show(view, "blocking, selector")

    assert "blocking" in text
    assert "selector" in text


@pytest.mark.parametrize("view", ["log", "summary", "phases", "wakeups", "connections", "findings"])
def test_several_runs_are_told_apart(view: str) -> None:
    """Read aloud, each run begins with its name; for programs, each row holds it."""
    assert {"blocking:", "selector:"} <= set(said(view, "blocking, selector"))
    if view != "log":
        rows = map(json.loads, VIEWS[view].jsonl(studies("blocking, selector"), Options()))
        assert {"blocking", "selector"} >= {row["run"] for row in rows}


@pytest.mark.parametrize("view", [view.name for view in VIEWS.values() if view.filtered])
def test_only(view: str) -> None:
    """A view that can be filtered says what the filter left out, and shows less."""
    part = show(view, "selector", only=parse("fd=4"))

    assert "fetch_data #1" in part
    assert "fetch_data #3" not in part or view == "wakeups"  # which woke all three at once
    assert "--only leaves out" in part


@pytest.mark.parametrize("view", [view.name for view in VIEWS.values() if view.filtered])
def test_only_nothing(view: str) -> None:
    """A filter that nothing fits leaves no row, and the view says so."""
    text = show(view, "selector", only=parse("fd=99"))

    assert "fetch_data" not in text
    assert "--only leaves out" in text


@pytest.mark.parametrize(
    ("view", "names", "width"),
    [
        *(("log", "selector", width) for width in (60, 80, 100, 120, 160, None)),
        *(("log", "nonblocking", width) for width in (60, 120)),
        ("log", "blocking", 160),
        ("log", "hostile", 160),
        ("log", "forked", 100),
        *(("summary", "selector", width) for width in (60, 100)),
        ("summary", "forked", 100),
        *(("timeline", "selector", width) for width in (60, 80, 100)),
        ("timeline", "nonblocking", 100),
        ("timeline", "forked", 80),
        *(("phases", "selector", width) for width in (60, 100)),
        *(("wakeups", "selector", width) for width in (60, 100)),
        *(("connections", "selector", width) for width in (60, 80, 160)),
        *(("findings", "selector", width) for width in (60, 100, None)),
        *(("loop", "looping", width) for width in (60, 80, 100, 120, 160, None)),
        ("loop", "selector", 80),
        ("findings", "nonblocking", 80),
        ("findings", "kernel", 160),
        ("findings", "hostile", 60),
        *(("comparison", "blocking, nonblocking, selector", width) for width in (60, 80, 100, 160, None)),
        *((view, "empty", 80) for view in VIEWS),
        *((view, "one event", 80) for view in VIEWS),
    ],
)
def test_golden(view: str, names: str, width: int | None) -> None:
    """A view looks as it did when it was last looked at."""
    check_golden(
        f"{view}-{names.replace(', ', '+').replace(' ', '-')}-{width or 'pipe'}", show(view, names, width)
    )


@EVERY_VIEW
def test_golden_ascii(view: str) -> None:
    """So it does in ascii."""
    check_golden(f"{view}-ascii", show(view, "blocking, selector", 100, ascii=True))


@EVERY_VIEW
def test_golden_plain(view: str) -> None:
    """And read aloud."""
    check_golden(f"{view}-plain", "\n".join(said(view, "selector")) + "\n")


def test_registry() -> None:
    """Views stand under their own names, each with a title and a line of help."""
    assert ("table", "plain", "jsonl") == FORMATS
    for name, view in VIEWS.items():
        assert name == view.name
        assert view.title
        assert view.help
        assert len(view.help) < 80


def test_rich_is_not_loaded_before_it_is_needed() -> None:
    """The names of views and the options are there without rich; so are sentences and JSON."""
    code = (
        "import sys, tracedemo.render as r; from tracedemo.events import Trace; from tracedemo.analysis.study import Study;"
        "study = Study(Trace()); [(list(v.plain([study], r.Options())), list(v.jsonl([study], r.Options())))"
        " for v in r.VIEWS.values()]; sys.exit('rich' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_alphabets() -> None:
    """Both alphabets have a sign of their own for each of the six states."""
    assert list("█▅▒▓·─") == list(UTF8.states.values())
    assert list("#+?X.-") == list(ASCII.states.values())


def test_colours_are_the_terminals_own() -> None:
    """A style is one of sixteen colours, bold or dim: the user's theme decides how they look."""
    words = {word for style in STYLES.values() for word in style.split()}

    assert words <= {
        "bold",
        "dim",
        "green",
        "bright_blue",
        "yellow",
        "red",
        "magenta",
        "bright_black",
        "reverse",
    }


def test_svg() -> None:
    """A view can be kept as a picture."""
    console = console_for(io.StringIO(), width=100, color=True, record=True, environ={})
    console.print(VIEWS["timeline"].table(studies("selector"), Options(width=100)))

    assert "fetch_data" in console.export_svg(title="timeline")
