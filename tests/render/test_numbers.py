"""Summary, phases and comparison: the views of numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.render import traces
from tests.render.looks import lines, said, show, studies, style_of
from tests.render.traces import MS, PID, US, Script
from tracedemo.analysis.segments import State
from tracedemo.analysis.study import Study
from tracedemo.events import Trace
from tracedemo.render import VIEWS, Options
from tracedemo.render.bars import bar, shares
from tracedemo.render.glyphs import ASCII, STATE_STYLE, UTF8
from tracedemo.render.words import instant, percent, percent_words, short_file

RUNNING, CALL, NOT_YET, BLOCKED, ASLEEP, PARKED = State
THREE = "blocking, nonblocking, selector"


def told(view: str, trace: Trace, width: int | None = 100, **options: object) -> str:
    return str(VIEWS[view].table([Study(trace)], Options(width=width, **options)))


# Bars


def test_shares_fill_the_line() -> None:
    """A line cut by shares is exactly as long as it should be, and a state below half a column does not show."""
    assert (("█" * 5, "state.running"), ("·" * 15, "state.asleep")) == shares(
        {RUNNING: 1, ASLEEP: 3}, 20, UTF8
    )
    assert (("." * 10, "state.asleep"),) == shares({CALL: 1, ASLEEP: 99}, 10, ASCII)
    for width in range(1, 40):
        parts = shares({RUNNING: 17, CALL: 33, NOT_YET: 3, BLOCKED: 29, ASLEEP: 5}, width, UTF8)
        assert width == sum(len(text) for text, _ in parts)


def test_shares_of_nothing() -> None:
    """Of no time there is no line."""
    assert () == shares({RUNNING: 0}, 20, UTF8)
    assert () == shares({RUNNING: 5}, 0, UTF8)


@pytest.mark.parametrize(("value", "length"), [(0, 0), (1, 1), (500, 5), (1000, 10), (2000, 10)])
def test_bar(value: int, length: int) -> None:
    """A bar is as long as its value, never longer than the whole, and something is never nothing."""
    assert length == sum(len(text) for text, _ in bar(value, 1000, 10, BLOCKED, UTF8))


def test_bar_has_its_states_pattern() -> None:
    """A bar has the pattern and the colour of its state."""
    assert (("XXXXX", STATE_STYLE[BLOCKED]),) == bar(1, 1, 5, BLOCKED, ASCII)


# Words


@pytest.mark.parametrize(
    ("share", "text", "words"),
    [
        (0, "0 %", "0 percent"),
        (0.001, "<1 %", "less than 1 percent"),
        (0.014, "1 %", "1 percent"),
        (0.5, "50 %", "50 percent"),
        (0.999, ">99 %", "more than 99 percent"),
        (1, "100 %", "100 percent"),
    ],
)
def test_percent(share: float, text: str, words: str) -> None:
    """0 % is said of nothing only, and 100 % only of all."""
    assert text == percent(share)
    assert words == percent_words(share)


def test_instants_line_up() -> None:
    """Instants are milliseconds with three decimals, so that they can be compared by eye."""
    assert ["0.000", "0.094", "12.500", "1,234.568", "-0.001"] == [
        instant(ns) for ns in (0, 94_000, 12_500_000, 1_234_567_890, -1_000)
    ]


@pytest.mark.parametrize("name", ["deep/down/x.py", "C:\\deep\\x.py", "x.py", "/x.py"])
def test_short_file(name: str) -> None:
    """A file is called by its name, whichever way its folders are written."""
    assert "x.py" == short_file(name)


# The summary


def test_verdict() -> None:
    """The first line says how long it took and what the thread did most of the time."""
    assert show("summary", "selector").startswith(
        "selector, 3 requests: 57.5 ms, and the thread was asleep in select() for 97 % of it\n"
    )
    assert show("summary", "blocking").startswith(
        "blocking, 3 requests: 151 ms, and the thread was blocked in a call for "
    )


def test_metrics_are_rows() -> None:
    """Each number has a row, with what it is made of beside it."""
    text = show("summary", "selector")

    for row in (
        r"calls +69  recv 18, register 12",
        r'"not yet" answers +9  EINPROGRESS 3, EAGAIN 6',
        r"wakeups +10$",
        r"connections +3  3 in flight at most",
        r"sent +147  bytes",
        r"received +3,600  bytes",
        r"CPU time +6\.0 ms  4\.2 ms user, 1\.8 ms system",
        r"asleep in select\(\) +55\.5 ms +97 %  ·+$",
        r"blocked in a call +– +0 %$",
        r"The server was paced by the clock: 30 ms to the first byte, 3 pieces 10 ms apart\.",
    ):
        assert re.search(row, text, re.MULTILINE), row


def test_states_have_their_colours() -> None:
    """Times stand in their states' colours, with the pattern beside them; a state without time is dim."""
    found = lines("summary", "selector")

    assert "state.asleep" == style_of(found, "55.5 ms")
    assert "dim" == style_of(found, "blocked in a call")


