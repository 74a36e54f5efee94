"""What the page reads out of its data is what Python put in, to the letter, whatever the trace holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.loop_story import fetching
from tests.browser import reading
from tests.browser.big import big_trace
from tests.browser.opened import opened
from tests.render import traces
from tests.render.kernel_trace import kernel
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Walk
from tracedemo.events import FLOW, LANES, MARKS, PYTHON, Event, Header, Site, Trace
from tracedemo.render import VIEWS, Options
from tracedemo.render.html.assemble import json_text
from tracedemo.render.html.columns import Facts, Frame
from tracedemo.render.html.texts import texts_form
from tracedemo.runner import RunOptions, run, variant_target
from tracedemo.server import ServerOptions
from tracedemo.server.plan import PACES
from tracedemo.variants import VARIANTS, Variant

PRETENDED: dict[str, Callable[[], Trace]] = {
    "selector": traces.selector, "blocking": traces.blocking, "nonblocking": traces.nonblocking, "kernel": kernel,
    "asyncio": fetching, "hostile": traces.hostile, "forked": traces.forked, "sleeping": traces.sleeping,
    "one event": traces.one_event, "nothing": Trace,
    "many": lambda: big_trace(12, flow=True), "many, kernel": lambda: big_trace(12, kernel=True),
}  # fmt: skip


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page that reads what it is given."""
    path = tmp_path_factory.mktemp("harness") / "page.html"
    path.write_text(reading.harness(), encoding="utf-8")
    with opened(browser, path) as watched:
        yield watched.page
        assert not watched.errors


def same(page: Any, study: Study) -> None:
    """Assert that the page knows what Python knows."""
    (found,) = reading.read(page, [study])["runs"]
    expected = reading.known(study)
    for name, values in expected.items():
        assert found[name] == values, name


@pytest.mark.parametrize("name", PRETENDED)
def test_the_page_knows_what_python_knows(page: Any, name: str) -> None:
    """Times, states, texts, places, system calls, sockets and segments come out of the page's data as they went in."""
    same(page, Study(PRETENDED[name]()))


@pytest.mark.parametrize(("name", "other"), list(product(("selector", "blocking", "nonblocking"), repeat=2)))
def test_counterparts_are_those_of_python(page: Any, name: str, other: str) -> None:
    """A step stands for the same step of the other run in the page and in Python."""
    walks = [Walk(Study(PRETENDED[name]())), Walk(Study(PRETENDED[other]()))]
    found = reading.read(page, [walk.study for walk in walks])["counterparts"]

    for (place, walk), (far, beside) in product(enumerate(walks), repeat=2):
        expected = [walk.counterpart(beside, step) for step in range(len(beside))]
        assert found[place][far] == [-1 if step is None else step for step in expected]


def record(variant: Variant, pace: str, engine: str | None) -> Study:
    options = RunOptions(
        capture=True, requests=2, kernel=engine, server=ServerOptions(pace=pace, delay_ms=5, gap_ms=2)
    )
    return Study(run(variant_target(variant), options).trace)


def told(study: Study) -> list[str]:
    """The log, as `--view log --format plain --unfold` tells it."""
    return list(VIEWS["log"].plain([study], Options(unfold=True)))


RECORDED = [
    *(pytest.param(variant, pace, None, id=f"{variant.name}-{pace}") for variant in VARIANTS for pace in PACES),
    *(pytest.param(variant, "clock", "strace", id=f"{variant.name}-strace", marks=pytest.mark.strace)
      for variant in VARIANTS),
]  # fmt: skip


@pytest.mark.parametrize(("variant", "pace", "engine"), RECORDED)
def test_page_and_plain_text_say_the_same(
    report_page: Callable[..., Any], variant: Variant, pace: str, engine: str | None
) -> None:
    """For every call of every variant the page's sentence is that of the analysis, and of the log in plain text."""
    study = record(variant, pace, engine)
    shown = report_page(reading.html([study]))
    shown.drawn()
    found = shown.page.evaluate(f"() => ({reading.READ})(window.tracedemo.model.runs[0])")

    expected = reading.known(study)
    for name, values in expected.items():
        assert found[name] == values, name
    lines = iter(told(study))
    for said in found["sentence"]:
        assert any(line.endswith(f": {said}") for line in lines), said
    shown.nothing_else()


# Hostile traces

