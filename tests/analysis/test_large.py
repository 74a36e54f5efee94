"""Runs of millions of rows: they are looked at in columns, and row by row; a log begins before all is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import Story
from tests.browser.big import big_trace
from tracedemo import events, tracefile
from tracedemo.analysis import segments
from tracedemo.analysis.beginning import certain
from tracedemo.analysis.identity import identify, lacks_any
from tracedemo.analysis.study import Study
from tracedemo.events import KERNEL, Rows, Trace
from tracedemo.render import VIEWS, log
from tracedemo.render.options import Options

TRACES = Path(__file__).parents[2] / "docs" / "traces"
RECORDED = sorted(
    path for path in TRACES.glob("*.jsonl") if path.stem != "thousands"
)  # that one is a summary
PIPE = Options(styled=False)
"""Lines of any length, as a pipe gets them."""


def there(fd: int) -> str:
    """The client's address of a socket."""
    return f"127.0.0.1:{40_000 + fd}"


def sent(story: Story, fd: int) -> None:
    """Our server has sent something."""
    now = max(story.clock.values(), default=0)
    story.server("sent", there(fd), now, 400, piece=1, server_conn=fd)


ACTIONS: dict[str, Callable[[Story, int, str], object]] = {
    "socket": lambda story, fd, owner: story.socket(fd, owner=owner),
    "connect": lambda story, fd, owner: story.connect(fd, there(fd), owner=owner),
    "WRITE": lambda story, fd, _: story.select([[fd, "WRITE"]], took=100_000),
    "READ": lambda story, fd, _: story.select([[fd, "READ"]], took=100_000),
    "ready already": lambda story, fd, _: story.select([[fd, "READ"]], took=100),
    "send": lambda story, fd, owner: story.send(fd, owner=owner),
    "recv": lambda story, fd, owner: story.recv(fd, 400, owner=owner),
    "end": lambda story, fd, owner: story.recv(fd, 0, owner=owner),
    "not yet": lambda story, fd, owner: story.not_yet("recv", fd, owner=owner),
    "close": lambda story, fd, owner: story.call("close", fd, owner=owner),
    "unregister": lambda story, fd, _: story.call("unregister", fd),
    "yield": lambda story, fd, owner: story.step("yield", owner, fd, value=f"fd {fd}, READ"),
    "resume": lambda story, fd, owner: story.step("resume", owner, fd),
    "failed": lambda story, fd, owner: story.call(
        "getsockopt", fd, owner=owner, option="SO_ERROR", result=111
    ),
    "no error": lambda story, fd, owner: story.call(
        "getsockopt", fd, owner=owner, option="SO_ERROR", result=0
    ),
    "for ever": lambda story, fd, owner: story.call("recv", fd, took=None, owner=owner),
    "port": lambda story, fd, _: story.port(fd, there(fd)),
    "sent": lambda story, fd, _: sent(story, fd),
}
CHOICES = st.lists(st.tuples(st.sampled_from(list(ACTIONS)), st.integers(4, 6), st.booleans()), max_size=60)


def run_of(choices: Sequence[tuple[str, int, bool]]) -> Trace:
    """A run in which sockets do this and that, some of it with a system call beneath."""
    engine = "strace" if any(kernel for _, _, kernel in choices) else None
    story = Story(recorded={"server": 1}, engine=engine)
    for action, fd, kernel in choices:
        ACTIONS[action](story, fd, f"fetch #{fd}")
        if kernel and story.events[-1].t1 is not None:
            t0 = story.events[-1].t0
            story.add(KERNEL, "recvfrom", t0 + 1, t0 + 2, fd=fd, args={"fd": fd}, result=0)
    return story.trace()


RUNS = CHOICES.map(run_of)


