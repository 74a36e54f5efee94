"""The stepper: what each key does, and what the screen shows, without a terminal."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render import traces
from tests.render.looks import MAKERS, check_golden, study
from tracedemo.analysis.sentences import answer_text, call_text
from tracedemo.analysis.study import Study
from tracedemo.analysis.walk import Walk
from tracedemo.analysis.walk.following import Follow, follow
from tracedemo.errors import UsageError
from tracedemo.render import Options
from tracedemo.render import step_plain as plain
from tracedemo.render.glyphs import ASCII, STYLES, UTF8
from tracedemo.render.lines import Line, safe, width_of
from tracedemo.render.step import draw
from tracedemo.render.step_panes import short_labels
from tracedemo.render.step_state import HELP, KEYS, PAGE, State, begin, press

SIZES = [(80, 24), (100, 30), (160, 45)]
NAMES = [name for name in MAKERS if name != "empty"]
SEVERAL = "blocking, nonblocking, selector"
EVERY_RUN = pytest.mark.parametrize("names", [*NAMES, SEVERAL])
EVERY_SIZE = pytest.mark.parametrize("size", SIZES, ids=str)


@cache
def walks(names: str) -> tuple[Walk, ...]:
    return tuple(Walk(study(name)) for name in names.split(", "))


def at(names: str, *keys: str, **settings: object) -> State:
    """The state after some keys."""
    state = begin(walks(names), **settings)
    for key in keys:
        state = press(state, key)
    return state


def typed(text: str) -> list[str]:
    return [*text, "enter"]


def text_of(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines) + "\n"


def screen(state: State, size: tuple[int, int] = (100, 30), **options: object) -> str:
    return text_of(draw(state, *size, Options(width=size[0], **options)))


def unfolded(text: str) -> str:
    """A text without the breaks that a screen puts into it."""
    return re.sub(r"\s+", "", text)


# Keys


@pytest.mark.parametrize(
    ("keys", "step"),
    [
        (["right"], 1),
        (["l", " ", "enter"], 3),
        (["right", "left"], 0),
        (["l", "l", "h", "backspace"], 0),
        (["pgdn"], PAGE),
        (["pgdn", "pgdn", "pgup"], PAGE),
        (["end", "home"], 0),
        (["g", *typed("12")], 11),
        (["g", *typed("0")], 0),
        (["x", "F5", "ü", "\x00"], 0),
    ],
)
def test_going(keys: list[str], step: int) -> None:
    """Keys go one step or ten, to the ends and to a number; what is no key does nothing."""
    assert step == at("selector", *keys).step


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["left"], "This is the first step."),
        (["end", "right"], "This is the last step."),
        (["end", "]"], "There is no moment after this one."),
        (["["], "There is no moment before this one."),
        (["n"], "No connection has been used yet."),
        (["end", "n"], "There is no step of fetch_data #3 after this one."),
        (["tab"], "There is one run only."),
        (["2"], "There is one run only."),
        (["g", *typed("x")], "A step is a number from 1 to 99."),
        (["/", *typed("juggle")], "what is 'juggle'?"),
        (["/", *typed("fd=77")], "No step has fd=77."),
    ],
)
def test_what_cannot_be_done_is_said(keys: list[str], said: str) -> None:
    """A key that leads nowhere says so, and the next one wipes it out."""
    state = at("selector", *keys)

    assert said in state.said
    assert said in screen(state)
    assert "" == press(state, "s").said


def test_every_moment_forwards_and_backwards() -> None:
    """The keys for moments stop at each of them, in order, in both directions."""
    state, forwards = at("selector"), []
    while not (state := press(state, "]")).said:
        forwards.append(state.step)
    backwards = [state.step]
    while not (state := press(state, "[")).said:
        backwards.append(state.step)

    assert list(state.walk.moments) == forwards == backwards[::-1]


def test_same_connection() -> None:
    """The key for a connection stops at all of its steps, and at no other."""
    state = at("selector", "g", *typed("3"))
    conn, found = state.walk.event(state.step).conn, [state.step]
    while not (state := press(state, "n")).said:
        found.append(state.step)

    assert conn == 1
    assert [step for step in range(len(state.walk)) if state.walk.event(step).conn == conn] == found
    assert found[-2] == press(state, "N").step


def test_search() -> None:
    """After a search the keys for moments stop at what was found, until Esc ends it."""
    state = at("selector", "/", *typed("EAGAIN"))
    found = [state.step]
    while not (state := press(state, "]")).said:
        found.append(state.step)

    assert [step for step in range(len(state.walk)) if state.walk.event(step).errno == "EAGAIN"] == found
    assert "/EAGAIN" in screen(state)
    assert at("selector", "/", *typed("EAGAIN"), "esc", "[").step in state.walk.moments
    assert at("selector", "/", *typed("EAGAIN"), "/", "enter").words == ""


def test_typing() -> None:
    """What is typed is shown; backspace takes it back, and Esc gives it up."""
    state = at("selector", "/", *"recw", "backspace", "v")

    assert "search: recv" in screen(state)
    assert at("selector", "/", *"recv", "esc").asked == ""
    assert at("selector", "/", "backspace").asked == ""
    assert at("selector", "/", "right", "f5").typed == ""
    assert not at("selector", "/", "q").ended


def test_begin() -> None:
    """One may begin at a step, and at the first one that is searched for from there."""
    eagain = [step for step in range(99) if walks("selector")[0].event(step).errno == "EAGAIN"]

    assert 25 == at("selector", at=25).step
    assert eagain[0] == at("selector", words="EAGAIN").step
    assert eagain[1] == at("selector", words="EAGAIN", at=eagain[0] + 1).step
    assert eagain[1] == at("selector", words="EAGAIN", at=eagain[1]).step
    with pytest.raises(UsageError):
        at("selector", words="juggle")


def test_runs() -> None:
    """Runs are chosen by number and in turn, from where they stand, and a search goes on in the other."""
    keys = ["pgdn", "2"]
    state = at(SEVERAL, *keys)

    assert [1, 2, 0, 2] == [
        at(SEVERAL, *keys, *more).run for more in ([], ["tab"], ["tab", "down"], ["1", "backtab"])
    ]
    assert at(SEVERAL, "pgdn").steps == state.steps
    assert "There are 3 runs." == at(SEVERAL, "7").said
    assert at(SEVERAL, "/", *typed("recv"), "3").found == at("selector", "/", *typed("recv")).found


@pytest.mark.parametrize("how", Follow)
def test_others_follow(how: Follow) -> None:
    """The others stand where they follow to, by the clock or by phase, whichever is chosen."""
    keys = ["3", *(["f"] if how is Follow.PHASE else [])]
    state = at(SEVERAL, *keys)
    for _ in range(len(state.walk)):
        state = press(state, "right")
        for run in (0, 1):
            assert follow(state.walk, state.step, state.walks[run], how) == state.steps[run]
    assert f"together by {how}" in screen(state)


def test_help() -> None:
    """The help names each key that does something, and any key leaves it; q ends it all."""
    state = at("selector", "?")
    text = screen(state, (80, 24))

    assert all(words in text for _, words in HELP)
    assert not press(state, "x").help
    assert press(state, "q").ended
    named = {
        "Home": "home",
        "End": "end",
        "PgDn": "pgdn",
        "PgUp": "pgup",
        "space": " ",
        "Tab": "tab",
        "Esc": "esc",
    }
    known = {named.get(word, word) for keys, _ in HELP for word in keys.split()} | {"esc"}
    assert set(KEYS) - {"enter", "backspace", "backtab", "c", "?"} <= known


@given(st.lists(st.sampled_from([*KEYS, *"123", "x", "é"]), max_size=60), st.sampled_from(SIZES))
@settings(max_examples=60, deadline=None)
def test_any_keys(keys: list[str], size: tuple[int, int]) -> None:
    """Whatever is typed, each run stands at one of its steps, and the screen is full and no more than that."""
    state = at(SEVERAL, *keys)

    assert all(0 <= step < len(walk) for step, walk in zip(state.steps, state.walks, strict=True))
    lines = draw(state, *size, Options(width=size[0]))
    assert {size[0]} == {sum(width_of(text) for text, _ in line) for line in lines}
    assert size[1] == len(lines)


# The screen


@EVERY_RUN
@EVERY_SIZE
@pytest.mark.parametrize("by_steps", [False, True])
def test_screen(names: str, size: tuple[int, int], by_steps: bool) -> None:
    """At every step the screen is full, holds the whole sentence, and neither control characters nor styles of others."""
    state = at(names, *["s"] * by_steps)
    for step in range(len(state.walk)):
        state = press(state, "right") if step else state
        assert step == state.step
        lines = draw(state, *size, Options(width=size[0]))
        assert size[1] == len(lines)
        assert {size[0]} == {sum(width_of(text) for text, _ in line) for line in lines}
        assert all(
            text.isprintable() and (style in STYLES or not style) for line in lines for text, style in line
        )
        if names != SEVERAL:
            sentence = safe(state.walk.sentence(step), UTF8)
            assert unfolded(sentence) in unfolded(text_of(lines[1 : size[1] // 2]))


@pytest.mark.parametrize(
    "size", [(1, 1), (5, 3), (20, 6), (39, 9), (60, 12), (300, 10), (30, 100), (400, 120)]
)
@EVERY_RUN
def test_any_size(names: str, size: tuple[int, int]) -> None:
    """A screen of any size is filled, and nothing fails."""
    for keys in ([], ["]"], ["end"], ["s"], ["?"], ["/", "x"]):
        lines = draw(at(names, *keys), *size, Options(width=size[0]))
        assert size[1] == len(lines)
        assert all(sum(width_of(text) for text, _ in line) <= size[0] for line in lines)


@EVERY_RUN
def test_ascii(names: str) -> None:
    """In ascii nothing but the 95 printable characters is on the screen."""
    for keys in (["]"], ["]", "s"], ["end"], ["?"]):
        assert re.fullmatch(r"[ -~\n]*", screen(at(names, *keys), ascii=True))


def test_what_a_step_shows() -> None:
    """A step shows its line, the call, its answer and why, the system calls inside it, and the sockets."""
    walk = walks("kernel")[0]
    step = next(step for step in range(len(walk)) if walk.event(step).op == "select" and walk.beneath(step))
    text = screen(at("kernel", at=step))
    number = walk.event(step).place.line

    assert f"step {step + 1} of {len(walk)}" in text
    assert re.search(rf"^> *{number} ", text, re.MULTILINE)
    for shown in (call_text(walk.event(step)), answer_text(walk.event(step)), walk.beneath(step)[0].text):
        assert unfolded(shown) in unfolded("".join(line[55:] for line in text.splitlines()))
    for now in walk.sockets(step):
        assert f"{now.socket.label}" in text
        assert now.words in text


def test_where_the_cursor_is() -> None:
    """The cursor stands over the column of its time, and its line goes through every lane."""
    state = at("selector", "]", "]", "]", "]", "]")
    lines = screen(state).splitlines()
    row = next(place for place, line in enumerate(lines) if UTF8.cursor in line)
    column = lines[row].index(UTF8.cursor)

    assert all(UTF8.tick == line[column] for line in lines[row + 1 : -1])
    state = at("selector")
    assert screen(state).splitlines()[row].index(UTF8.cursor) < column
    assert UTF8.cursor == screen(press(state, "end")).splitlines()[row].rstrip()[-1]


def test_by_steps_every_step_has_its_columns() -> None:
    """By steps, each step forwards moves the cursor as far as any other one, or shows the next part of the run."""
    state, columns = at("selector", "s"), []
    for _ in range(30):
        line = next(line for line in screen(state).splitlines() if UTF8.cursor in line)
        columns.append(line.index(UTF8.cursor))
        state = press(state, "right")

    moves = {second - first for first, second in pairwise(columns)}
    assert 1 == len({move for move in moves if move > 0})


def test_source_stays_while_the_next_line_is_among_it() -> None:
    """From one line to the next of the same function the source does not move; the mark does."""
    first, second = (screen(at("selector", "g", *typed(str(number)))).splitlines() for number in (3, 4))
    numbers = [[line[2:6] for line in lines[4:18]] for lines in (first, second)]

    assert numbers[0] == numbers[1]
    assert [line[:55] for line in first[4:18]] != [line[:55] for line in second[4:18]]


def test_source_that_is_not_there() -> None:
    """Where the text of the line was not saved, the place is named all the same."""
    made = traces.selector(1)
    made.sources.clear()
    state = begin([Walk(Study(made))])
    site = state.walk.event(0).place

    assert f"{Path(site.file).name}:{site.line}: the text was not saved." in screen(state)


def test_others_in_a_line() -> None:
    """Where runs have no room beside each other, each of the others has a line with its time and its sentence."""
    state = at(SEVERAL, "]", "]", "f")
    text = screen(state, (80, 24))

    for run in (1, 2):
        walk, step = state.walks[run], state.steps[run]
        assert re.search(
            rf"^ {run + 1} {walk.study.name}  .*{re.escape(walk.sentence(step)[:20])}", text, re.MULTILINE
        )


def test_others_beside() -> None:
    """On a wide screen each run has a column with its own step, sentence and source."""
    state = at(SEVERAL, "]", "]", "f")
    lines = draw(state, 160, 45, Options(width=160))
    text = text_of(lines)

    for walk, step in zip(state.walks, state.steps, strict=True):
        assert re.search(rf"{walk.study.name} +(step )?{step + 1}( of |/){len(walk):,} ", text)
        assert " ".join(walk.sentence(step).split()[:4]) in text
    assert "fetch_data" in text


def test_of_many_sockets_those_that_matter() -> None:
    """Where there are more sockets than lines, the step's own is shown, and how many others are what."""
    walk = Walk(Study(traces.selector(60)))
    state = begin([walk])
    for _ in range(400):
        state = press(state, "right")
        text = screen(state, (80, 24))
        label = walk.study.context.labels.get(walk.event(state.step).conn or 0)
        if label:
            number = label.rpartition(" ")[2]
            assert re.search(rf"> \S*{re.escape(number)}  ", text), text
        assert re.search(r"and \d\d more: ", text)
        assert "+" in text


