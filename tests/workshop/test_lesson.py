"""A lesson is one folder, and whatever is wrong in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workshop.tiny import TOML, tiny_lesson
from tracedemo.errors import FileError, UsageError
from tracedemo.workshop.catalogue import find_lesson, lessons, on_track


def test_folder_tells_number_and_name(tmp_path: Path) -> None:
    """Number and name are those of the folder, and the learner's folder is named after them."""
    lesson = tiny_lesson(tmp_path)

    assert (lesson.number, lesson.name, lesson.folder_name) == (7, "small", "07_small")
    assert lesson.scenarios[0].words == ("{address}",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title", "titel", "titel"),
        ('goal = "To be tried."\n', "", "goal"),
        ("90 = 5", "89 = 5", "no track '89'"),
        ('"one?", "two", "three"', '"one?"', "1, and 3 are promised"),
        ("words = [", "words = ", "lesson.toml"),
        ('    { formula = "1", thinks = "once is enough" },\n', "", "three options"),
        ('name = "served"', 'name = "served", surprise = 1', "surprise"),
        ("[3, 7]", "[3]", "lesson.toml"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, said: str, tmp_path: Path) -> None:
    """A field that is missing, unknown or senseless is an error that names file and field."""
    assert old in TOML

    with pytest.raises(FileError, match=rf"lesson_07_small/lesson.toml: .*{said}|{said}: .*"):
        tiny_lesson(tmp_path, TOML.replace(old, new))


def test_a_new_lesson_is_a_new_folder(tmp_path: Path) -> None:
    """A folder that is laid beside others is a lesson, with nothing edited elsewhere."""
    tiny_lesson(tmp_path)

    (lesson,) = lessons(tmp_path)

    assert lesson.title == "Small"
    assert on_track("90", [lesson]) == [lesson]
    assert on_track("half", [lesson]) == []


@pytest.mark.parametrize("word", ["7", "07", "small", "07_small"])
def test_how_a_lesson_is_named(word: str, tmp_path: Path) -> None:
    """A lesson can be named by its number, its name, or its folder."""
    lesson = tiny_lesson(tmp_path)

    assert find_lesson(word, [lesson]) is lesson
    with pytest.raises(UsageError, match="there is no lesson 'other'"):
        find_lesson("other", [lesson])
