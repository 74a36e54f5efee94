"""A small lesson, made for a test."""

from __future__ import annotations

from pathlib import Path

from tracedemo.workshop.lesson import Lesson, read_lesson

TOML = """\
title = "Small"
goal = "To be tried."
minutes = { 90 = 5, self = 10 }
hints = ["one?", "two", "three"]

[draw]
k = [3, 7]

[[run]]
words = ["run", "selector", "--pieces", "{k}", "--pace", "lockstep"]

[[question]]
text = "How many, of {k} pieces?"
measure = "blocking_io_errors"
option = [
    { formula = "k + 1", thinks = "so it is" },
    { formula = "1", thinks = "once is enough" },
    { formula = "2 * k", thinks = "twice each" },
]

[exercise]
file = "fetch.py"
scenario = [{ name = "served", server = { pieces = "k" }, rules = ["ends/well", "result/body"] }]
"""


def tiny_lesson(folder: Path, toml: str = TOML) -> Lesson:
    """Write it down, and read it."""
    place = folder / "lesson_07_small"
    place.mkdir(exist_ok=True)
    (place / "lesson.toml").write_text(toml, encoding="utf-8")
    return read_lesson(place)
