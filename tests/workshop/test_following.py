"""Following a presentation: the notes of what the room sees, and the clock beside the plan."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tracedemo.cli.workshop import follow
from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.following import FILE, Place, beside_the_plan, minutes_gone, read, write
from tracedemo.workshop.notes import plan

FIRST = plan("90").slots[1].lesson


def place(step: str = "Predict", lesson: int | None = None, track: str = "90") -> Place:
    return Place(track, FIRST.number if lesson is None else lesson, step, 1000.0)


def test_place_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What was said last is what is read, and nothing else lies in the folder."""
    path = tmp_path / "new" / FILE
    for step in ("one", "two"):
        write(path, place(step))
        assert place(step) == read(path)

    assert [FILE] == [each.name for each in path.parent.iterdir()]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"track": 1, "lesson": 1, "step": "", "began": 0}',
        '{"track": "90"}',
        "\0",
        "1" * 5000,
    ],
)
def test_broken_place_is_none(text: str, tmp_path: Path) -> None:
    """A file that says nothing sensible, or is not there, is nobody's place."""
    assert read(tmp_path / FILE) is None
    (tmp_path / FILE).write_text(text)

    assert read(tmp_path / FILE) is None


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no place can be kept, the presentation goes on."""
    (tmp_path / "file").write_text("")
    write(tmp_path / "file" / FILE, place())

    assert "" == (tmp_path / "file").read_text()


def test_clock_beside_the_plan() -> None:
    """The clock counts from the beginning, names the planned time, and says by how much it is late."""
    timed = plan("90")
    slot = timed.slots[1]
    end = slot.start + slot.minutes

    assert beside_the_plan(timed, place(), 1000 + 60 * slot.start).endswith(f"planned 0:06 to 0:{end:02}")
    assert beside_the_plan(timed, place(), 1000 + 60 * end + 59).startswith(f"0:{end:02}, planned")
    assert beside_the_plan(timed, place(), 1000 + 60 * (end + 3)).endswith(": 3 min LATE")
    assert "1:01" == beside_the_plan(timed, place(lesson=99), 1000 + 61 * 60)
    assert 0 == minutes_gone(place(), 900)


def played(tmp_path: Path, *moments: tuple[Place, float]) -> list[str]:
    """What is told while these places are seen, each at its time."""
    path, left = tmp_path / FILE, list(moments)
    write(path, left[0][0])

    def wait(_: float) -> None:
        del left[0]
        write(path, left[0][0])

    clock: Callable[[], float] = lambda: left[0][1]  # noqa: E731
    return list(follow.told(path, None, clock, wait))


def test_notes_come_with_their_lesson(tmp_path: Path) -> None:
    """Notes are told once a lesson, each step is told, a minute that passes in between as well, and the end ends it."""
    lines = played(
        tmp_path,
        (place("one"), 1000),
        (place("one"), 1001),
        (place("two"), 1002),
        (place("two"), 1070),
        (place("two"), 1071),
        (place("the end", lesson=0), 1072),
    )
    said = [line for line in lines if line.startswith("0:0") and ", planned" in line]

    assert 1 == sum(line.startswith("Goal") for line in lines)
    assert ["one", "two", ""] == [line.partition("   ")[2] for line in said]
    assert ["0:00", "0:00", "0:01"] == [line.partition(",")[0] for line in said]
    assert "The presentation has ended." == lines[-1]


def test_old_end_is_waited_through(tmp_path: Path) -> None:
    """A presentation that had ended before somebody followed is not told, and the next one is."""
    lines = played(
        tmp_path, (place("the end", lesson=0), 5), (place("one"), 1000), (place("the end", lesson=0), 1001)
    )

    assert any(line.endswith("   one") for line in lines)
    assert 1 == lines.count("The presentation has ended.")


def test_every_lesson_can_be_followed(tmp_path: Path) -> None:
    """Whatever lesson is presented, on its track or not, something is told."""
    for lesson in lessons():
        lines = played(tmp_path, (place("x", lesson=lesson.number), 1000), (place("", lesson=0), 1001))
        assert any(line.endswith("   x") for line in lines)


def test_present_tells_its_place(tmp_path: Path) -> None:
    """While somebody presents, the place is that of the step that comes next; at the end it says so."""
    pytest.importorskip("pty", reason="these tests type into a POSIX terminal")
    from tests.cli.shell import Shell, Terminal
    from tests.workshop.test_presenting import PRESENT

    shell = Shell(tmp_path)
    path = tmp_path / "state" / "tracedemo" / follow.KEPT / FILE
    terminal = Terminal(shell, [sys.executable, "-c", PRESENT, str(FIRST.number)], 80, {})
    terminal.wait_for("next: ")
    told = read(path)
    terminal.press("q")
    assert 0 == terminal.wait()

    assert (FIRST.number, "90", f"next: {FIRST.number:02} {FIRST.title}") == (
        told.lesson,
        told.track,
        told.step,
    )
    assert 0 == read(path).lesson
