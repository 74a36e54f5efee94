"""The learner's folder: what is laid down, what is put back, and that nothing of the learner's is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.workshop.small import Clock
from tracedemo.errors import UsageError
from tracedemo.workshop import state as states
from tracedemo.workshop.folder import TRACK, Folder, find, make
from tracedemo.workshop.lesson import Lesson


def files(root: Path) -> dict[str, bytes]:
    """All files below a folder, but for the state, its lock, and the track."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name not in (states.NAME, states.LOCK, TRACK)
    }


def test_new_folder(folder: Folder, small: Sequence[Lesson]) -> None:
    """A new folder holds the first lesson, unsolved, with its programs, and no other one."""
    assert {"README.md", "01_first/README.md", "01_first/fetch.py", "01_first/helper.py"} == files(
        folder.root
    ).keys()
    assert small[0].marked().unsolved() == folder.file(small[0]).read_text()
    assert (folder.root / "solutions").is_dir()


def test_lesson_text_has_what_was_drawn(folder: Folder, small: Sequence[Lesson]) -> None:
    """What was drawn for the learner stands in the lesson's text."""
    with folder.edit() as state:
        drawn = state.of("first").values["k"]
    text = (folder.place(small[0]) / "README.md").read_text()

    assert 3 <= drawn <= 7
    assert f"in {drawn} pieces" in text
    assert "Let `fetch.py` read" in text


def test_folder_with_something_in_it(tmp_path: Path, small: Sequence[Lesson], clock: Clock) -> None:
    """A folder that holds something, and a file, are not made into a workshop, and stay as they are."""
    (tmp_path / "mine.txt").write_text("mine")
    for there in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UsageError, match="is there already"):
            make(there, "self", small, clock)

    assert {"mine.txt": b"mine"} == files(tmp_path)


def test_empty_folder(tmp_path: Path, small: Sequence[Lesson], clock: Clock) -> None:
    """An empty folder is one to begin in."""
    make(tmp_path, "self", small, clock)

    assert (tmp_path / "01_first" / "fetch.py").exists()


@pytest.mark.parametrize(
    ("track", "names"), [("self", ["first", "second", "third"]), ("half", ["first", "second"])]
)
def test_track_decides_the_order(
    track: str, names: list[str], tmp_path: Path, small: Sequence[Lesson], clock: Clock
) -> None:
    """A track has its own lessons, in the order of their numbers."""
    made = make(tmp_path / "here", track, small, clock)

    with made.edit() as state:
        assert names == state.order
        assert names == [lesson.name for lesson in made.order(state)]


def test_track_without_lessons(tmp_path: Path, small: Sequence[Lesson], clock: Clock) -> None:
    """A track that has no lesson is refused, and nothing is made."""
    with pytest.raises(UsageError, match="has no lesson"):
        make(tmp_path / "here", "90", small, clock)

    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("below", [".", "01_first", "solutions", ".tracedemo/traces"])
def test_found_from_below(below: str, folder: Folder) -> None:
    """The workshop is found from its folder, and from any below it."""
    found = find(folder.root / below, folder.lessons, folder.clock)

    assert found is not None
    assert folder.root == found.root


def test_not_found_from_above(folder: Folder) -> None:
    """From above or beside there is none."""
    assert find(folder.root.parent, folder.lessons, folder.clock) is None


def test_opening_again_overwrites_nothing(folder: Folder, small: Sequence[Lesson]) -> None:
    """A lesson that is opened again keeps what the learner has written, and what was drawn."""
    folder.file(small[0]).write_text("mine")
    with folder.edit() as state:
        before = dict(state.of("first").values)
        folder.open(state, small[1])
        folder.open(state, small[0])

        assert before == state.of("first").values
    assert "mine" == folder.file(small[0]).read_text()


def test_reset_restores_every_byte(folder: Folder, small: Sequence[Lesson]) -> None:
    """A reset puts back each file that was handed out, keeps what was there, and touches nothing else."""
    with folder.edit() as state:
        folder.open(state, small[1])
        values = state.of("first").values
    before = files(folder.root)
    mine = {"01_first/fetch.py": b"mine\r\n", "01_first/helper.py": b"\xff\x00", "01_first/notes.txt": b"notes",
            "02_second/fetch.py": b"other", "solutions/01_first.py": b"earned"}  # fmt: skip
    for name, data in mine.items():
        (folder.root / name).write_bytes(data)
    (folder.root / "01_first" / "README.md").unlink()

    kept = folder.reset(small[0], values)

    assert kept == folder.hidden / "backup" / "01_first" / "1"
    own = {
        name: data for name, data in mine.items() if name not in ("01_first/fetch.py", "01_first/helper.py")
    }
    backup = {
        f".tracedemo/backup/01_first/1/{name}": mine[f"01_first/{name}"] for name in ("fetch.py", "helper.py")
    }
    assert {**before, **own, **backup} == files(folder.root)


