"""The timeline: what a column shows, which lanes there are, and the clock above them."""

from __future__ import annotations

import re

import pytest

from tests.render import traces
from tests.render.looks import lines, said, show, studies, study
from tests.render.traces import MS, PID, US, Script
from tracedemo.analysis.segments import Lane, Segment, State, totals
from tracedemo.analysis.study import Study
from tracedemo.render import VIEWS, Options
from tracedemo.render.glyphs import UTF8
from tracedemo.render.timeline import Scale, draw

RUNNING, CALL, NOT_YET, BLOCKED, ASLEEP, PARKED = State


def drawn(
    *stretches: tuple[int, State],
    columns: int = 10,
    span: int | None = None,
    start: int = 0,
    conn: int | None = 1,
) -> str:
    """A lane of stretches (length, state), drawn on so many columns; a request's, or that of a thread."""
    cut = []
    now = start
    for length, state in stretches:
        cut.append(Segment(now, now + length, state, None))
        now += length
    lane = Lane("lane", PID, PID, conn, start, now, tuple(cut), totals(cut))
    scale = Scale(span or now, columns, 0)
    return "".join(text for text, _ in draw(lane, 0, scale, UTF8))


def test_each_state_has_its_pattern() -> None:
    """Stretches of equal length give equal parts, each in its state's pattern."""
    assert "██▅▅▒▒▓▓··──" == drawn(*((20, state) for state in State), columns=12)


def test_parked_only_where_nothing_else_is() -> None:
    """The shortest call is seen on the line of a request that is parked all the time."""
    assert "────▅─────" == drawn((450, PARKED), (1, CALL), (549, PARKED))


def test_waiting_wins_by_time() -> None:
    """A thread that sleeps through most of a column sleeps, whatever it calls in the rest."""
    assert "··········" == drawn((560, ASLEEP), (30, CALL), (410, ASLEEP))
    assert "·····▅····" == drawn((500, ASLEEP), (60, CALL), (440, ASLEEP))


def test_thread_off_the_processor() -> None:
    """A thread that was off the processor for most of a column is shown so, whatever it did in the rest."""
    assert "──────────" == drawn((450, PARKED), (20, CALL), (530, PARKED), conn=None)
    assert "█████─────" == drawn((500, RUNNING), (500, PARKED), conn=None)


def test_questions_win_over_the_python_between_them() -> None:
    """A loop that asks again and again is seen to ask, though most of its time is Python's."""
    assert "▒▒▒▒▒▒▒▒▒▒" == drawn(*[(4, RUNNING), (1, NOT_YET)] * 100)
    assert "██████████" == drawn(*[(1000, RUNNING), (1, NOT_YET)] * 10)


def test_call_without_time_is_seen() -> None:
    """A call that took no time by a coarse clock has a column, too."""
    assert "─────▅────" == drawn((500, PARKED), (0, CALL), (500, PARKED))


def test_lane_begins_and_ends_where_it_does() -> None:
    """Before its begin a lane is empty, and after its end there is nothing."""
    assert "    ▓▓▓" == drawn((300, BLOCKED), start=400, span=1000)


def test_lane_of_no_length() -> None:
    """A lane of one instant is one column."""
    assert "▅" == drawn((0, CALL), span=1)


@pytest.mark.parametrize("columns", [10, 37, 90])
def test_line_is_whole(columns: int) -> None:
    """A lane over the whole time fills the whole line, however the columns fall."""
    assert columns == len(drawn((333, RUNNING), (334, BLOCKED), (333, RUNNING), columns=columns))


def rows(text: str) -> dict[str, str]:
    """Lines by their labels."""
    found = (re.match(r"( *\S.*?) ([│▲ █▅▒▓·─].*)", line) for line in text.splitlines())
    return {match[1].strip(): match[2] for match in found if match}


def test_selector() -> None:
    """The thread on top, then its wakeups, then a line for each request."""
    found = show("timeline", "selector").splitlines()

    assert ["the one thread", "wakeups", "fetch_data #1", "fetch_data #2", "fetch_data #3"] == [
        line[:16].strip() for line in found[3:8]
    ]
    assert 10 == found[4].count("▲")


def test_requests_are_seen_to_be_read() -> None:
    """Each piece that was read is a mark on the request's line."""
    parts = rows(show("timeline", "selector"))["fetch_data #2"]

    assert 3 == len(re.findall("─▅", parts))


def test_axis() -> None:
    """Marks stand at round times, each where its time is."""
    axis, *below = show("timeline", "blocking", 100).splitlines()[2:4]
    marks = {match[1]: match.start() for match in re.finditer(r"│(0|[\d.]+ ms)", axis)}

    assert {"0", "50.0 ms", "100 ms"} <= marks.keys() or {"0", "20.0 ms", "40.0 ms"} <= marks.keys()
    assert marks["0"] == below[0].index("▓")


