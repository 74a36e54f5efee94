"""Small ladders, for real: each row is measured, counted, and right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracedemo.analysis.scaling import Scaling
from tracedemo.errors import MachineError
from tracedemo.events import PYTHON
from tracedemo.scale import climb as module
from tracedemo.scale.bare import run_bare
from tracedemo.scale.catalogue import Program, known
from tracedemo.scale.climb import Climb, Plan
from tracedemo.scale.fleet import fleet
from tracedemo.scale.machine import read_machine
from tracedemo.server import ServerOptions


def climbed(*names: str, **settings: object) -> tuple[Climb, Scaling, list[str]]:
    said: list[str] = []
    programs = [known()[name] for name in names]
    climb = Climb(Plan(programs=programs, machine=read_machine(), **settings), said.append)
    climb.run()
    return climb, climb.result(), said


def test_a_ladder():
    """Each program is run at each step, bare and recorded, and all answers are right."""
    _, found, said = climbed("selector", "threads", to=20)

    assert [("selector", 10), ("threads", 10), ("selector", 20), ("threads", 20)] == [
        (row.program, row.bare.fetches) for row in found.rows
    ]
    for row in found.rows:
        n = row.bare.fetches
        assert ("", n) == (row.bare.trouble, row.bare.correct)
        assert ("", n) == (row.counted.trouble, row.counted.correct)
        # Threads are started one after another, and the first may be done before the last begins.
        assert row.counted.in_flight == n or row.program == "threads"
        assert 0 == row.counted.dropped
        assert row.counted.calls >= 5 * n
        assert min(row.bare.wall, row.bare.cpu, row.bare.peak) > 0
    assert {"selector", "threads"} == found.bases.keys()
    assert 4 == found.planned
    assert not found.stopped
    assert 2 + 2 * 4 == len(said)


def test_many_at_once():
    """A thousand sockets are in flight at once on one thread, as the servers and the recorder see it, and none is lost."""
    climb, found, _ = climbed("selector", to=1000)
    row = found.rows[-1]

    assert 1000 == row.bare.in_flight == row.counted.in_flight
    assert (1000, 0) == (row.counted.correct, row.counted.dropped)
    assert 1000 == climb.largest.header.requests
    assert 1 == len({event.tid for event in climb.largest if event.lane == PYTHON})
    assert row.counted.ready >= 1000


def test_two_processes_in_one_trace():
    """The fetches are shared out between two processes, and one trace holds both."""
    climb, found, _ = climbed("selector", to=20, processes=2)

    assert [10, 20] == [row.counted.correct for row in found.rows]
    assert 10 <= found.rows[-1].counted.in_flight <= 20
    made = [event.pid for event in climb.largest if event.op == "connect"]
    assert [10, 10] == [made.count(pid) for pid in set(made)]


def test_servers_on_several_addresses(tmp_path: Path):
    """Several servers listen on addresses of their own, have one body, and share the work."""
    machine = read_machine()
    with fleet(3, ServerOptions(), tmp_path, machine.loopbacks) as servers:
        hosts = {address.rpartition(":")[0] for address in servers.addresses}
        bare = run_bare(known()["selector"], 9, servers, tmp_path)
        shared = [len({event.conn for event in server.events() if event.conn}) for server in servers.servers]

    assert (9, "") == (bare.correct, bare.trouble)
    assert [3, 3, 3] == shared
    assert min(machine.loopbacks, 3) == len(hosts)


def test_program_that_fails(tmp_path: Path):
    """A program that fails is a row with its last words, and its start costs nothing that could be told."""
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no way')")
    with fleet(1, ServerOptions(), tmp_path) as servers:
        bare = run_bare(Program("broken", "Broken", broken), 3, servers, tmp_path)

    assert ("no way", 0) == (bare.trouble, bare.correct)


def test_wrong_answers_are_counted(tmp_path: Path):
    """A program that prints fewer right answers than it was to fetch has failed, whatever its exit code."""
    liar = tmp_path / "liar.py"
    liar.write_text("print('#1  200 OK  1200 bytes  sha256 0')")
    with fleet(1, ServerOptions(), tmp_path) as servers:
        bare = run_bare(Program("liar", "Liar", liar), 1, servers, tmp_path)

    assert "0 of 1 answers were right" == bare.trouble


def test_program_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A program that does not end is ended, and the row says so."""
    monkeypatch.setattr("tracedemo.scale.bare.START_S", 0.0)
    monkeypatch.setattr("tracedemo.scale.bare.EACH_S", 0.0)
    hanging = tmp_path / "hanging.py"
    hanging.write_text("import threading; threading.Event().wait()")
    with fleet(1, ServerOptions(), tmp_path) as servers:
        bare = run_bare(Program("hanging", "Hanging", hanging), 1, servers, tmp_path)

    assert bare.trouble.startswith("it did not end within")


