"""The log: which rows, in which columns, in which colour, and what is never cut."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render import traces
from tests.render.looks import lines, said, show, studies, study, style_of
from tests.render.traces import MS, PID, US, Script
from tracedemo import tracefile
from tracedemo.analysis.filters import parse
from tracedemo.analysis.study import Study
from tracedemo.events import PYTHON, Site
from tracedemo.render import VIEWS, Options


def told(trace: Script | Study, width: int | None = 120, **options: object) -> str:
    found = trace if isinstance(trace, Study) else Study(trace.trace())
    return str(VIEWS["log"].table([found], Options(width=width, **options)))


def test_not_yet_has_a_diamond() -> None:
    """A "not yet" is yellow and has a mark; the time that it took is in its state's colour."""
    found = lines("log", "selector")

    assert "not-yet" == style_of(found, "◆ EINPROGRESS")
    assert "state.not-yet" == style_of(found, "204 µs")


def test_threads_without_owners_are_told_apart() -> None:
    """Where nobody is known to own a call, each row names its own thread."""
    script = Script()
    for tid in (PID, PID + 1, PID + 2, PID):
        script.call("gethostname", 1 * US, None, tid=tid)
    rows = [line for line in told(script).splitlines() if "gethostname" in line]

    assert ["main thread", f"thread {PID + 1}", f"thread {PID + 2}", "main thread"] == [
        re.split(r"  +", row.strip())[1] for row in rows
    ]


def test_waits_have_their_states_colour() -> None:
    """How long a call slept is red where it held the thread, magenta where it is select."""
    assert "state.blocked" == style_of(lines("log", "blocking", unfold=True), "30.0 ms")
    assert "state.asleep" == style_of(lines("log", "selector"), "30.0 ms")


def test_wakeups_are_magenta() -> None:
    """What a select found ready, and why, is in the colour of a wakeup."""
    found = lines("log", "selector", 160)

    assert "wakeup" == style_of(found, "3 ready: fd 4, 5, 6")
    assert "wakeup" == style_of(found, "the server sent piece 1")


def test_errors_are_red() -> None:
    """A call that failed has a red answer; "never returned" is one, too."""
    assert "error" == style_of(lines("log", "hostile"), "ECONNREFUSED")
    assert "error" == style_of(lines("log", "forked"), "never returned")


def test_steps_are_dim() -> None:
    """Steps of generators stand back behind calls."""
    assert "dim" == style_of(lines("log", "selector"), "yield fd 4, WRITE")
    assert "dim" == style_of(lines("log", "selector"), "resume")


def test_repeats_are_folded() -> None:
    """A call that is repeated with one answer is one line with a count and the time of all."""
    text = show("log", "nonblocking")

    assert re.search(r"recv\(4096\) +◆ EAGAIN ×100 +9\.0 ms", text)
    assert re.search(r"[\d,]+ rows stand in \d+ folded lines", text)
    assert "1,086 yields and resumes between repeats" in text.replace("\n", " ")


def test_unfold() -> None:
    """Unfolded, every row of the trace has a line, the server's and the tool's own, too."""
    text = show("log", "nonblocking", None, unfold=True)

    assert len(text.splitlines()) == len(study("nonblocking").events) + 3
    assert "×" not in text
    assert re.search(r"tracedemo +port +127\.0\.0\.1:50003", text)
    assert re.search(r"server +sent piece 2 \(fetch_data #1\) +400 bytes", text)


def test_hidden_rows_are_counted() -> None:
    """Rows of the server and of the tool are not shown, and the last line says how many they are."""
    text = show("log", "selector")

    assert "50004" not in text
    assert text.endswith("Not shown: 3 of tracedemo itself and 15 of the server. --unfold shows every row.\n")


@pytest.mark.parametrize(
    "words", ["server", "lane=server", "sent", "phase=send,lane=server", "mark=tracer", "port"]
)
def test_hidden_rows_can_be_asked_for(words: str) -> None:
    """A filter that names them shows rows that are hidden otherwise."""
    text = show("log", "selector", only=parse(words))

    assert "Not shown" not in text
    if words in ("server", "lane=server", "sent"):
        assert "sent piece 3" in text


def test_imports_are_hidden() -> None:
    """What a module does while it is imported is not the program's, and is counted as such."""
    script = Script()
    script.call("selector", 10 * US, None, 1, fd=3, args={"selector": "epoll", "importing": True})
    script.call("socket", 10 * US, None, 2, fd=3, result=3)

    assert "Not shown: 1 of modules being imported." in told(script)
    assert "0.000" in told(script)


def test_only() -> None:
    """A filter leaves the rows that it wants, and the rest is counted."""
    text = show("log", "selector", only=parse("connect"))

    assert 3 == text.count("EINPROGRESS")
    assert "recv" not in text
    assert f"--only leaves out {len(study('selector').events) - 3} rows." in text


def test_times_begin_with_the_program() -> None:
    """The program's first event is at 0, whatever the clock says."""
    first, *_, last = [
        line for line in show("log", "selector").splitlines() if re.match(r" *\d+\.\d{3}  ", line)
    ]

    assert first.startswith(" 0.000  loop ")
    assert last.startswith("57.4")


