"""What a learner has done is never lost to a crash, a kill, a broken file, or another version."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fcntl", reason="these tests lock files, and kill processes")

from tracedemo.errors import FileError
from tracedemo.workshop.state import (
    LONGEST_GAP_S,
    NAME,
    SCHEMA,
    BrokenError,
    LessonState,
    State,
    edit,
    read,
    write,
)

OLD = Path(__file__).parent / "data" / "state-1.json"
ROOT = Path(__file__).parents[2]

TEXTS = st.text(max_size=20)
COUNTS = st.integers(0, 1 << 52)
RECORDS = st.builds(
    LessonState, values=st.dictionaries(TEXTS, COUNTS, max_size=3), opened=TEXTS, predicted=TEXTS, ran=TEXTS,
    passed=TEXTS,
    predictions=st.lists(TEXTS, max_size=3), right=st.lists(TEXTS, max_size=3),
    answers=st.lists(st.integers(-(1 << 63), 1 << 63) | TEXTS, max_size=3), hints=COUNTS, checks=COUNTS,
    looked=st.booleans(), skipped=st.booleans(), given=st.booleans(), unpredicted=st.booleans(), active_s=st.floats(0, 1e9),
)  # fmt: skip
STATES = st.builds(
    State, track=TEXTS, order=st.lists(TEXTS, max_size=4), current=TEXTS,
    lessons=st.dictionaries(TEXTS, RECORDS, max_size=3), last=st.floats(0, 1e10),
)  # fmt: skip
NONSENSE = st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(SCHEMA),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["schema", "lessons", "track", "x"]) | TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


def rebuilt() -> State:
    return State(track="rebuilt")


@given(state=STATES)
def test_what_was_written_is_read(state: State, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a state holds is read back as it was written."""
    folder = tmp_path_factory.mktemp("state")
    write(state, folder)

    assert state == read(folder)
    assert [NAME] == [path.name for path in folder.iterdir()]


