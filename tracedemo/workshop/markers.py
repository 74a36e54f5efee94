"""One file holds an exercise and its solution, so that the two cannot drift apart.

A solution is a whole program with one marked part at top level, of whole definitions:

    # [solution]
    def run(gen_func):
        ...                     what passes
    # [exercise]
    #| def run(gen_func):
    #|     ...                  what the learner gets in its place
    # [end]

Everything outside is given, and is the same in both. What could stand between the first two markers instead, right or
wrong, is kept as a file of its own (an answer), and put in here.
"""

from __future__ import annotations

from typing import NamedTuple

from tracedemo.errors import FileError

SOLUTION, EXERCISE, END = "# [solution]", "# [exercise]", "# [end]"
QUOTE = "#|"
"""Begins each line of the exercise in the file of the solution: there it must not run."""


class Marked(NamedTuple):
    """A marked file, taken apart; each part is whole lines."""

    before: str
    solution: str
    exercise: str
    after: str

    def solved(self) -> str:
        """The program with the solution, without markers."""
        return self.filled(self.solution)

    def unsolved(self) -> str:
        """The program that the learner gets."""
        return self.filled(self.exercise)

    def filled(self, answer: str) -> str:
        """The program with some answer in place of the solution."""
        return f"{self.before}{answer}{self.after}"


def take_apart(text: str, name: str) -> Marked:
    """Read a marked file.

    Args:
        name: of the file, for the complaint.

    Raises:
        FileError: a marker is missing, is there twice, or a line of the exercise is not quoted.
    """
    lines = text.splitlines(keepends=True)
    begin, middle, end = (_place(lines, marker, name) for marker in (SOLUTION, EXERCISE, END))
    if not begin < middle < end:
        raise FileError(f"{name}: the markers stand in a wrong order", f"{SOLUTION}, {EXERCISE}, {END}")
    exercise = "".join(_unquoted(line, name) for line in lines[middle + 1 : end])
    return Marked(
        "".join(lines[:begin]), "".join(lines[begin + 1 : middle]), exercise, "".join(lines[end + 1 :])
    )


def _place(lines: list[str], marker: str, name: str) -> int:
    places = [number for number, line in enumerate(lines) if line.rstrip() == marker]
    if len(places) != 1:
        raise FileError(f"{name}: {len(places)} lines are {marker!r}, one is needed", "At the left edge.")
    return places[0]


def _unquoted(line: str, name: str) -> str:
    text = line.rstrip()
    if not text:
        return "\n"
    if not text.startswith(QUOTE):
        raise FileError(f"{name}: a line of the exercise does not begin with {QUOTE}: {text[:40]!r}", "")
    return text.removeprefix(QUOTE).removeprefix(" ") + "\n"
