"""The last run: kept as it comes, whole, and in nobody's way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracedemo import tracefile
from tracedemo.cli import last
from tracedemo.events import Event, Header, Trace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / "tracedemo"


def trace(name: str, rows: int = 1) -> Trace:
    return Trace(Header(target=name), [Event(row, "python", "send", row, row, 1, 1) for row in range(rows)])


def keep(traces: list[Trace]) -> bool:
    """As a command that makes these."""
    keeper = last.Keeper()
    for one in traces:
        keeper(one)
    return keeper.kept


def shown() -> list[str]:
    """What bare `show` would show."""
    return [tracefile.read(path).trace.header.target for path in last.files()]


def test_all_traces_of_one_command() -> None:
    """Traces of one command are kept one beside the other, in order; those of the command before are gone."""
    assert keep([trace("before"), trace("before, too")])
    keeper = last.Keeper()
    for number in range(1, 12):
        keeper(trace(f"{number}"))

    assert keeper.kept
    assert [f"{number}" for number in range(1, 12)] == shown()


def test_two_commands_at_once() -> None:
    """Of two commands at the same time the later trace wins, with all of its own command, and nothing is mixed."""
    one, other = last.Keeper(), last.Keeper()
    one(trace("one, first"))
    other(trace("other, first"))
    one(trace("one, second"))

    assert ["one, first", "one, second"] == shown()


def test_going_on_for_a_command_that_was_killed() -> None:
    """Who knows the token of a command adds to what that has kept."""
    killed = last.Keeper()
    killed(trace("first"))
    last.Keeper(killed.token)(trace("second"))

    assert ["first", "second"] == shown()


def test_too_much(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that takes too much room is not kept, and no earlier one is taken for the last; nor is a part of it."""
    assert keep([trace("small")])
    monkeypatch.setattr(last, "MOST_BYTES", 2000)
    for traces in ([trace("large", 99)], [trace("small"), trace("large", 99), trace("small")]):
        assert not keep(traces)
        assert [] == list(home.iterdir())


def test_what_killed_commands_were_writing(home: Path) -> None:
    """What a killed command was writing a day ago is cleared away; what is being written now is not."""
    home.mkdir()
    for name, age in (("last-old", 2 * 24 * 3600), ("last-new", 0)):
        (home / name).mkdir()
        then = (home / name).stat().st_mtime - age
        os.utime(home / name, (then, then))
    assert keep([trace("a")])

    assert ["last", "last-new"] == sorted(path.name for path in home.iterdir())


def test_no_place(home: Path) -> None:
    """Where nothing can be written nothing is kept, and that is no error."""
    home.parent.joinpath("tracedemo").write_text("a file")

    assert not keep([trace("a")])
