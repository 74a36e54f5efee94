"""Three small lessons for tests of the workshop, and a clock that goes when it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.workshop.small import Clock, three_lessons
from tracedemo.workshop.folder import Folder, make
from tracedemo.workshop.lesson import Lesson


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Lesson]:
    """The three small lessons."""
    return three_lessons(tmp_path_factory.mktemp("lessons"))


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, small: Sequence[Lesson], clock: Clock) -> Folder:
    """A learner's folder, with the first lesson open."""
    return make(tmp_path / "here", "self", small, clock)
