"""Exercise and solution in one file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.errors import FileError
from tracedemo.workshop.markers import END, EXERCISE, SOLUTION, take_apart

TEXT = """\
import socket
# [solution]
def run():
    return 2
# [exercise]
#| def run():
#|     ...
#|
# [end]
print(run())
"""


def test_both_are_made_of_one_file() -> None:
    """What lies between the markers is replaced, and everything else is the same in both."""
    marked = take_apart(TEXT, "x.py")

    assert marked.solved() == "import socket\ndef run():\n    return 2\nprint(run())\n"
    assert marked.unsolved() == "import socket\ndef run():\n    ...\n\nprint(run())\n"
    assert marked.filled("x = 1\n") == "import socket\nx = 1\nprint(run())\n"


@pytest.mark.parametrize("marker", [SOLUTION, EXERCISE, END])
def test_each_marker_stands_there_once(marker: str) -> None:
    """A marker that is missing, or there twice, is named."""
    for text in (TEXT.replace(f"{marker}\n", ""), TEXT + f"{marker}\n"):
        with pytest.raises(FileError, match=r"x\.py.*" + marker.replace("[", r"\[").replace("]", r"\]")):
            take_apart(text, "x.py")


def test_order_of_markers() -> None:
    """Markers in a wrong order are refused."""
    with pytest.raises(FileError, match="wrong order"):
        take_apart(f"{EXERCISE}\n{SOLUTION}\n{END}\n", "x.py")


def test_exercise_must_not_run() -> None:
    """A line of the exercise that is not quoted is refused: it would run in the solution."""
    with pytest.raises(FileError, match="does not begin with"):
        take_apart(TEXT.replace("#|     ...", "    ..."), "x.py")


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
    )
)
def test_any_exercise_survives_quoting(lines: list[str]) -> None:
    """Whatever the lines of an exercise are, they come out as they were, but for blanks at their ends."""
    quoted = "".join(f"#| {line}\n" for line in lines)
    marked = take_apart(f"{SOLUTION}\npass\n{EXERCISE}\n{quoted}{END}\n", "x.py")

    assert [line.rstrip() for line in marked.unsolved().splitlines()] == [line.rstrip() for line in lines]
