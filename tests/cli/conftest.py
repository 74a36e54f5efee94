"""A shell for each test, a `main` for tests that need no process, and one recorded run for all that only look."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess
from typing import Protocol

import pytest

pytest.importorskip("pty", reason="these tests type into a POSIX shell")

from tests.cli.shell import Shell
from tracedemo import tracefile
from tracedemo.cli import main
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions


class Typed(Protocol):
    """Types a command into this very process."""

    def __call__(self, *words: str | Path) -> CompletedProcess[str]: ...


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell that nobody else uses."""
    return Shell(tmp_path)


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """A function that does what `tracedemo WORDS` does, without the start of an interpreter."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)

    def run_main(*words: str | Path) -> CompletedProcess[str]:
        capfd.readouterr()
        code = main([str(word) for word in words])
        return CompletedProcess(words, code, *capfd.readouterr())

    return run_main


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fetches of the selector variant, paced by cause, saved."""
    options = RunOptions(capture=True, requests=2, server=ServerOptions(pace="lockstep", nonce="n"))
    path = tmp_path_factory.mktemp("recorded") / "selector.jsonl"
    tracefile.write(run(find_target(["selector"]), options).trace, path)
    return path


@pytest.fixture(scope="session")
def recorded_too(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fetches of the blocking variant, likewise."""
    options = RunOptions(capture=True, requests=2, server=ServerOptions(pace="lockstep", nonce="n"))
    path = tmp_path_factory.mktemp("recorded") / "blocking.jsonl"
    tracefile.write(run(find_target(["blocking"]), options).trace, path)
    return path
