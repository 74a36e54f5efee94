"""What a system does not have is not missed: epoll, poll, fcntl and resource are hidden, and a kqueue is made up."""

from __future__ import annotations

import os
import select
import socket
import sys
import types
from pathlib import Path

import pytest

from tests.recorders.conftest import InProcess, Record, WriteScript
from tracedemo.events import FLOW, PYTHON
from tracedemo.runner import Run, RunOptions, find_target, run, variant_target
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant

HIDE = """
import importlib.machinery, sys

class Hider:
    def find_spec(self, name, path=None, target=None):
        if name != "select":
            return None
        for finder in sys.meta_path:
            if not isinstance(finder, Hider) and type(finder).__module__ != "tracedemo.recorders.inprocess.hook":
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    spec.loader = Poorer(spec.loader)
                    return spec

class Poorer:
    def __init__(self, real):
        self.real = real
    def create_module(self, spec):
        return self.real.create_module(spec)
    def exec_module(self, module):
        self.real.exec_module(module)
        for name in ("epoll", "poll", "kqueue", "devpoll"):
            vars(module).pop(name, None)

sys.meta_path.insert(1, Hider())
sys.modules["fcntl"] = sys.modules["resource"] = None
"""
"""The user's sitecustomize: it runs after our hook has started, and before anything is imported that is to be patched."""

CHECK = """
import select, selectors
assert not hasattr(select, "epoll") and not hasattr(select, "poll")
assert selectors.DefaultSelector is selectors.SelectSelector
try:
    import fcntl
except ImportError:
    print("hidden")
"""


@pytest.fixture
def poor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interpreters that are started find no epoll, no poll, no fcntl and no resource."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("poor")
def test_they_are_hidden(script: WriteScript) -> None:
    """The interpreters of the tests below lack what they are said to lack, traced as well as bare."""
    done = run(find_target([str(script(CHECK))]), RunOptions(capture=True))

    assert ("hidden\n", "", 0) == (done.output, done.complaints, done.exit_code)


def assert_is_told(done: Run, variant: Variant) -> None:
    assert (0, "") == (done.exit_code, done.complaints)
    assert () == done.trace.header.notes
    ops = {event.op for event in done.trace.lane(PYTHON)}
    if variant.fetches:
        assert 3 == done.output.count("200 OK")
        assert {"socket", "connect", "recv", "close"} <= ops
    if "--selector" in variant.options:
        assert {"selector", "register", "select", "unregister"} <= ops
        kinds = {event.args["selector"] for event in done.trace.lane(PYTHON) if event.op == "select"}
        assert {"SelectSelector"} == kinds
    if variant.name in ("selector", "nonblocking", "sleepers", "upload", "robust"):
        assert {"start", "yield", "resume", "return"} == {event.op for event in done.trace.lane(FLOW)}


@pytest.mark.usefixtures("poor")
@pytest.mark.parametrize("pace", ["clock", "lockstep"])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variants_run_and_are_recorded(variant: Variant, pace: str) -> None:
    """Every variant runs with select() alone, and leaves the same kinds of rows, by the clock and in lock-step."""
    server = ServerOptions(pace=pace, delay_ms=1, gap_ms=1)

    assert_is_told(run(variant_target(variant), RunOptions(capture=True, server=server)), variant)


@pytest.mark.parametrize("name", ["selector", "threads"])
def test_the_runner_needs_none_of_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where our own process has no resource module, no wait4, no waitid and no statvfs, runs still end and are read."""
    monkeypatch.setitem(sys.modules, "resource", None)
    for missing in ("wait4", "waitid", "statvfs"):
        monkeypatch.delattr(os, missing)
    (variant,) = [one for one in VARIANTS if one.name == name]
    monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))

    done = run(variant_target(variant), RunOptions(capture=True, server=ServerOptions(pace="lockstep")))

    assert (0, "", {}) == (done.exit_code, done.complaints, done.trace.header.limits)
    assert 0.0 == done.trace.header.cpu_user
    assert "exit" == done.trace.header.ended


class kqueue:  # noqa: N801  # as it is called
    """As on macOS, over a select()."""

    def __init__(self) -> None:
        self.watched: list[int] = []

    def fileno(self) -> int:
        return 99

    def close(self) -> None:
        self.watched.clear()

    def control(
        self, changes: list[int] | None, most: int, timeout: float | None = None
    ) -> list[types.SimpleNamespace]:
        self.watched += changes or []
        reads = select.select(self.watched, [], [], timeout)[0] if most else []
        return [types.SimpleNamespace(ident=fd, filter=-1) for fd in reads[:most]]


def test_kqueue_is_recorded_where_there_is_one(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kqueue's making, its questions with what was ready, and its close are written down."""
    monkeypatch.setattr(select, "kqueue", kqueue, raising=False)
    left, right = socket.socketpair()
    with left, right, in_process:
        right.send(b"x")
        queue = select.kqueue()
        queue.control([left.fileno()], 0)
        ready = queue.control(None, 4, 1.5)
        queue.control(None, 4, 0)
        queue.close()

    assert [left.fileno()] != [one.ident for one in ready], "the socket is closed now"
    events = [event for event in in_process.events() if event.op in ("selector", "control", "close")]
    assert ["selector", "control", "control", "control", "close"] == [event.op for event in events][:5]
    assert {"kqueue"} == {event.args["selector"] for event in events[:4]}
    assert {99} == {event.fd for event in events[:5]}
    assert [None, 1.5, 0] == [event.args["timeout"] for event in events[1:4]]
    assert [False, True, False] == ["could_wait" in event.args for event in events[1:4]]
    assert [(), ((ready[0].ident, "READ"),)] == [event.result for event in events[1:3]]
    assert "kqueue" == events[4].args["what"]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("uvloop", "or run with asyncio's own loop"), ("gevent", "--kernel"), ("pycurl", "--kernel")],
)
def test_libraries_beyond_reach(name: str, remedy: str, record: Record, tmp_path: Path) -> None:
    """A library whose sockets are its own is named when it is imported, with what shows them; looked for, it is not."""
    (tmp_path / f"{name}.py").write_text("LOADER = __loader__\n")
    looked = record(f"import importlib.util\nassert importlib.util.find_spec('{name}')")
    done = record(f"""
        import {name}
        assert type({name}.__loader__).__module__ == "_frozen_importlib_external"
    """)

    assert () == looked.trace.header.notes + looked.trace.header.beyond
    assert (0, "") == (done.exit_code, done.complaints)
    (note,) = done.trace.header.beyond
    assert note.startswith(f"{name} was imported: ")
    assert remedy in note