def test_each_reset_has_a_backup_of_its_own(folder: Folder, small: Sequence[Lesson]) -> None:
    """What an earlier reset has kept is not replaced by a later one; and one that finds nothing changed keeps nothing."""
    kept = []
    for text in ("one", "two"):
        folder.file(small[0]).write_text(text)
        kept.append(folder.reset(small[0], {"k": 3}))
    with folder.edit() as state:
        values = state.of("first").values
    folder.reset(small[0], values)

    assert ["one", "two"] == [(path / "fetch.py").read_text() for path in kept if path]
    assert folder.reset(small[0], values) is None


def test_solution_is_laid_down_once(folder: Folder, small: Sequence[Lesson]) -> None:
    """A solution takes the place of what the learner wrote, which is kept; where it lies already, nothing happens."""
    folder.file(small[0]).write_text("mine")

    kept = folder.solve(small[0])

    assert kept is not None
    assert "mine" == (kept / "fetch.py").read_text()
    assert small[0].marked().solved() == folder.file(small[0]).read_text()
    assert folder.solve(small[0]) is None


def test_pass_is_bound_to_the_program(folder: Folder, small: Sequence[Lesson]) -> None:
    """A program passes still as long as no byte of it has changed."""
    program = folder.file(small[0]).read_bytes()
    with folder.edit() as state:
        state.of("first").skipped = True
        folder.note_pass(state, small[0], program)

        assert state.of("first").passed
        assert not state.of("first").skipped
    assert folder.still_passes(small[0])
    assert small[0].marked().solved() == folder.solution(small[0]).read_text()
    folder.file(small[0]).write_bytes(program + b"\n")
    assert not folder.still_passes(small[0])
    folder.file(small[0]).unlink()
    assert not folder.still_passes(small[0])


@pytest.mark.parametrize("broken", [b"", b"{", b'{"schema": 2}', None])
def test_rebuilt_from_what_is_there(broken: bytes | None, folder: Folder, small: Sequence[Lesson]) -> None:
    """Without its state the folder still tells which lessons were opened, which passed, and where a solution was taken."""
    with folder.edit() as state:
        folder.note_pass(state, small[0], b"passed")
        folder.open(state, small[1])
        folder.earn(small[1])
    before = files(folder.root)
    path = folder.hidden / states.NAME
    path.unlink() if broken is None else path.write_bytes(broken)

    with folder.edit() as state:
        first, second = state.lessons["first"], state.lessons["second"]
        assert state.said
        assert "second" == state.current
        assert ["first", "second", "third"] == state.order
        assert (True, False) == (bool(first.passed), first.looked)
        assert (False, True) == (bool(second.passed), second.looked)
        assert "third" not in state.lessons
    aside = {} if broken is None else {f".tracedemo/{states.NAME}.broken-1": broken}
    assert {**before, **aside} == files(folder.root)


@pytest.mark.parametrize("broken", [None, b"{"])
def test_track_outlives_the_state(
    broken: bytes | None, tmp_path: Path, small: Sequence[Lesson], clock: Clock
) -> None:
    """Whoever loses the state, or breaks it, keeps the track and its lessons."""
    folder = make(tmp_path / "half", "half", small, clock)
    path = folder.hidden / states.NAME
    path.unlink() if broken is None else path.write_bytes(broken)
    with folder.edit() as state:
        assert ("half", ["first", "second"], "first") == (state.track, state.order, state.current)


def test_folder_without_a_noted_track(tmp_path: Path, small: Sequence[Lesson], clock: Clock) -> None:
    """In a folder of an older tracedemo the track is noted by the first command; so is one that is none."""
    folder = make(tmp_path / "half", "half", small, clock)
    noted = folder.hidden / TRACK
    for before in (None, b"\xff", b"long"):
        noted.unlink() if before is None else noted.write_bytes(before)
        with folder.edit():
            pass
        assert b"half\n" == noted.read_bytes()


def test_track_is_changed(folder: Folder) -> None:
    """Another track has other lessons; what is open and what was done stays, and the new one outlives the state."""
    with folder.edit() as state:
        state.of("first").passed = "t"
        folder.change_track(state, "half")
    with folder.edit() as state:
        assert ("half", ["first", "second"], "first") == (state.track, state.order, state.current)
        assert "t" == state.of("first").passed
        with pytest.raises(UsageError, match="has no lesson"):
            folder.change_track(state, "90")
    (folder.hidden / states.NAME).unlink()
    with folder.edit() as state:
        assert "half" == state.track


def test_state_of_an_older_tracedemo(folder: Folder) -> None:
    """A folder with a state of schema 1 goes on where it was, with the lessons of its track."""
    (folder.hidden / states.NAME).write_bytes((Path(__file__).parent / "data" / "state-1.json").read_bytes())

    with folder.edit() as state:
        assert ["first", "second"] == state.order
        assert "second" == folder.current(state).name


def test_lessons_that_are_gone_are_left_out(folder: Folder) -> None:
    """A lesson that this tracedemo does not have is passed over in the order."""
    with folder.edit() as state:
        state.order.insert(1, "gone")

        assert ["first", "second", "third"] == [lesson.name for lesson in folder.order(state)]