NASTY = st.sampled_from([
    "</script><script>alert(1)</script>", "<!--", "-->", "<!-- <script>", "]]>", "&lt;b&gt;",
    "<img src=x onerror=alert(1)>", "\x1b[31m", "\x00", "\r\n", "\u2028", "\u202e", "\u2066", "\ud800", "\udfff",
    "\\u003c", "${x}", "`", "'\"", "007", "1,234", "1,234,5", "12345678901234567890", "-0", "٣", "fd 4, 5", ", " * 9,
    ", 1" * 12, "READ|WRITE", "__proto__", "toString",
])  # fmt: skip
TEXTS = st.lists(NASTY | st.text(max_size=6) | st.integers(0, 10**17).map(str), max_size=4).map("".join)
SITES = st.builds(Site, TEXTS, st.integers(0, 5000), TEXTS)
OPS = st.sampled_from(
    [
        "socket",
        "connect",
        "recv",
        "send",
        "select",
        "register",
        "unregister",
        "close",
        "accept",
        "yield",
        "getaddrinfo",
    ]
) | TEXTS.filter(bool)
READY = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["READ", "WRITE", "READ|WRITE"]) | TEXTS), max_size=12
)
RESULTS = st.none() | st.integers(0, 10**6) | TEXTS | READY.map(tuple)
EVENTS = st.builds(
    Event,
    seq=st.integers(0, 10**6),
    lane=st.sampled_from([PYTHON, PYTHON, PYTHON, FLOW, *LANES]),
    op=OPS,
    t0=st.integers(0, 10**6),
    t1=st.none() | st.integers(10**6, 10**11),
    pid=st.integers(1, 2),
    tid=st.integers(1, 3),
    owner=st.none() | TEXTS,
    fd=st.none() | st.integers(0, 9),
    conn=st.none() | st.integers(1, 5),
    args=st.dictionaries(
        st.sampled_from(["address", "size", "events", "timeout", "watched", "host", "value", "could_wait"]) | TEXTS,
        RESULTS | st.booleans() | st.floats(),
        max_size=4,
    ),
    result=RESULTS,
    errno=st.none() | st.sampled_from(["EAGAIN", "EINPROGRESS", "ECONNREFUSED"]) | TEXTS,
    exc=st.none() | TEXTS,
    bytes=st.none() | st.integers(0, 10**12),
    site=st.none() | SITES,
    mark=st.none() | st.sampled_from(MARKS),
)  # fmt: skip


NUMBERS = st.integers(-(10**15) + 1, 10**15 - 1) | st.integers(-2, 80) | st.integers(0, 10**6)
ROWS = st.lists(st.tuples(NUMBERS, st.integers(0, 9), st.integers(-1, 5), TEXTS), min_size=1, max_size=30)


@settings(max_examples=40)
@given(ROWS, st.sampled_from([1, 2, 50, 1_500]), st.integers(0, 1_000))
def test_columns_come_out_as_they_went_in(page: Any, rows: list[Any], times: int, rise: int) -> None:
    """Any numbers and any texts, few or many, with or without groups, are read as they were written, in whatever form."""
    repeated = rows * -(-times // len(rows))
    values, codes, groups, texts = map(list, zip(*repeated, strict=True))
    facts = Facts(6)
    frame = Frame(groups, facts)
    columns = [values, codes, [place * rise for place in range(len(groups))], [group * 7 + rise for group in groups],
               [value if abs(value) < 10**6 else code for value, code in zip(values, codes, strict=True)], values,
               [code * rise for code in codes]]  # fmt: skip
    numbers = [frame.form(columns[0]), frame.form(columns[1])]
    frame.know("known", values)
    frame.know("code", codes, codes=True)
    numbers += [frame.form(column) for column in columns[2:]]
    said = [clean(text) for text in texts]
    form = texts_form(frame, said)
    written = {"groups": groups, "facts": facts.written(), "count": 6, "numbers": numbers, "texts": form}

    found = page.evaluate("text => readColumns(JSON.parse(text))", json_text(written))

    assert found["numbers"] == columns
    assert found["texts"] == said


def trace_of(events: list[Event], sources: dict[str, str], name: str) -> Trace:
    rows = sorted(events, key=lambda event: event.t0)
    return Trace(Header(target=name, notes=(name,)), rows, sources)


HOSTILE = st.builds(trace_of, st.lists(EVENTS, max_size=12), st.dictionaries(TEXTS, TEXTS, max_size=2), TEXTS)


@settings(max_examples=30)
@given(HOSTILE)
def test_hostile_traces_come_out_as_they_went_in(page: Any, trace: Trace) -> None:
    """Whatever a trace holds, the page says of it what Python says, and no more."""
    study = Study(trace)
    (found,) = reading.read(page, [study])["runs"]
    for name, values in reading.known(study).items():
        if name != "site":
            assert found[name] == values, name


@settings(max_examples=15)
@given(HOSTILE)
def test_hostile_traces_are_shown_as_text(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, trace: Trace
) -> None:
    """A page with a hostile trace in it asks for nothing, says nothing, runs nothing of it, and has no element more."""
    path = tmp_path_factory.mktemp("hostile") / "page.html"
    path.write_text(reading.html([Study(trace)]), encoding="utf-8")
    with opened(browser, path) as watched:
        watched.drawn()
        counts = "() => document.querySelectorAll('script, img, iframe, object, embed, base, link:not([rel=icon])').length"
        assert watched.page.evaluate(counts) == SCRIPTS_OF_A_PAGE
        watched.nothing_else()


SCRIPTS_OF_A_PAGE = 2


def test_a_large_page_is_packed(report_page: Callable[..., Any]) -> None:
    """Data of more than 200,000 characters is compressed in the page, and says the same."""
    trace = big_trace(4_000)
    study = Study(trace.replace(header=replace(trace.header, target="many.py")))
    text = reading.html([study])
    shown = report_page(text)
    shown.drawn()

    assert 'type="application/gzip+base64"' in text
    walk = Walk(study)
    some = list(range(0, len(walk), 997))
    found = shown.page.evaluate(
        "steps => steps.map(step => window.tracedemo.model.runs[0].sentence(step))", some
    )
    assert found == [walk.sentence(step) for step in some]