def test_short_labels() -> None:
    """Words that all labels have in common are left out where there is no room for them."""
    assert ["#1", "#2"] == short_labels(["fetch_data #1", "fetch_data #2"])
    assert ["Task-2", "Task-13"] == short_labels(["Task-2 (fetch_data)", "Task-13 (fetch_data)"])
    assert ["a b", "c d"] == short_labels(["a b", "c d"])
    assert ["same thing", "same thing"] != short_labels(["same thing", "same other"])
    assert ["fetch_data #1"] == short_labels(["fetch_data #1"])
    assert ["x", "x"] == short_labels(["x", "x"])


# The same without a screen


@EVERY_RUN
def test_plain(names: str) -> None:
    """In plain text each step is a line that ends with its sentence, without drawings or control characters."""
    state = at(names)
    for _ in range(len(state.walk)):
        told = list(plain.told(state))
        assert len(state.walks) == len(told)
        assert told[0].endswith(state.walk.sentence(state.step))
        assert f"tep {state.step + 1:,} of" in told[0]
        drawn = {*UTF8.states.values(), UTF8.wakeup, UTF8.not_yet, UTF8.cursor} - {ASCII.nothing}
        for line in (*told, *plain.more(state)):
            assert not drawn & set(line)
            assert line.endswith((".", "?", "!"))
        state = press(state, "right")