def test_what_went_wrong() -> None:
    """Failures, losses, calls that never returned and how the program ended are told."""
    text = show("summary", "forked")

    assert "The program was ended: signal KILL." in text
    assert "1 call had not returned when the trace ended." in text
    assert "processes" in text
    assert re.search(r"failed +1  connect: ECONNREFUSED", show("summary", "hostile"))
    trace = traces.one_event()
    header = replace(trace.header, dropped={"python": 7}, exit_code=3, notes=("Something was changed.",))
    text = told("summary", trace.replace(header))
    assert "7 rows of the python lane" in text
    assert "exit code 3" in text
    assert "Something was changed." in text


def test_threads_are_counted() -> None:
    """With several threads the sentence speaks of all of them."""
    script = Script()
    for k in (0, 1):
        script.call(
            "recv", 5 * MS, f"t{k}", 1, tid=PID + k, fd=4, args={"could_wait": True}, result=1, bytes=1
        )
    text = told("summary", script.trace())

    assert "and 2 threads were blocked in a call for 100 % of their time" in text
    assert re.search(r"threads +2  10\.0 ms together", text)


def test_thread_off_the_processor() -> None:
    """The time in which a thread was off the processor has a row of its own, but only where it is known of."""
    assert "off the processor               59.8 ms  60 %" in show("summary", "sleeping")
    assert "the thread was off the processor for 60 % of it" in show("summary", "sleeping")
    assert "Off the processor: 59.8 milliseconds, 60 percent." in said("summary", "sleeping")
    assert "thread off the processor" in show("comparison", "sleeping, blocking")
    assert "off the processor" not in show("summary", "blocking") + show("comparison", "blocking, selector")


def test_summary_for_programs() -> None:
    """For programs the summary is one object with every number in it."""
    (line,) = VIEWS["summary"].jsonl(studies("selector"), Options())
    row = json.loads(line)

    assert (69, 10, {"EINPROGRESS": 3, "EAGAIN": 6}) == (row["calls"], row["wakeups"], row["not_yet"])
    assert row["wall"] == sum(row["states"].values())


# The phases


def test_phases() -> None:
    """Each phase has its time, a bar in the colour of its state, its calls and its "not yet" answers."""
    text = show("phases", "selector")

    assert re.search(r"^connect +612 µs  ▒ +3  ◆ 3$", text, re.MULTILINE)
    assert re.search(r"^wait +55\.5 ms  ·+ +10$", text, re.MULTILINE)
    assert re.search(r"^receive +156 µs  ▅ +18  ◆ 6$", text, re.MULTILINE)
    assert "name lookup" not in text


def test_longest_phase_has_the_longest_bar() -> None:
    """The bars are drawn to one scale."""
    text = show("phases", "blocking", 120)
    bars = {line.split()[0]: line.count("▓") for line in text.splitlines() if "▓" in line}

    assert bars["wait"] == max(bars.values()) == 60
    assert 38 <= bars["receive"] <= 42


# The comparison


def test_runs_are_columns() -> None:
    """Numbers are rows and runs are columns, each under its name."""
    text = show("comparison", THREE, 100)

    assert re.search(r"^ +blocking +nonblocking +selector$", text, re.MULTILINE)
    assert re.search(r"^thread asleep in select\(\) +0 % +0 % +97 %$", text, re.MULTILINE)
    assert re.search(r"^most connections in flight +1 +3 +3$", text, re.MULTILINE)
    assert re.search(r"^thread's time, by state +▓+  █+▒+  ▅?·+$", text, re.MULTILINE)


