"""The lessons, in their order: whatever folder is there, is one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tracedemo.errors import UsageError
from tracedemo.workshop.lesson import Lesson, read_lesson

FOLDER = Path(__file__).parent / "lessons"


@cache
def lessons(folder: Path = FOLDER) -> Sequence[Lesson]:
    """All lessons by number.

    Raises:
        FileError: one cannot be read.
    """
    found = [read_lesson(path.parent) for path in folder.glob("lesson_*/lesson.toml")]
    return sorted(found, key=lambda lesson: lesson.number)


def find_lesson(word: str, among: Sequence[Lesson] | None = None) -> Lesson:
    """The lesson that somebody means: by number, by name, or by the name of its folder.

    Raises:
        UsageError: there is none.
    """
    among = lessons() if among is None else among
    for lesson in among:
        number = str(lesson.number)
        if word in (number, number.zfill(2), lesson.name, lesson.folder_name):
            return lesson
    names = ", ".join(f"{lesson.number:02} {lesson.name}" for lesson in among)
    raise UsageError(f"there is no lesson {word!r}", f"Lessons: {names}")


def on_track(track: str, among: Sequence[Lesson] | None = None) -> Sequence[Lesson]:
    """The lessons of a track, in order."""
    return [lesson for lesson in (lessons() if among is None else among) if track in lesson.minutes]
