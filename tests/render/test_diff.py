"""The diff on a screen, aloud, and for programs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import pytest

from tests.analysis.test_diff import between, edited, program, row_of
from tests.render import traces
from tests.render.kernel_trace import kernel
from tests.render.looks import check_golden, style_of, widest
from tracedemo.analysis.diff import Diff, diff
from tracedemo.analysis.study import Study
from tracedemo.events import Site
from tracedemo.render import Options
from tracedemo.render.console import console_for, options_for
from tracedemo.render.diff import table, view_of

WIDTHS = (40, 60, 80, 100, 160, None)


@cache
def ways() -> Diff:
    """Two programs of the post."""
    return diff(Study(traces.selector(), "before"), Study(traces.nonblocking(), "after"))


@cache
def beneath() -> Diff:
    a = kernel()
    row = next(row for row, event in enumerate(a) if event.op == "sendto")
    return between(a, edited(a, row, args=a[row].args | {"data": "POST / HTTP/1.1"}))


@cache
def hostile() -> Diff:
    return diff(Study(traces.hostile(), "a\x1b[31m"), Study(traces.selector(), "b\u202e"))


@cache
def alike() -> Diff:
    return between(program(), program(port=60_000))


FOUND = {"ways": ways, "beneath": beneath, "hostile": hostile, "alike": alike}


def show(found: Diff, width: int | None = 100, **options: object) -> str:
    """The diff as it is printed."""
    file = io.StringIO()
    console = console_for(file, width=width, environ={})
    wanted = replace(options_for(console, ascii=bool(options.pop("ascii", False))), **options)
    console.print(view_of(found).table((), wanted))
    return file.getvalue()


def said(found: Diff) -> list[str]:
    return list(view_of(found).plain((), Options()))


def objects(found: Diff) -> list[dict]:
    return [json.loads(line) for line in view_of(found).jsonl((), Options())]


@pytest.mark.parametrize("width", [60, 80, 100, 160, None])
def test_golden(width: int | None) -> None:
    """The diff of two programs looks as it did when it was last looked at."""
    check_golden(f"diff-{width or 'pipe'}", show(ways(), width))


def test_golden_other_forms() -> None:
    """So does its form in ascii, aloud, without folding, of system calls, and of runs that do the same."""
    check_golden("diff-ascii", show(ways(), 100, ascii=True))
    check_golden("diff-plain", "\n".join(said(ways())) + "\n")
    check_golden("diff-unfolded", show(alike(), 100, unfold=True))
    check_golden("diff-beneath", show(beneath(), 100))
    check_golden("diff-alike", show(alike(), 100))


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("ascii", [False, True])
def test_fits(name: str, width: int | None, ascii: bool) -> None:
    """It keeps within the screen, is text, and obeys nothing that a trace holds."""
    for unfold in (False, True):
        text = show(FOUND[name](), width, ascii=ascii, unfold=unfold)

        assert width is None or widest(text) <= width
        assert all(line.isprintable() for line in text.splitlines())
        assert text.isascii() or not ascii


@pytest.mark.parametrize("width", WIDTHS)
def test_every_difference_is_on_the_screen(width: int | None) -> None:
    """Each difference has its signs in front of it, so that it is told without colour; how many are alike is said."""
    found = ways()
    own = [
        group for group in found.groups if group.change and group.title not in found.like and not group.only
    ]
    signs = sum(bool(step.a) + bool(step.b) for group in own for step in group.differences)
    lines = show(found, width).splitlines()

    assert own
    assert signs <= sum(line.startswith(("-A", "+B", "~A", "~B")) for line in lines)
    assert any("alike" in line for line in lines)


def test_colours() -> None:
    """What only A has is red, what only B has green, what changed yellow; what is alike is dim."""
    lines = [line for line in table(ways(), Options(width=100)) if line]

    assert {"-A": "error", "+B": "state.running", "~A": "note"} == {
        sign: style_of(lines, sign) for sign in ("-A", "+B", "~A")
    }


def test_same_differences_are_shown_once() -> None:
    """Connections on which the same differs are told in a line each, unless all is to be shown."""
    a = program().trace()
    b = a
    for nth in (0, 1):
        row = row_of(a, "send", nth)
        site = Site("story.py", 7, "main")
        a, b = edited(a, row, site=site), edited(b, row, bytes=7, result=7, site=site)
    found = between(a, b)

    assert {"connection 2": "connection 1"} == found.like
    assert "~ The same difference as on connection 1.\n" in show(found)
    assert "The same difference" not in show(found, unfold=True)
    assert "Connection 2: The same difference as on connection 1." in said(found)
    assert 2 == found.total


def test_aloud() -> None:
    """In sentences: who A and B are, how much differs, each difference with its events, and the times."""
    a = program().trace()
    row = row_of(a, "send")
    texts = said(between(a, edited(a, row, bytes=7, result=7)))

    assert texts[:3] == ["A is story.", "B is story.", "1 difference in 26 calls of A and 26 calls of B."]
    assert texts[3] == (
        "Connection 1, send: send(49 bytes) is answered 49 bytes in A, and 7 bytes in B"
        f" (story.py:{a[row].site.line}). It is event {a[row].seq} of A and event {a[row].seq} of B."
    )
    assert all(text.endswith(".") for text in texts)
    assert any("calls waited" in text for text in texts) is False
    assert any(": calls waited " in text for text in said(ways()))


def test_for_programs() -> None:
    """A line for the whole, one for each difference with both sides, and the times of each phase."""
    whole, *others = objects(beneath())
    step = next(row for row in others if "kind" in row)

    assert (1, {"system calls": 1}, True) == (
        whole["differences"], whole["kinds"], whole["system_calls_compared"],
    )  # fmt: skip
    assert "system calls" == step["kind"]
    assert ["arguments"] == [below["kind"] for below in step["beneath"]]
    assert {"call", "answer", "times", "seq", "rows", "site", "source"} == set(step["a"])
    assert {"where", "time", "calls", "ns", "waited_ns"} == set(others[-1])


def test_beneath_a_call() -> None:
    """System calls that differ stand below their call, with the same signs."""
    lines = show(beneath(), 120).splitlines()

    assert [line[:2] for line in lines if "└ sendto" in line] == ["~A", "~B"]


def test_many_connections_alike() -> None:
    """Many connections without a difference are one line."""
    trace = traces.selector()
    found = between(trace, trace)
    many = replace(
        found, groups=tuple(replace(found.groups[0], title=f"connection {number}") for number in range(1, 21))
    )
    calls = 20 * sum(step.a.times for step in found.groups[0].steps)

    assert f"… Connection 1 to connection 20: {calls:,} calls alike …" in show(many)