def test_columns_by_width() -> None:
    """Under 80 columns a row takes two lines; from 120 there is why, from 150 the source line."""
    heads = {
        width: show("log", "selector", width).splitlines()[2].split()
        for width in (60, 80, 100, 119, 120, 149, 150)
    }

    assert "call" not in heads[60]
    assert ["at", "ms", "who", "call", "answer", "took"] == heads[80]
    assert [*heads[80], "line"] == heads[100] == heads[119]
    assert [*heads[80], "why", "line"] == heads[120] == heads[149]
    assert [*heads[80], "why", "line", "selector.py"] == heads[150]


def test_cause_without_its_column() -> None:
    """Where `why` has no column, a wakeup's cause stands on a line of its own."""
    for width in (60, 80, 100):
        assert "\n" in show("log", "selector", width).partition("woken: the server sent piece 2")[0][-40:]
    assert "woken:" not in show("log", "selector", 120)


def test_ready_already() -> None:
    """A select that did not sleep was not woken."""
    script = Script()
    script.call("socket", 10 * US, "a", 1, fd=4, result=4)
    script.call(
        "select", 10 * US, None, 1, fd=3, args={"could_wait": True, "watched": 1}, result=((4, "WRITE"),)
    )

    for width in (60, 100, 160):
        assert "ready already: " in told(script, width)
        assert "woken" not in told(script, width)


def test_errno_is_explained_once() -> None:
    """What an errno means is said where it comes up first."""
    assert 1 == show("log", "selector", None).count(
        "the connection attempt has begun and goes on in the background"
    )
    assert 1 == show("log", "selector", None).count("ask again later")


def test_source_line() -> None:
    """The line of source that made the call stands beside it, shortened on a screen, whole in a pipe."""
    assert re.search(r"◆ EINPROGRESS.*  5  sock\.connect\(address\)", show("log", "selector", 160))
    assert "  2  sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)\n" in show("log", "selector", None)


def test_several_files() -> None:
    """With calls from several files, the line says which."""
    script = Script()
    for file in ("one.py", "C:\\deep\\two.py"):
        site = Site(file, 7, "f")
        script.add(PYTHON, "socket", 10 * US, fd=3, result=3, site=site, user_site=site)
        script.now += 20 * US
    text = told(script, 120)

    assert "one.py:7" in text
    assert "two.py:7" in text
    assert "one.py line 7" in "".join(VIEWS["log"].plain([Study(script.trace())], Options()))


def test_processes() -> None:
    """With several processes, each row says whose it is."""
    text = show("log", "forked")

    assert re.search(r"pid +who", text)
    assert re.search(rf"{PID + 2} +MainThread +recv\(\) +never returned", text)
    assert "pid" not in show("log", "selector")
    assert f" {PID + 2} MainThread  recv() → never returned" in show("log", "forked", 60)


@settings(deadline=None, max_examples=25)
@given(st.integers(40, 200), st.integers(1, 40))
def test_answers_are_never_cut(width: int, requests: int) -> None:
    """At any width every ready descriptor and every errno's name is on the screen, whole."""
    text = told(Study(traces.selector(requests)), width)
    ready = re.sub(r"\s+", " ", text)

    for fd in range(4, 4 + requests):
        assert re.search(rf"\b{fd}\b", ready)
    assert requests == text.count("EINPROGRESS")
    assert 2 * requests == text.count("EAGAIN")
    for line in text.splitlines():
        assert "ready: fd…" not in line


def test_long_names() -> None:
    """A long call or name is cut in the middle or at the end; the answer beside it is not."""
    script = Script()
    address = "[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:8080"
    name = "a task with a very long name " * 3
    script.call("socket", 10 * US, name, 1, fd=4, result=4)
    script.call(
        "connect", 10 * US, name, 1, fd=4, args={"address": address}, errno="ENETUNREACH", exc="OSError"
    )

    for width in (60, 80, 100):
        assert "ENETUNREACH" in told(script, width)
        assert "…" in told(script, width)
    assert address in told(script, None)


def test_plain_says_how_often() -> None:
    """Read aloud, a folded line says how often and how long."""
    found = "\n".join(said("log", "nonblocking"))

    assert re.search(r"nothing there yet \(EAGAIN\)\. 100 times, 9 milliseconds in all\.", found)
    assert found.startswith("At the start, line 2: fetch_data #1 ") or "fetch_data #1 starts." in found


def test_jsonl_is_what_a_file_holds() -> None:
    """The log as JSON lines is the events as a trace file has them, hidden rows included."""
    found = list(VIEWS["log"].jsonl(studies("selector"), Options()))

    assert found == [line for line in tracefile.lines(study("selector").trace) if '"lane"' in line]
    only = list(VIEWS["log"].jsonl(studies("selector"), Options(only=parse("connect"))))
    assert ["connect"] * 3 == [json.loads(line)["op"] for line in only]


def test_many_rows_are_few_pieces() -> None:
    """A row of the log is a handful of pieces, however many columns it has: that is what makes printing fast."""
    found = list(VIEWS["log"].table([Study(traces.selector(40))], Options(width=160)))

    assert sum(map(len, found)) < 4 * len(found)


def test_never_returned() -> None:
    """A call that never returned has an answer, and no duration."""
    script = Script()
    script.call("recv", None, "a", 1, fd=4, args={"could_wait": True})
    script.now += MS

    assert re.search(r"recv\(\) +never returned +1$", told(script, 100), re.MULTILINE)
