"""The teacher's clock: it adds up, whatever lessons there are."""

from __future__ import annotations

import shlex
from dataclasses import replace
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop import bundle, present
from tracedemo.cli.workshop import notes as command
from tracedemo.errors import UsageError
from tracedemo.workshop import catalogue
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.notes import BREAK, FRAMES, clock, plan, shown_values

ALL_TWELVE = 12
ON_90 = (1, 2, 3, 5, 8, 10, 11)
"""What is taught in 90 minutes."""
NEVER_CUT = (2, 5, 8)

PLANNED = {
    1: (6, 12), 2: (10, 14), 3: (8, 14), 4: (0, 12), 5: (12, 16), 6: (0, 14), 7: (0, 16), 8: (12, 16), 9: (0, 6),
    10: (6, 16), 11: (6, 14), 12: (0, 0),
}  # fmt: skip
"""Number -> minutes in 90, and in half a day, as they were planned before there were lessons; 0: not taught."""


def lesson(number: int, minutes: dict[str, int], **fields: object) -> Lesson:
    """A lesson of any number, with the texts of one that is there."""
    there = catalogue.lessons()[0]
    return replace(
        there, number=number, name=f"n{number}", minutes=minutes, **{"cut": 0, "demo": (), **fields}
    )


def twelve() -> list[Lesson]:
    return [
        lesson(number, {track: length for track, length in zip(FRAMES, lengths, strict=True) if length})
        for number, lengths in PLANNED.items()
    ]


def typed(*words: str) -> int:
    parser = Parser(prog="tracedemo workshop notes")
    command.prepare(parser)
    return command.run(parser.understand(words))


@pytest.mark.parametrize(("track", "planned"), [("90", 70), ("half", 164)])
def test_the_plan_adds_up(track: str, planned: int) -> None:
    """Twelve lessons of the planned lengths fit into their track, breaks in the planned places."""
    timed = plan(track, twelve())
    breaks = [timed.slots[at - 1].lesson.number for at, slot in enumerate(timed.slots) if slot.kind == BREAK]

    assert planned == timed.planned
    assert FRAMES[track].slot == timed.planned + timed.breaks + timed.spare
    assert list(FRAMES[track].breaks) == breaks


@given(st.sets(st.sampled_from(sorted(PLANNED))), st.sampled_from(sorted(FRAMES)))
def test_the_clock_runs_on(numbers: set[int], track: str) -> None:
    """Whatever lessons there are, each part begins where the one before ends, and no break stands at an edge."""
    timed = plan(track, [each for each in twelve() if each.number in numbers])

    assert 0 == timed.slots[0].start
    for before, after in zip(timed.slots, timed.slots[1:], strict=False):
        assert before.start + before.minutes == after.start
        assert {before.kind, after.kind} != {BREAK}
    assert {slot.kind for slot in (timed.slots[1], timed.slots[-2])} <= {"lesson", "frame"}
    taught = [slot.lesson.number for slot in timed.slots if slot.lesson]
    assert sorted(number for number in numbers if PLANNED[number][list(FRAMES).index(track)]) == taught


@pytest.mark.parametrize("track", FRAMES)
def test_lessons_that_are_there_fit(track: str) -> None:
    """The lessons that tracedemo has fit into each track, with room for what goes wrong."""
    timed = plan(track)

    assert timed.planned <= FRAMES[track].most
    assert timed.planned <= 0.8 * FRAMES[track].slot
    assert timed.spare >= 20


def test_all_twelve_are_taught() -> None:
    """Each lesson is on its tracks, only the last is for home; what is never cut is what is written in 90 minutes."""
    there = catalogue.lessons()
    if len(there) < ALL_TWELVE:
        pytest.skip(f"{len(there)} lessons are there yet")
    taught = {
        track: tuple(slot.lesson.number for slot in plan(track).slots if slot.lesson) for track in FRAMES
    }

    assert {"90": ON_90, "half": tuple(range(1, 12))} == taught
    assert [] == [each.number for each in plan("half").cuts() if each.number in NEVER_CUT]
    assert plan("half").cuts()
    assert NEVER_CUT == tuple(
        slot.lesson.number for slot in plan("90").slots if slot.lesson and not slot.demo
    )