@contextmanager
def as_if_large() -> Iterator[None]:
    """No run is so small that it is held as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "MOST_HELD", -1)
        patch.setattr("tracedemo.analysis.join.MOST_HELD", -1)
        patch.setattr(segments, "MOST_APART", -1)
        patch.setattr(Rows, "BLOCK", 3)
        patch.setattr(Rows, "KEPT", 2)
        yield


def found(trace: Trace) -> dict[str, Any]:
    """All that analysis finds, in values that can be compared."""
    study = Study(trace.with_columns())
    states, joined = study.states, study.join
    return {
        "events": list(study.events),
        "connections": study.connections,
        "threads": [(lane.label, lane.t0, lane.t1, list(lane.segments), lane.totals) for lane in states.threads],
        "requests": [(lane.label, list(lane.segments)) for lane in states.connections],
        "of_row": states.of_row,
        "summary": asdict(study.summary),
        "wakeups": study.wakeups,
        "join": joined and (dict(joined.parent), dict(joined.beneath), joined.outside, joined.startup, joined.tool),
        "counts": joined and (joined.matched, joined.unmatched, joined.sure, len(joined.parent), len(joined.beneath)),
        "folds": study.folds,
        "log": lines(study),
    }  # fmt: skip


def lines(study: Study) -> list[str]:
    """The log as a pipe gets it."""
    return list(VIEWS["log"].table([study], PIPE).texts())


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded(path: Path) -> None:
    """In each recorded run the same is found, whether its rows are held or made when they are asked for."""
    trace = tracefile.read(path).trace
    held = found(trace)
    with as_if_large():
        assert isinstance(trace.with_columns().hold(), Rows)
        assert held == found(trace)


@settings(deadline=None)
@given(RUNS)
def test_made(trace: Trace) -> None:
    """In any run, too."""
    held = found(trace)
    with as_if_large():
        assert held == found(trace)


@given(st.lists(st.integers(0, 99), max_size=12), st.integers(-3, 14), st.integers(-3, 14))
def test_rows(times: list[int], begin: int, end: int) -> None:
    """Rows that are made when they are asked for are a sequence like any other."""
    trace = Trace(events=[events.Event(0, KERNEL, "read", t0, None, 1, 1) for t0 in times])
    whole = tuple(trace)
    with as_if_large():
        rows = trace.with_columns().hold()

        assert isinstance(rows, Rows)
        assert (len(whole), whole) == (len(rows), tuple(rows))
        assert list(whole[begin:end]) == list(rows[begin:end])
        for row in range(-len(whole), len(whole)):
            assert whole[row] == rows[row]
        for row in (len(whole), -len(whole) - 1):
            with pytest.raises(IndexError):
                rows[row]


def first_page(trace: Trace, rows: int, margin: int) -> list[str]:
    """The first page of the log, as far as so many rows tell it for certain."""
    part = Trace(trace.header, trace.hold()[:rows], trace.sources)
    if lacks_any(part):
        return []
    study = Study(part)
    return VIEWS["log"].beginning(study, PIPE, certain(study, margin))


def test_pages_of_a_recorded_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of recorded runs the first page of the log is what it is in the whole, however little is known of what follows."""
    monkeypatch.setattr(log, "PAGE", 4)
    early = 0
    for path in RECORDED:
        trace = identify(tracefile.read(path).trace)
        whole = lines(Study(trace))
        for rows in range(1, min(len(trace), 400), 3):
            page = first_page(trace, rows, margin=2)
            early += bool(page)
            assert page == whole[: len(page)]
    assert early > 100


@settings(deadline=None)
@given(RUNS, st.integers(0, 80))
def test_page_of_a_made_run(trace: Trace, rows: int) -> None:
    """Of any run, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "PAGE", 3)
        page = first_page(trace, rows, margin=2)

        assert page == lines(Study(trace))[: len(page)]


@pytest.mark.parametrize("kernel", [False, True])
def test_pages_hold_every_line(monkeypatch: pytest.MonkeyPatch, kernel: bool) -> None:
    """Pages show the lines of the log, each once and in order; only their columns are as wide as each page needs."""
    trace = big_trace(200, kernel=kernel)
    whole = [line.split() for line in lines(Study(trace))]
    monkeypatch.setattr(log, "PAGE", 50)
    paged = lines(Study(trace))

    assert whole == [line.split() for line in paged]
    assert paged[:53] == first_page(trace, 400, margin=20)[:53] != []


def test_page_with_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the page on which a second file of source comes up, lines name their file."""
    story = Story()
    for number in range(8):
        place = events.Site("one.py" if number < 6 else "two.py", number + 1, "main")
        story.call("socket", 4 + number, owner=f"fetch #{number}", result=4 + number, site=place)
    monkeypatch.setattr(log, "PAGE", 4)
    trace = story.trace()
    trace.sources.update(dict.fromkeys(("one.py", "two.py"), "text\n" * 8))
    told = [line.split() for line in lines(Study(trace))]

    assert ["one.py", "source"] == [line[-1] for line in told if "took" in line]
    assert ["1", "2", "3", "4"] == [line[-2] for line in told[3:7]]
    assert ["one.py:5", "one.py:6", "two.py:7", "two.py:8"] == [line[-2] for line in told[8:12]]
