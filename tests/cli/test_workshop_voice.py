"""How the workshop says things: commands that are too long for a line, and texts of lessons."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.cli.workshop.prose import blocks, section
from tracedemo.cli.workshop.voice import Voice, folded
from tracedemo.render.lines import width_of

WORDS = st.lists(
    st.from_regex(r'[a-z.,/-]{1,30}|"[a-z]{1,9} [a-z]{1,9}"', fullmatch=True), min_size=1, max_size=12
)


class Paper(Voice):
    """Writes down what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.columns = 80
        self.written: list[str] = []

    def lines(self, lines) -> None:
        self.written += lines


@given(words=WORDS, first=st.sampled_from(["    ", "$ "]))
def test_long_command(words: list[str], first: str) -> None:
    """A command of any length stays within the columns, and is the same when its lines are joined, as shells join them."""
    paper = Paper()
    paper.command(first, "tracedemo " + " ".join(words))
    text = "\n".join(paper.written)

    assert max(map(len, paper.written)) <= 80
    assert text.startswith(f"{first}tracedemo")
    assert ["tracedemo", *shlex.split(" ".join(words))] == shlex.split(
        text.removeprefix("$ ").replace("\\\n", "")
    )


def test_real_shell() -> None:
    """A real shell agrees."""
    paper = Paper()
    paper.command("    ", "printf %s, " + " ".join(f'"{"a" * 20} {number}"' for number in range(9)))
    done = subprocess.run(["sh", "-c", "\n".join(paper.written)], capture_output=True, text=True, check=True)

    assert len(paper.written) > 2
    assert [f"{'a' * 20} {number}" for number in range(9)] == done.stdout.split(",")[:-1]


LINES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), include_characters=" "), max_size=400
)


@given(line=LINES, width=st.integers(40, 80))
def test_long_line_of_a_program(line: str, width: int) -> None:
    """A line of a program keeps within the columns, and each part but the last says that it goes on; of its words nothing
    is lost.
    """
    first, *others = folded(line, width)
    parts = [first, *(part.removeprefix("    ") for part in others)]

    assert max(map(width_of, [first, *others])) <= width
    assert all(part.endswith("\\") for part in parts[:-1])
    whole = "".join(part.removesuffix("\\") for part in parts[:-1]) + parts[-1]
    assert line.replace(" ", "") == whole.replace(" ", "")


def test_short_line_keeps_its_colours() -> None:
    """What is no wider than the screen is shown as it is; a longer one loses its colours, and no words."""
    coloured = f"\x1b[31m{'word ' * 8}\x1b[0m"

    assert [coloured] == folded(coloured, 40)
    assert [f"{'word ' * 7}\\", "    word "] == folded(coloured, 38)


TEXT = """\
# Title

## Goal

One paragraph,
of two lines.

- an item
  that goes on
- another

```python
x = 1

y = 2
```
and after.

## Run
## See

Last.
"""


@pytest.mark.parametrize(
    ("name", "begins"), [("Goal", "One paragraph"), ("Run", ""), ("See", "Last."), ("Nothing", "")]
)
def test_sections(name: str, begins: str) -> None:
    """A section ends where the next one begins; one that is empty, or not there, is empty."""
    found = section(TEXT, name)

    assert found.startswith(begins)
    assert bool(found) == bool(begins)
    assert "##" not in found


def test_blocks() -> None:
    """Paragraphs, items and code are told apart, and code keeps its empty lines."""
    found = blocks(section(TEXT, "Goal"))

    assert ["One paragraph,\nof two lines.", "- an item\n  that goes on", "- another"] == found[:3]
    assert ["```python\nx = 1\n\ny = 2\n```", "and after."] == found[3:]


def test_nobody_types() -> None:
    """Where stdin is closed nobody is asked, and nothing is waited for."""
    code = "from tracedemo.cli.workshop.voice import Voice; print([Voice().talks, Voice().ask('?')])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)

    assert "[False, None]" in done.stdout
