"""Commands of lessons that not every system can run."""

from __future__ import annotations

import select
from dataclasses import replace
from pathlib import Path

import pytest

from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.running import execute


def test_a_system_without_edge_mode_is_shown_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `select` lacks what a command needs, the lesson's recording stands in its place, and is said to be one."""
    monkeypatch.delattr(select, "EPOLLET", raising=False)
    lesson = find_lesson("readiness")
    edge = next(run for run in lesson.runs if run.needs == "EPOLLET")

    ran = execute(lesson, edge, {"n": 7, "k": 3}, tmp_path, tmp_path, capture=True)

    assert ran.recorded
    assert ran.code == 0
    assert [study.trace.header.target for study in ran.studies] == ["readiness.py"]
    assert "register(IN|ET)" in ran.output
    assert not list(tmp_path.iterdir())


def test_what_can_be_run_is_run(tmp_path: Path) -> None:
    """A command that needs what every system has is run here and now."""
    lesson = find_lesson("readiness")
    (tmp_path / "readiness.py").write_bytes((lesson.folder / "readiness.py").read_bytes())
    edge = replace(lesson.runs[0], needs="select")
    lesson = replace(lesson, runs=(edge,))

    ran = execute(lesson, edge, {"n": 7, "k": 3}, tmp_path, tmp_path, capture=True)

    assert not ran.recorded
    assert "reported 7 times" in ran.output
