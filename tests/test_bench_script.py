"""The parts of scripts/bench that think: a line through points, and the page that keeps what was measured."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tracedemo.events import Header, Trace
from tracedemo.runner import Run

ROOT = Path(__file__).parents[1]


def part(name: str) -> ModuleType:
    """A module of scripts/benchmarks, which is no package."""
    sys.path.insert(0, str(ROOT / "scripts" / "benchmarks"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


def test_line_through_a_line() -> None:
    """Through points of a line goes that line, and nothing is left, however they are weighed."""
    xs = [1, 2, 4, 8]
    for relative in (False, True):
        line = part("fit").line_through(xs, [3 + 2 * x for x in xs], relative=relative)

        assert pytest.approx((3, 2, 0), abs=1e-9) == tuple(line)


def test_line_through_others() -> None:
    """What grows like a square leaves a good part of itself."""
    xs = [1, 2, 4, 8]

    assert part("fit").line_through(xs, [x * x for x in xs], relative=True).residual > 0.2


def test_page_keeps_other_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is measured anew replaces its own section of the page, and no other; bars in a cell stay one cell."""
    report, table = part("report"), part("table")
    monkeypatch.setattr(report, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(report, "ORDER", ("cost", "kills"))
    for number, name in enumerate(("kills", "cost", "kills")):
        table.TABLES[:] = [(f"Table {number}", [table.Row("a|b", "x1.10   peer x2.00", "x1.15", kept=True)])]
        report.write(name)

    page = (tmp_path / "performance.md").read_text()
    assert ["## Table 1", "## Table 2"] == [line for line in page.splitlines() if line.startswith("## ")]
    assert 2 == page.count(r"| a\|b | x1.10; peer x2.00 | at most x1.15 | kept |")
    assert 1 == page.count("`scripts/bench cost`") == page.count("`scripts/bench kills`")


@pytest.mark.parametrize(
    ("ended", "server", "code", "said"),
    [
        ("exit", {}, 0, "well"),
        ("exit", {}, 1, "failed"),
        ("signal SIGSEGV", {}, 139, "signal SIGSEGV"),
        ("its time was over", {"limit": 5.0}, 1, "ended by the runner, having no deadline"),
        ("its time was over", {}, 1, "FAILED: it went on for 60 s"),
        ("its time was over", {}, 0, "FAILED: it went on for 60 s"),
    ],
)
def test_soak_tells_ends_apart(ended: str, server: dict[str, float], code: int, said: str) -> None:
    """In a soak only a variant for which the runner has a limit of its own may be ended; any other that is has failed."""
    header = Header(ended=ended, server=server, exit_code=code)

    assert said == part("soak")._ending(Run(Trace(header), code, "", ""))