@pytest.mark.parametrize("span", [1, 7, 999, 10_000, 123 * US, 7 * MS, 151 * MS, 3_600_000 * MS])
def test_axis_of_any_span(span: int) -> None:
    """Nanoseconds or hours: there are marks, and they fit."""
    script = Script()
    script.call("socket", span, None, 1, fd=3, result=3)
    text = str(VIEWS["timeline"].table([Study(script.trace())], Options(width=80)))

    assert "│0" in text
    assert max(map(len, text.splitlines())) <= 80


def test_no_marks_twice() -> None:
    """The words of two marks never run into each other."""
    for width in range(40, 140, 7):
        axis = show("timeline", "selector", width).splitlines()[2]
        assert not re.search(r"ms│", axis)


def test_many_connections() -> None:
    """More than fifty lanes are too many: the first twelve are drawn, and how many are not is said."""
    text = str(VIEWS["timeline"].table([Study(traces.selector(60))], Options(width=100)))

    assert "fetch_data #12 " in text
    assert "fetch_data #13 " not in text
    assert "and 48 more connections, not shown" in text


def test_several_on_one_clock() -> None:
    """Runs stand under each other on one clock: the longest reaches to the right edge."""
    text = show("timeline", "blocking, selector")
    blocking, selector = (line for line in text.splitlines() if line.startswith(("blocking", "selector")))

    assert 100 - 1 <= len(blocking) <= 100
    assert len(selector) < 60
    assert 1 == text.count("│0")


def test_threads_are_named() -> None:
    """With several threads each has its line, and a thread's own one connection needs no second line."""
    script = Script("threads")
    for k in (1, 2):
        name, tid = f"fetch #{k}", PID + k
        for op, took, fields in (
            ("socket", 10 * US, {"result": k + 2}),
            ("connect", 3 * MS, {"args": {"could_wait": True}}),
        ):
            script.call(op, took, name, 1, tid=tid, fd=k + 2, **fields)
    both = [Study(script.trace()), study("selector")]
    alone = str(VIEWS["timeline"].table(both[:1], Options(width=80)))
    together = str(VIEWS["timeline"].table(both, Options(width=80)))

    assert 1 == alone.count("fetch #1 ")
    assert re.search(r"^threads\n  fetch #1 ", together, re.MULTILINE)


def test_processes_are_told_apart() -> None:
    """With several processes each lane says whose it is."""
    assert f"({PID + 2})" in show("timeline", "forked")
    assert f"({PID})" not in show("timeline", "selector")


def test_empty_wakeups_are_dim() -> None:
    """A select that found nothing is a faint mark."""
    script = Script()
    for ready in ((), ((4, "READ"),)):
        args = {"could_wait": True, "watched": 1}
        script.call("select", 5 * MS, None, 1, fd=3, args=args, result=ready)
    found = list(VIEWS["timeline"].table([Study(script.trace())], Options(width=60)))

    assert ["dim", "wakeup"] == [style for line in found[:6] for text, style in line if text == "▲"]


def test_legend_names_all_states() -> None:
    """The legend shows each state once, with the pattern that is drawn."""
    text = show("timeline", "selector")

    for sample in (
        "███ running",
        "▅▅▅ in a call",
        "▒▒▒ asking",
        "▓▓▓ blocked",
        "··· asleep",
        "─── parked",
        " ▲  wakeup",
    ):
        assert 1 == text.count(sample)


def test_parked_threads_are_named() -> None:
    """Where a thread was off the processor, legend and sentences say so, and no request is said to hold no thread."""
    text = show("timeline", "sleeping") + " ".join(said("timeline", "sleeping"))

    assert "─── parked, or off the processor" in text
    assert "blocked in a call 40 percent, off the processor 60 percent." in text
    assert "holds no thread" not in text


def test_thread_is_heavy() -> None:
    """The thread's label stands out, those of requests stand back."""
    styles = {line[0][0].strip(): line[0][1] for line in lines("timeline", "selector") if line}

    assert "strong" == styles["the one thread"]
    assert "dim" == styles["fetch_data #1"]


def test_plain() -> None:
    """Read aloud, each line is a sentence: from when to when, and what part of it in which state."""
    first, *_, last = said("timeline", "selector")

    assert first.startswith("The one thread, from the start to 57.5 milliseconds: running Python 1 percent")
    assert "10 wakeups: 9 with 1 socket ready, 1 with 3 sockets ready." == last


def test_rows_sum_up() -> None:
    """For programs, each lane comes with all its stretches, which sum to its totals."""
    for row in VIEWS["timeline"].jsonl(studies("selector, blocking"), Options()):
        assert '"segments":[[' in row
