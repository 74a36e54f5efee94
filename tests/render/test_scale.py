"""How measurements, and limits, are shown."""

from __future__ import annotations

import json

import pytest

from tests.analysis.test_limits_met import backlog, buffers, files, ports
from tracedemo.analysis.limits_met import KINDS, Met, find
from tracedemo.analysis.scaling import Bare, Base, Counted, Row, Scaling
from tracedemo.events import Trace
from tracedemo.render import Options, View, limit, scale

STEPS = (10, 1000, 19_500)


def counted(fetches: int, calls: int, wakeups: int, **settings: object) -> Counted:
    known = {
        "calls": fetches * calls, "wakeups": wakeups, "ready": fetches * 3, "in_flight": fetches, "system_calls": None,
        "user": 0.1 + fetches * 9e-5, "system": 0.0, "wall": 1.0, "correct": fetches, "dropped": 0, "rows": fetches * 20,
    }  # fmt: skip
    return Counted(**{**known, **settings})


def bare(fetches: int, each: float, **settings: object) -> Bare:
    known = {"fetches": fetches, "wall": 0.1 + fetches * 5e-4, "user": 0.04 + fetches * each, "system": 0.0,
             "peak": (16 << 20) + fetches * 2600, "correct": fetches, "in_flight": fetches}  # fmt: skip
    return Bare(**{**known, **settings})


def measured(**settings: object) -> Scaling:
    """Three steps of two programs, one program whose calls are not seen, and one that failed."""
    rows = [Row("selector", bare(n, 4e-5), counted(n, 16, 9)) for n in STEPS]
    rows += [Row("asyncio_streams", bare(n, 14e-5), counted(n, 17, 90)) for n in STEPS]
    rows.append(Row("uvloop", bare(1000, 8e-5), counted(1000, 0, 0, seen=False)))
    rows.append(Row("threads", bare(10_000, 2e-4, trouble="can't start new thread", correct=7)))
    known = {
        "bases": {row.program: Base(0.04, 16 << 20) for row in rows},
        "fits": ("on one thread: 19,936 fetches at once, by open files: 20,000 for a process",),
        "notes": ("trio is not installed, and left out",),
        "planned": 12,
    }
    return Scaling(tuple(rows), **{**known, **settings})


def shown(view: View, **options: object) -> str:
    return str(view.table([], Options(**options)))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
@pytest.mark.parametrize("ascii", [False, True])
def test_fits_the_screen(width: int, ascii: bool):
    """No line is wider than the screen; every program and step is there, whatever its width."""
    text = shown(scale.view_of(measured()), width=width, ascii=ascii)

    assert max(map(len, text.splitlines())) <= width
    assert not ascii or text.isascii()
    for word in ("selector", "asyncio_streams", "uvloop", "threads", "19,500", "10,000"):
        assert word in text


def test_numbers_stand_in_the_table():
    """On 80 columns a row says time, CPU time of a fetch, memory, calls, wakeups and sockets ready at each."""
    lines = shown(scale.view_of(measured()), width=80).splitlines()
    head = next(line for line in lines if line.startswith("at once"))
    row = next(line for line in lines if line.startswith(" 19,500  selector"))

    assert [
        "at",
        "once",
        "program",
        "time",
        "CPU",
        "each",
        "memory",
        "calls",
        "wakeups",
        "ready",
    ] == head.split()
    assert ["19,500", "selector", "9.8", "s", "40", "µs", "64", "MiB", "16.0", "9", "6,500.0"] == row.split()


def test_system_calls_are_shown_when_counted():
    """System calls have a column, and a line that says what counted them, only where they were recorded."""
    rows = (Row("selector", bare(1000, 4e-5), counted(1000, 16, 9, system_calls=17_500, engine="strace")),)
    text = shown(scale.view_of(Scaling(rows, {"selector": Base(0.04, 1)})), width=80)

    assert "17.5" in text
    assert "(strace)" in text
    assert "system" not in shown(scale.view_of(measured()), width=80).partition("time, CPU")[0]


def test_bars_are_as_long_as_the_costs():
    """The bar of what costs 3.5 times as much is 3.5 times as long, at each step."""
    lines = shown(scale.view_of(measured()), width=100).splitlines()
    bars = {line.split()[-2]: line.count("█") for line in lines if "█" in line}

    assert 3.3 < bars["140"] / bars["40"] < 3.7


def test_stop_and_limits_are_said():
    """What is missing, what fits, and that it was stopped is said below."""
    text = shown(scale.view_of(measured(stopped=True)))

    assert "Stopped: 8 rows of 12 were measured." in text
    assert "trio is not installed, and left out." in text
    assert "Fits on one thread: 19,936 fetches at once" in text
    assert "threads, 10,000 at once: can't start new thread" in text


def test_nothing_was_measured():
    """Stopped before the first row, it says so and draws nothing."""
    text = shown(scale.view_of(Scaling((), planned=4, stopped=True)))

    assert "Stopped: 0 rows of 4 were measured." in text
    assert "calls" not in text


def test_plain():
    """For a screen reader each row is a sentence, without drawings."""
    lines = list(scale.view_of(measured()).plain([], Options()))

    assert "The same fetch, up to 19,500 at once, on one thread." == lines[0]
    assert lines[3].startswith(
        "selector, 19,500 at once: 9.85 seconds; 0.82 seconds of CPU time; 40 microseconds"
    )
    assert any("its calls are not Python's" in line for line in lines)
    assert not any("█" in line for line in lines)


def test_jsonl():
    """For programs each row is an object with all numbers, and the last one has the notes."""
    objects = [json.loads(line) for line in scale.view_of(measured()).jsonl([], Options())]

    assert 9 == len(objects)
    assert ("selector", 10, None) == tuple(objects[0][name] for name in ("program", "fetches", "cpu_each"))
    assert 160 == objects[0]["counted"]["calls"]
    assert 4e-5 == pytest.approx(objects[2]["cpu_each"], rel=0.01)
    assert not objects[-1]["stopped"]


def met(name: str, trace: Trace) -> Met:
    return find(KINDS[name], "set small", trace)


LIMITS = {"fds": files(), "ports": ports(), "buffers": buffers(), "backlog": backlog()}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("width", [40, 80, None])
def test_limit(name: str, width: int | None):
    """A limit shows what it was set to, the answer, the call with an arrow, and what the same is large."""
    view = limit.view_of(met(name, LIMITS[name]))
    text = shown(view, width=width)

    assert width is None or max(map(len, text.splitlines())) <= width
    assert "set small" in text
    assert 1 == text.count("→ ")
    assert KINDS[name].large.split()[0] in text
    assert met(name, LIMITS[name]).answer in " ".join(text.split())


def test_limit_says_what_was_put_in():
    """How many calls were put in is said, in both forms."""
    view = limit.view_of(met("ports", ports()))

    assert "2 calls were put in by tracedemo" in shown(view)
    assert any("2 calls were put in by tracedemo" in line for line in view.plain([], Options()))


def test_limit_that_did_not_show():
    """Where nothing was seen, that is what is said, and nothing else is claimed."""
    view = limit.view_of(met("ports", buffers()))

    assert "It did not show" in shown(view)
    assert "With tens of thousands" not in shown(view)
    assert json.loads(next(view.jsonl([], Options())))["row"] is None
