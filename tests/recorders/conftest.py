"""Programs that are run and recorded, and a recorder in the test's own process."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import pytest

from tracedemo.events import Event
from tracedemo.recorders.inprocess.decode import Recording, read_spool
from tracedemo.recorders.inprocess.hook import Recorder
from tracedemo.recorders.inprocess.spool import Spool
from tracedemo.runner import Run, RunOptions, find_target, run


class WriteScript(Protocol):
    """Writes a script and gives its path."""

    def __call__(self, text: str, name: str = ...) -> Path: ...


class Record(Protocol):
    """Runs a script under the recorder."""

    def __call__(self, text: str, *words: str, **options: Any) -> Run: ...


@pytest.fixture
def script(tmp_path: Path) -> WriteScript:
    """A function that writes a script."""

    def write(text: str, name: str = "program.py") -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def record(script: WriteScript) -> Record:
    """A function that runs a script with these arguments, and gives the finished run."""

    def recorded(text: str, *words: str, **options: Any) -> Run:
        path = script(text)
        return run(
            find_target([str(path), *words]), RunOptions(**{"capture": True, "slots": 1 << 16, **options})
        )

    return recorded


class InProcess:
    """A recorder in this very process, switched on for a `with` block, and what it has written."""

    def __init__(
        self, folder: Path, slots: int = 1 << 12, chunks: int = 1 << 12, *, first: bool = False
    ) -> None:
        self.spool = Spool(str(folder), slots, slots, chunks, first=first)
        self.recorder = Recorder(self.spool)
        self.folder = folder

    def __enter__(self) -> Self:
        self.recorder.patch_present()
        self.recorder.on()
        return self

    def __exit__(self, *_: object) -> None:
        if self.recorder.patches:
            self.recorder.off()

    def read(self) -> Recording:
        """All that was recorded so far."""
        return read_spool(next(self.folder.glob("*.spool")))

    def events(self) -> list[Event]:
        """Its rows of the python lane."""
        return self.read().events


@pytest.fixture
def in_process(tmp_path: Path) -> Iterator[InProcess]:
    """A recorder for this process, not yet on; off at the end of the test, whatever happens."""
    recorder = InProcess(tmp_path)
    yield recorder
    recorder.__exit__()