@pytest.mark.parametrize(
    ("stop", "told"), [(KeyboardInterrupt(), 0), (SystemExit(143), 15)], ids=["Ctrl-C", "SIGTERM"]
)
def test_stopped(stop: BaseException, told: int, monkeypatch: pytest.MonkeyPatch):
    """What was measured until it was stopped stays, and it is said how much is missing."""
    calls = iter(range(100))
    real = run_bare

    def until(*args: object) -> object:
        if next(calls) > module.AGAIN + module.AGAIN:  # the starts, then the first row
            raise stop
        return real(*args)

    monkeypatch.setattr(module, "run_bare", until)
    climb, found, _ = climbed("selector", to=100)

    assert found.stopped
    assert [10] == [row.bare.fetches for row in found.rows]
    assert found.rows[0].counted is not None
    assert 2 == found.planned
    assert told == climb.told_to_end


def test_failure_on_the_way(monkeypatch: pytest.MonkeyPatch):
    """Where something keeps it from going on, what was measured stays, and it is said what; before that it is an error."""
    calls = iter(range(100))
    real = module.run_recorded

    def until(*args: object, **settings: object) -> object:
        if next(calls):
            raise MachineError("no room", "Make some.")
        return real(*args, **settings)

    monkeypatch.setattr(module, "run_recorded", until)
    climb, found, _ = climbed("selector", to=20)

    assert [10, 20] == [row.bare.fetches for row in found.rows]
    assert found.rows[1].counted is None
    assert "It could not go on: no room. Make some." in found.notes
    assert 3 == climb.failed.exit_code
    monkeypatch.setattr(module, "run_bare", until)
    with pytest.raises(MachineError):
        climbed("selector", to=20)


def test_machine_is_read():
    """This machine says at least how many files a process may have open, where it has such limits."""
    pytest.importorskip("resource")
    machine = read_machine()

    assert machine.loopbacks >= 1
    assert machine.files_hard is None or machine.files_hard > 0
    assert machine.ports is None or machine.ports[0] < machine.ports[1]


@pytest.mark.parametrize("name", ["uvloop", "trio"])
def test_programs_of_ours(name: str, tmp_path: Path):
    """The programs that need a library fetch as the variants do, where it is there."""
    pytest.importorskip(name)
    with fleet(1, ServerOptions(), tmp_path) as servers:
        bare = run_bare(known()[name], 3, servers, tmp_path)

    assert (3, "") == (bare.correct, bare.trouble)


@pytest.mark.parametrize("name", ["trio"])
def test_programs_of_ours_say_what_failed(name: str, tmp_path: Path):
    """Where nobody answers, the program says which addresses it asked, in one line."""
    pytest.importorskip(name)
    with fleet(1, ServerOptions(), tmp_path) as servers:
        pass
    bare = run_bare(known()[name], 3, servers, tmp_path)

    assert bare.trouble.startswith(f"{name}_streams.py: fetching from 127.0.0.1:")