@given(data=NONSENSE)
def test_nonsense_is_set_aside(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that is no state is kept, byte for byte, under another name, and a rebuilt state takes its place."""
    folder = tmp_path_factory.mktemp("state")
    (folder / NAME).write_bytes(data)
    with suppress(BrokenError, FileError):
        read(folder)
        return  # it is a state, if a poor one
    if _is_newer(data):
        return

    with edit(folder, rebuilt) as state:
        assert f"{NAME}.broken-1" in state.said

    assert data == (folder / f"{NAME}.broken-1").read_bytes()
    assert "rebuilt" == read(folder).track


def _is_newer(data: bytes) -> bool:
    try:
        return json.loads(data)["schema"] > SCHEMA
    except (ValueError, TypeError, KeyError):
        return False


@pytest.mark.parametrize("cut", [0, 1, 50, -2])
def test_half_a_state_is_set_aside(cut: int, tmp_path: Path) -> None:
    """A state that was cut off is no state."""
    write(State(lessons={"first": LessonState(hints=2)}), tmp_path)
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes()[:cut])

    with pytest.raises(BrokenError):
        read(tmp_path)


@pytest.mark.parametrize(
    ("where", "value"),
    [("track", 1), ("order", "ab"), ("order", [1]), ("last", float("nan")), ("last", True), ("last", -1), ("lessons", []),
     ("unknown", 1), ("said", "no"), ("current", None)],
)  # fmt: skip
def test_wrong_field_is_found(where: str, value: object, tmp_path: Path) -> None:
    """A field of another kind than it should be, or one that nobody knows, makes a file no state."""
    write(State(), tmp_path)
    table = json.loads((tmp_path / NAME).read_bytes())
    (tmp_path / NAME).write_text(json.dumps({**table, where: value}))

    with pytest.raises(BrokenError):
        read(tmp_path)


@pytest.mark.parametrize(
    ("where", "value"),
    [("hints", -1), ("hints", 1.5), ("hints", True), ("values", {"k": "5"}), ("predictions", [None]), ("looked", 1),
     ("answers", [1.5]), ("active_s", float("inf")), ("track", "self")],
)  # fmt: skip
def test_wrong_field_of_a_lesson_is_found(where: str, value: object, tmp_path: Path) -> None:
    """The same holds within each lesson."""
    write(State(lessons={"first": LessonState()}), tmp_path)
    table = json.loads((tmp_path / NAME).read_bytes())
    table["lessons"]["first"][where] = value
    (tmp_path / NAME).write_text(json.dumps(table))

    with pytest.raises(BrokenError):
        read(tmp_path)


def test_broken_ones_are_numbered(tmp_path: Path) -> None:
    """A second broken file does not take the place of the first that was set aside."""
    for number in (1, 2, 3):
        (tmp_path / NAME).write_text(f"broken {number}")
        with edit(tmp_path, rebuilt):
            pass

    assert ["broken 1", "broken 2", "broken 3"] == [
        (tmp_path / f"{NAME}.broken-{number}").read_text() for number in (1, 2, 3)
    ]


def test_lost_state_is_rebuilt(tmp_path: Path) -> None:
    """Where the file is gone, a rebuilt one takes its place, and that is told once."""
    with edit(tmp_path, rebuilt) as state:
        assert "lost" in state.said
    with edit(tmp_path, rebuilt) as state:
        assert not state.said


def test_older_state_is_taken_over(tmp_path: Path) -> None:
    """A file of schema 1 keeps what it knew, and is of the present schema once something was changed."""
    (tmp_path / NAME).write_bytes(OLD.read_bytes())

    with edit(tmp_path, rebuilt) as state:
        assert ("half", "second", "") == (state.track, state.current, state.said)
        assert "2026-01-10T09:18:00+00:00" == state.lessons["first"].passed
        assert ("2026-01-10T09:20:00+00:00", "") == (
            state.lessons["second"].opened,
            state.lessons["second"].passed,
        )
    assert SCHEMA == json.loads((tmp_path / NAME).read_bytes())["schema"]


def test_newer_state_is_left_alone(tmp_path: Path) -> None:
    """A file of a newer schema is refused with a remedy, and not a byte of it is changed, nor is it set aside."""
    data = json.dumps({"schema": SCHEMA + 1, "other": []}).encode()
    (tmp_path / NAME).write_bytes(data)

    with pytest.raises(FileError, match="newer") as refused, edit(tmp_path, rebuilt):
        pass

    assert refused.value.remedy
    assert data == (tmp_path / NAME).read_bytes()
    assert [NAME] == [
        path.name for path in tmp_path.iterdir() if path.suffix == ".json" or "broken" in path.name
    ]


def test_failure_changes_nothing(tmp_path: Path) -> None:
    """What a command has begun and not finished is not remembered."""
    write(State(track="before"), tmp_path)

    def fail() -> None:
        with edit(tmp_path, rebuilt) as state:
            state.track = "after"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert "before" == read(tmp_path).track


@pytest.mark.parametrize(
    ("gaps", "counted"),
    [((60,), 60), ((60, 30), 90), ((LONGEST_GAP_S + 1,), LONGEST_GAP_S), ((86400, 5), LONGEST_GAP_S + 5),
     ((-3600, 10), 10)],
)  # fmt: skip
def test_minutes_are_gaps_between_commands(gaps: tuple[float, ...], counted: float) -> None:
    """Each gap counts for the open lesson, a long one up to ten minutes; a clock that is set back takes nothing away."""
    now, state = 1e9, State(current="first")
    state.note_time(now)
    for gap in gaps:
        now += gap
        state.note_time(now)

    assert counted == state.lessons["first"].active_s


KILLER = """
import os, random, signal, sys
from pathlib import Path
from tracedemo.workshop.state import NAME, State, edit, read, write

folder = Path(sys.argv[1])
drawn = random.Random(0)
write(State(track="begun"), folder)
for kill in range(100):
    hears, says = os.pipe()
    child = os.fork()
    if not child:
        os.close(hears)
        while True:
            with edit(folder, State) as state:
                state.of("first").checks += 1
            os.write(says, b".")
    os.close(says)
    said = sum(len(os.read(hears, 1)) for _ in range(drawn.randint(1, 4)))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while data := os.read(hears, 4096):
        said += len(data)
    os.close(hears)
    state = read(folder)
    print(state.track, said, state.lessons["first"].checks, flush=True)
with edit(folder, State) as state:
    print(*sorted(path.name for path in folder.iterdir()), state.said)
"""


def test_kills_while_it_is_written(tmp_path: Path) -> None:
    """After each of 100 kills in the middle of writing the state is whole, holds every write that was told, and at most one
    more; and what the killed ones left is swept away.
    """
    command = [sys.executable, "-c", KILLER, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *kills, last = done.stdout.splitlines()

    before = 0
    for kill in kills:
        track, said, checks = kill.split()
        assert "begun" == track
        assert int(checks) - before in (int(said), int(said) + 1)
        before = int(checks)
    assert 100 == len(kills)
    assert ["lock", NAME] == last.split()


COUNTER = """
import sys
from contextlib import suppress
from pathlib import Path
from tracedemo.workshop.state import State, edit
for _ in range(50):
    with edit(Path(sys.argv[1]), State) as state:
        state.of("first").checks += 1
"""


def test_two_at_once(tmp_path: Path) -> None:
    """Two commands that change the state at the same time lose nothing of each other's."""
    write(State(), tmp_path)
    both = [subprocess.Popen([sys.executable, "-c", COUNTER, str(tmp_path)], cwd=ROOT) for _ in range(2)]

    assert [0, 0] == [one.wait() for one in both]
    assert 100 == read(tmp_path).lessons["first"].checks
