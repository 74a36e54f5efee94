"""What holds for all findings."""

from __future__ import annotations

import re
from pathlib import Path

from tests.analysis.findings.telling import kinds
from tests.analysis.story import Story
from tests.render.kernel_trace import kernel
from tests.render.looks import MAKERS, study
from tracedemo.analysis.findings import HEADINGS, KINDS, complete
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, TRACER, Trace

PAGE = Path(__file__).parents[3] / "docs" / "findings.md"


def test_names() -> None:
    """Each kind has a name of its own, short and in small letters, and a heading."""
    assert len(KINDS) == len(HEADINGS)
    for kind in KINDS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)
        assert kind.heading


def test_every_kind_has_its_page() -> None:
    """docs/findings.md has a part on each kind, in the same order, with a bad and a good example."""
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    told = [part for part in parts if part.startswith("`")]

    assert [kind.name for kind in KINDS] == [part.split("`")[1] for part in told]
    for part in told:
        assert 2 == part.count("```python"), part[:40]


def test_evidence() -> None:
    """No finding is without evidence, which is the program's own, in order; sentences end with a stop."""
    seen = 0
    for name in MAKERS:
        one = study(name)
        for finding in one.findings:
            seen += 1
            assert finding.rows
            assert sorted(set(finding.rows)) == list(finding.rows)
            for row in finding.rows:
                assert is_call(one.events[row]) or one.events[row].lane == FLOW
                assert one.events[row].mark != TRACER
            assert all(text.endswith(".") for text in (finding.title, finding.cost, finding.remedy))
            assert finding.kind in HEADINGS
    assert seen


def test_order() -> None:
    """Findings stand in the order of their kinds."""
    order = [kind.name for kind in KINDS]
    for name in MAKERS:
        told = [finding.kind for finding in study(name).findings]
        assert sorted(told, key=order.index) == told


def test_nothing() -> None:
    """A Trace without rows tells nothing."""
    assert () == Study(Trace()).findings


def test_rows_that_are_missing() -> None:
    """Where a call is missing between two others, nothing is said of what was left undone."""
    story = Story()
    story.socket(4)
    story.socket(5)
    story.socket(6)
    del story.events[1]

    assert [] == kinds(story)
    assert not complete(Study(story.trace()))


def test_kernel_lane_counts_system_calls() -> None:
    """With a kernel lane the cost says how many system calls there were."""
    costs = [(finding.system_calls, finding.cost) for finding in Study(kernel()).findings if finding.calls]

    assert costs
    for number, cost in costs:
        assert number is not None
        assert "the kernel saw" in cost