def test_phases_side_by_side() -> None:
    """From 100 columns on, phases stand side by side, two lines a cell."""
    text = show("comparison", THREE, 100)

    assert re.search(r"^wait +90\.0 ms ▓+ +28\.9 ms ▒+ +55\.5 ms ·+$", text, re.MULTILINE)
    assert re.search(r"^ +3 calls +321 calls  ◆ 321 not yet +10 calls$", text, re.MULTILINE)
    assert re.search(r"^watch sockets +– +– +284 µs ▅$", text, re.MULTILINE)


def test_phases_in_blocks() -> None:
    """Under 100 columns each phase is a block with a line a run."""
    text = show("comparison", THREE, 80)

    assert re.search(
        r"^wait\n  blocking +90\.0 ms ▓+ +3 calls\n  nonblocking +28\.9 ms ▒+ +321 calls  ◆ 321",
        text,
        re.MULTILINE,
    )


def test_bars_are_to_one_scale() -> None:
    """All bars of a comparison are drawn to the longest phase of any run."""
    wait = next(line for line in show("comparison", THREE, 160).splitlines() if line.startswith("wait"))

    assert wait.count("▓") == pytest.approx(90.0 / 55.5 * wait.count("·"), abs=2)


def test_order_of_parts() -> None:
    """First the numbers, then the phases, then the timelines, then how the server was paced."""
    text = show("comparison", THREE, 100)
    heads = [
        text.index(head)
        for head in ("the numbers", "phase by phase", "On one clock", "███ running", "paced by the clock")
    ]

    assert heads == sorted(heads)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_many_runs(width: int) -> None:
    """Any number of runs is shown: those that don't fit beside the others stand below them."""
    names = ", ".join([*THREE.split(", ")] * 3)
    text = show("comparison", names, width)

    assert text.count("total time") >= 1
    assert text.count("CPU time") == text.count("total time")
    assert max(map(len, text.splitlines())) <= width


def test_same_name_twice() -> None:
    """Runs of one name get a number; a study's own name goes before its target's."""
    text = show("comparison", "selector, selector", 100)

    assert re.search(r"^ +selector +selector \(2\)$", text, re.MULTILINE)
    both = [Study(traces.selector(), "before"), Study(traces.selector(), "after")]
    assert re.search(
        r"^ +before +after$", str(VIEWS["comparison"].table(both, Options(width=100))), re.MULTILINE
    )


def test_what_cannot_be_compared() -> None:
    """What makes the columns unlike is said: another pace, another Python."""
    trace = traces.selector()
    other = trace.replace(replace(trace.header, python="3.14.0", server={"pace": "lockstep", "pieces": 3}))
    text = str(VIEWS["comparison"].table([Study(trace), Study(other)], Options(width=100)))

    assert "The Python was not the same in all runs: 3.11.7; 3.14.0." in text
    assert "The server was paced not the same" in text


def test_nothing_to_compare() -> None:
    """Without runs the comparison says so."""
    assert "Nothing to compare.\n" == str(VIEWS["comparison"].table([], Options(width=80)))
    assert ["Nothing to compare."] == list(VIEWS["comparison"].plain([], Options()))
    assert [] == list(VIEWS["comparison"].jsonl([], Options()))


def test_comparison_plain() -> None:
    """Read aloud, each number is a sentence that names all runs, and each phase one that names its own."""
    found = said("comparison", THREE)

    assert (
        "Thread asleep in select(): blocking 0 percent, nonblocking 0 percent, selector 97 percent." in found
    )
    assert 'selector: Connect: 612 microseconds in 3 calls, 3 answers "not yet".' in found


def test_comparison_for_programs() -> None:
    """For programs there is an object for each number, and for each phase of each run."""
    found = [json.loads(line) for line in VIEWS["comparison"].jsonl(studies(THREE), Options())]

    assert {
        "metric": "calls",
        "unit": "count",
        "values": {"blocking": 24, "nonblocking": 565, "selector": 69},
    } in found
    assert 3 == sum(row.get("phase") == "wait" for row in found)


def test_short_runs_have_short_bars() -> None:
    """A run of microseconds beside one of milliseconds is drawn on the same clock."""
    script = Script("quick")
    script.call("socket", 50 * US, None, 1, fd=3, result=3)
    both = [Study(traces.blocking()), Study(script.trace())]
    text = str(VIEWS["comparison"].table(both, Options(width=100)))

    assert re.search(r"^quick +▅$", text, re.MULTILINE)
