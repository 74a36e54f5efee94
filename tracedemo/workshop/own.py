"""What a lesson brings of its own: measures and rules in its `lesson.py`, if it has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from tracedemo.errors import FileError
from tracedemo.workshop import rules
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.measures import MEASURES, Measure
from tracedemo.workshop.rules import Rule, by_name


def _common() -> Iterator[Rule]:
    for module in iter_modules(rules.__path__, f"{rules.__name__}."):
        yield from import_module(module.name).RULES.values()


COMMON: Mapping[str, Rule] = by_name(*_common())
"""Rules that any lesson may name: those of all files beside `rules/__init__.py`."""


def rules_of(lesson: Lesson) -> Mapping[str, Rule]:
    """All rules that a lesson may name: those of all, and its own.

    Raises:
        ValueError: one of its own has the name of one of all.
    """
    module = _module(lesson)
    own: Mapping[str, Rule] = getattr(module, "RULES", {}) if module else {}
    return by_name(*COMMON.values(), *own.values())


def measures_of(lesson: Lesson) -> Mapping[str, Measure]:
    """All measures that a lesson may name."""
    module = _module(lesson)
    return {**MEASURES, **(getattr(module, "MEASURES", {}) if module else {})}


def rule_of(lesson: Lesson, name: str) -> Rule:
    """One of them.

    Raises:
        FileError: there is none of that name.
    """
    found = rules_of(lesson).get(name)
    if found is None:
        raise FileError(
            f"the lesson {lesson.name} names a rule that is not there: {name}", "Mend lesson.toml."
        )
    return found


def measure_of(lesson: Lesson, name: str) -> Measure:
    """One of them.

    Raises:
        FileError: there is none of that name.
    """
    found = measures_of(lesson).get(name)
    if found is None:
        raise FileError(
            f"the lesson {lesson.name} names a measure that is not there: {name}", "Mend lesson.toml."
        )
    return found


@cache
def _module_at(folder: str) -> ModuleType:
    return import_module(f"tracedemo.workshop.lessons.{folder}.lesson")


def _module(lesson: Lesson) -> ModuleType | None:
    return _module_at(lesson.folder.name) if (lesson.folder / "lesson.py").exists() else None
