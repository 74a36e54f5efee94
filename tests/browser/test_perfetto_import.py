"""The file for Perfetto, held against Perfetto: its importer finds every slice, track, counter and arrow, and no fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.browser.big import big_trace
from tests.browser.opened import Opened
from tests.browser.perfetto_ui import Query, load
from tests.render.looks import study
from tests.render.trace_events import Told, nanoseconds, read
from tests.render.traces import US, Script
from tracedemo.analysis.study import Study
from tracedemo.cli.perfetto_file import write
from tracedemo.cli.present import studies_of
from tracedemo.events import PYTHON, Trace
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS

Import = Callable[[Sequence[Study]], tuple[Told, Query]]

SLICES = """
select thread.tid, slice.ts, slice.dur, slice.name, slice.category from slice
join thread_track on slice.track_id = thread_track.id join thread using (utid)
"""
ARROWS = """
select a.ts, a.name, b.ts, b.name from flow join slice a on a.id = slice_out join slice b on b.id = slice_in
"""
ARGS = "select extract_arg(arg_set_id, 'args.sentence') as said, count(*) from slice where said is not null group by 1"
FAULTS = "select name, value from stats where severity != 'info' and value != 0"


@pytest.fixture
def imported(tmp_path: Path, serve: Callable[..., str], open_page: Callable[..., Opened]) -> Iterator[Import]:
    """Writes runs, opens the file in Perfetto, and asserts that it says there what it says here."""

    def check(studies: Sequence[Study]) -> tuple[Told, Query]:
        write(tmp_path / "t.perfetto.json", studies)
        told = read((tmp_path / "t.perfetto.json").read_text(encoding="utf-8"))
        ask = load(tmp_path / "t.perfetto.json", serve, open_page)
        same(told, ask)
        return told, ask

    return check


def shown(text: str) -> str:
    """As this Perfetto shows a text: it takes back the escapes of JSON only where one of them is of a quotation mark."""
    return text if '"' in text else text.replace("\\", "\\\\")


def same(told: Told, ask: Query) -> None:
    """All that is in the file is what Perfetto found, and nothing else."""
    assert [] == ask(FAULTS)
    instants = [
        (event["tid"], nanoseconds(event["ts"]), 0, shown(event["name"]), event["cat"])
        for event in told.of("i")
    ]
    slices = [
        (
            event["tid"],
            nanoseconds(event["ts"]),
            nanoseconds(event["dur"]),
            shown(event["name"]),
            event["cat"],
        )
        for event in told.of("X")
    ]
    assert Counter(slices + instants) == Counter(ask(SLICES))
    assert {tid: shown(name) for tid, name in told.names.items()} == dict(
        ask("select tid, name from thread where name is not null")
    )
    arrows = [(begin.begin, shown(begin.name), end.begin, shown(end.name)) for begin, end in told.arrows()]
    assert Counter(arrows) == Counter(ask(ARROWS))
    assert len(told.of("C")) == ask("select count(*) from counter")[0][0]
    sentences = [event["args"]["sentence"] for event in told.of("X", "i") if "sentence" in event["args"]]
    assert Counter(map(shown, sentences)) == Counter(dict(ask(ARGS)))


def record(name: str, kernel: str | None = None) -> Trace:
    server = ServerOptions(pace="lockstep", nonce="n")
    done = run(find_target([name]), RunOptions(capture=True, requests=3, server=server, kernel=kernel))
    assert 0 == done.exit_code, done.complaints
    return done.trace


def test_every_variant(imported: Import) -> None:
    """All variants, side by side in one file."""
    told, _ = imported(studies_of([record(variant.name) for variant in VARIANTS]))

    for number in range(1, len(VARIANTS) + 1):
        tracks = [name for name in told.names.values() if name.startswith(f"{number}. ")]
        assert sum("thread" in name or "Thread" in name for name in tracks) >= 1
        assert [] == [name for name in tracks if not told.pieces[name]]
    assert len(told.arrows()) > 20


@pytest.mark.strace
def test_kernel(imported: Import) -> None:
    """Runs with the kernel's lane, whose system calls are nested."""
    told, ask = imported(studies_of([record(name, "strace") for name in ("selector", "asyncio_streams")]))
    nested = sum(piece.depth > 0 for piece in told.all if piece.cat == "kernel")

    assert nested > 50
    assert nested == ask("select count(*) from slice where category = 'kernel' and depth > 0")[0][0]


def test_many_connections(imported: Import) -> None:
    """A run of 2,500 connections: not more tracks than Perfetto can draw, and the file says so."""
    it = Study(big_trace(2_500))
    told, ask = imported([it])

    assert 2_000 - 20 == len(told.names)
    (sentence,) = ask("select name from slice where name glob '*left out*'")[0]
    shown = len(told.names) - 2  # what the file says of itself, and the one thread
    assert (
        f"1. {it.name}: {2_500 - shown} of 2,500 connections left out: a file for Perfetto has at most 2,000 tracks."
        == sentence
    )


def test_odd_traces(imported: Import) -> None:
    """Hostile names, processes, calls that never returned, that overlap, that take no time, and an empty trace."""
    script = Script("odd.py", server={})
    for number in range(5):
        script.add(PYTHON, "recv", 100 * US, at=script.now + number * US, fd=5, bytes=1, result=1)
        script.add(PYTHON, "send", 0, at=script.now + 500 * US, fd=5, bytes=1, result=1)
    names = ("hostile", "forked", "kernel", "sleeping", "looping", "one event", "empty")
    imported([*map(study, names), Study(script.trace())])