def test_all_told_at_once() -> None:
    """All at once, each step of each run has its line; with a search, those that were found."""
    lines = list(plain.all_told(at(SEVERAL)))
    found = list(plain.all_told(at("selector", words="EAGAIN")))

    assert sum(map(len, walks(SEVERAL))) == len(lines)
    assert all(line.split(",")[0] in SEVERAL.split(", ") for line in lines)
    assert found
    assert all("EAGAIN" in line for line in found)


@pytest.mark.parametrize(
    ("command", "step"),
    [
        ("", 1),
        ("next", 1),
        ("]", 4),
        ("17", 16),
        ("last", 98),
        ("/select", 19),
        ("n", 0),
        ("b", 0),
        ("back", 0),
    ],
)
def test_commands(command: str, step: int) -> None:
    """A command goes where the key of the same meaning goes."""
    state, answer = plain.obey(at("selector"), command)

    assert step == state.step
    assert answer
    assert bool(step) == answer[0].startswith(f"Step {step + 1} of ")


def test_other_commands() -> None:
    """More about a step, another run, the way of following, help, and the end."""
    state, answer = plain.obey(at("kernel", "/", *typed("select")), "m")
    assert answer[0].startswith("Beneath it is 1 system call: epoll_wait")
    assert any("kernel watches for WRITE." in line or "is ready: WRITE." in line for line in answer[1:])
    state, answer = plain.obey(at(SEVERAL), "v3")
    assert (2, True) == (state.run, answer[0].startswith("selector, step"))
    state, answer = plain.obey(state, "f")
    assert "The other runs follow by phase." == answer[0]
    assert plain.HELP == plain.obey(state, "?")[1]
    assert plain.obey(state, "quit")[0].ended
    assert "juggle is no command; ? tells which there are." == plain.obey(state, "juggle")[1][0]