def test_short_time_is_cut_in_order() -> None:
    """What goes first when time runs short is what its lesson says, and a lesson without a place is never dropped."""
    there = [
        lesson(1, {"90": 10}, cut=2),
        lesson(2, {"90": 10}),
        lesson(3, {"90": 10}, cut=1),
        lesson(4, {"half": 10}, cut=3),
    ]
    timed = plan("90", there)

    assert [3, 1] == [each.number for each in timed.cuts()]
    assert [2] == [each.number for each in timed.kept()]


def test_too_long_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that does not fit says so, by how much, and names nothing to spare."""
    print("\n".join(command.overview(plan("90", [lesson(1, {"90": 85}, cut=1, drop="All.")]))))
    said = capsys.readouterr().out

    assert "5 TOO MANY" in said
    assert "to spare" not in said
    assert "1. 01 " in said


def test_long_command_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is longer than the screen goes on in the next line as a shell wants it, and is the same command."""
    monkeypatch.setenv("COLUMNS", "60")
    long = (
        "tracedemo run selector "
        + " ".join(f"--option-{number} {number}" for number in range(12))
        + ' "a b  c" d'
    )
    lines = list(command._command(long))

    assert len(lines) > 2
    assert max(map(len, lines)) <= 60
    assert shlex.split(long) == shlex.split("\n".join(lines).replace("\\\n", ""))
    assert ["  tracedemo run x"] == list(command._command("tracedemo run x"))


@pytest.mark.parametrize("module", [bundle, command, present])
def test_help_fits(module: ModuleType) -> None:
    """What stands below the options in the help of a teacher's command fits into 80 columns."""
    assert max(map(len, module.ABOUT.splitlines())) <= 80


@pytest.mark.parametrize("track", FRAMES)
def test_script_of_a_track(
    track: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script has each part with its clock, and what to say, ask, run, watch and drop in each lesson, in 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    assert 0 == typed("--track", track)
    said = capsys.readouterr().out
    timed = plan(track)

    for slot in timed.slots:
        assert f"\n{slot.clock}  {slot.title} ({slot.minutes} min" in said
    for word in ("Say", "Ask", "Run", "Watch", "Drop"):
        there = [line for line in said.splitlines() if line == word or line.startswith(f"{word} (")]
        assert len([slot for slot in timed.slots if slot.lesson]) == len(there)
    assert "{" not in "".join(
        line for line in said.splitlines() if "tracedemo run" in line and "address" not in line
    )
    assert [] == [line for line in said.splitlines() if len(line) > 80]


def test_notes_of_one_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    """A lesson by number or name shows its own notes and no other's."""
    first = plan("half").slots[1].lesson
    assert 0 == typed(str(first.number), "--track", "half")
    by_number = capsys.readouterr().out
    assert 0 == typed(first.name, "--track", "half")

    assert by_number == capsys.readouterr().out
    assert f"{clock(FRAMES['half'].opening)}  {first.number:02} {first.title}" in by_number
    assert "Set-up" not in by_number


def test_a_lesson_for_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lesson that is not on the track is refused, and the track that has it is named."""
    monkeypatch.setattr(command, "find_lesson", lambda _: lesson(4, {"half": 12, "self": 20}))
    with pytest.raises(UsageError) as refused:
        typed("4")
    assert "--track half" in refused.value.remedy

    monkeypatch.setattr(command, "find_lesson", lambda _: lesson(12, {"self": 60}))
    with pytest.raises(UsageError) as refused:
        typed("12")
    assert "at home" in refused.value.remedy


def test_shown_values_can_be_drawn() -> None:
    """A teacher shows a lesson with numbers that a learner may have."""
    for each in catalogue.lessons():
        values = shown_values(each)
        assert set(each.draw) == set(values)
        assert all(low <= values[name] <= high for name, (low, high) in each.draw.items())
