"""The launcher: reads off what a program used, hands its exit code on, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tracedemo.scale.bare import LAUNCH

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system has no wait4")


def command(report: Path, code: str, files: int = 0) -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCH), str(report), str(files), sys.executable, "-c", code]


def launch(tmp_path: Path, code: str, files: int = 0) -> tuple[subprocess.CompletedProcess[str], dict]:
    report = tmp_path / "report.json"
    done = subprocess.run(
        command(report, code, files), capture_output=True, text=True, timeout=60, check=False
    )
    return done, json.loads(report.read_text())


def test_what_was_used(tmp_path: Path):
    """Time, CPU time and the peak of memory are the program's own, not those of whoever started it."""
    ballast = bytearray(os.urandom(1 << 20)) * 200  # so much has the one who starts it
    done, report = launch(tmp_path, "x = b'x' * (50 << 20); print('here')")

    assert (0, "here\n") == (done.returncode, done.stdout)
    assert 0 == report["code"]
    assert report["user"] + report["system"] > 0
    assert report["wall"] > 0
    assert 50 << 20 < report["peak"] < 150 << 20 < len(ballast)


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(7)", 7), ("import os; os.abort()", 134)])
def test_exit_code(code: str, expected: int, tmp_path: Path):
    """The exit code is the program's, as a shell has it."""
    done, report = launch(tmp_path, code)

    assert (expected, expected) == (done.returncode, report["code"])


def test_soft_limit_is_raised_for_the_program_alone(tmp_path: Path):
    """The program gets the open files that it needs; ours stay as they are."""
    resource = pytest.importorskip("resource")
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 300:
        pytest.skip("the hard limit is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        done, _ = launch(
            tmp_path, "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])", 300
        )
        assert 200 == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert "300\n" == done.stdout
    assert soft == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_what_cannot_be_started(tmp_path: Path):
    """A program that is not there ends with 127 and one line."""
    done = subprocess.run([sys.executable, "-I", "-S", str(LAUNCH), str(tmp_path / "r"), "0", "/none"],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip

    assert (127, "cannot start /none: No such file or directory\n") == (done.returncode, done.stderr)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's end"
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_behind(number: int, tmp_path: Path):
    """When the launcher is ended, by whatever signal, the program ends, too: its end of a pipe is closed."""
    code = "import sys; print('here', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        command(tmp_path / "r", code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert "here\n" == process.stdout.readline()
        process.send_signal(number)
        # Its end is at hand when all who could write have gone.
        assert "" == process.stdout.read()