def test_rows() -> None:
    """For programs each step is one JSON object, with its sentence."""
    found = [json.loads(json.dumps(row)) for row in plain.rows(begin(walks(SEVERAL)))]

    assert [walk.sentence(step) for walk in walks(SEVERAL) for step in range(len(walk))] == [
        row["sentence"] for row in found
    ]
    assert {"wakeup", "wait", "not yet", None} == {row["moment"] for row in found}


@pytest.mark.parametrize(
    ("name", "names", "size", "keys", "ascii"),
    [
        ("selector-80", "selector", (80, 24), ["]"] * 4, False),
        ("selector-100", "selector", (100, 30), ["]"] * 5, False),
        ("selector-160-steps", "selector", (160, 45), [*["]"] * 5, "s"], False),
        ("selector-ascii", "selector", (80, 24), ["]"] * 4, True),
        ("kernel-100", "kernel", (100, 30), ["]"] * 4, False),
        ("looping-100", "looping", (100, 30), ["]"] * 4, False),
        ("hostile-80", "hostile", (80, 24), ["right"], False),
        ("forked-80", "forked", (80, 24), ["end"], False),
        ("three-80", SEVERAL, (80, 24), [*["]"] * 3, "f"], False),
        ("three-160", SEVERAL, (160, 45), [*["]"] * 3, "f"], False),
        ("help-80", "selector", (80, 24), ["?"], False),
        ("tiny", "selector", (40, 10), ["]"], False),
    ],
)
def test_golden(name: str, names: str, size: tuple[int, int], keys: list[str], ascii: bool) -> None:
    """The screen looks as it was kept."""
    check_golden(f"step-{name}", screen(at(names, *keys), size, ascii=ascii))
