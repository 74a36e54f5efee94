"""`tracedemo scale` as it is typed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell
from tracedemo import tracefile
from tracedemo.analysis.limits_met import KINDS
from tracedemo.cli.arguments import LIMITS

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")


def test_small_ladder(typed: Typed, tmp_path: Path):
    """A ladder is measured and shown, and its files hold the largest step: table, picture, trace and page."""
    files = [tmp_path / f"x{ending}" for ending in (".txt", ".svg", ".jsonl", ".html")]
    done = typed("scale", "selector", "--to", "20", *(word for file in files for word in ("-o", str(file))))

    assert 0 == done.returncode, done.stderr
    assert re.search(r"^ +20  selector +\d", done.stdout, re.MULTILINE)
    assert "All 60 answers were right" in done.stdout
    assert "none was lost" in done.stdout
    assert files[0].read_text() == done.stdout
    assert files[1].read_text().startswith("<svg")
    assert 20 == tracefile.read(files[2]).trace.header.requests
    assert b"<html" in files[3].read_bytes()[:500]


def test_forms(typed: Typed):
    """The plain form is sentences, the form for programs an object a row."""
    plain = typed("scale", "selector", "--to", "10", "--format", "plain")
    objects = [
        json.loads(line)
        for line in typed("scale", "selector", "--to", "10", "--format", "jsonl").stdout.splitlines()
    ]

    assert (0, "") == (plain.returncode, plain.stderr)
    assert plain.stdout.startswith("The same fetch, up to 10 at once, on one thread.\nselector, 10 at once: ")
    assert ("selector", 10, 10) == tuple(objects[0][name] for name in ("program", "fetches", "correct"))
    assert [10, 10] == [objects[0]["counted"][name] for name in ("correct", "in_flight")]


@pytest.mark.strace
def test_system_calls(typed: Typed):
    """With --kernel the system calls of a fetch are counted, and it is said by what."""
    done = typed("scale", "selector", "--to", "10", "--kernel", "--engine", "strace", "--format", "jsonl")
    row = json.loads(done.stdout.splitlines()[0])

    assert "strace" == row["counted"]["engine"]
    assert row["counted"]["system_calls"] > 100


def test_too_many(typed: Typed):
    """What does not fit is said with the limit, its value and how to raise it, and the ladder ends where it fits."""
    resource = pytest.importorskip("resource")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("there is no limit")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100));"
        "from tracedemo.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run([sys.executable, "-c", code, "scale", "selector", "--to", "1000"],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip

    assert 0 == done.returncode, done.stderr
    assert "selector: not more than 36 fit. open files: 100 for a process" in done.stdout
    assert "ulimit -Hn" in done.stdout
    assert re.search(r"^ +36  selector", done.stdout, re.MULTILINE)


@linux
@pytest.mark.parametrize("name", LIMITS)
def test_limit(name: str, typed: Typed, tmp_path: Path):
    """Each limit shows the call and its answer, is kept as the last run, and can be saved."""
    file = tmp_path / "x.jsonl"
    done = typed("scale", "--limit", name, "-o", file)

    assert 0 == done.returncode, done.stderr
    assert 1 == done.stdout.count("→")
    assert (KINDS[name].errno or "It shows so") in done.stdout
    assert "Next: " in done.stdout
    assert len(tracefile.read(file).trace) > 10
    assert 0 == typed("show", "--view", "log").returncode


@linux
def test_limit_that_does_not_show(typed: Typed):
    """The exit code is 1 when a program does not meet the limit."""
    done = typed("scale", "--limit", "fds", "blocking")

    assert 1 == done.returncode
    assert "It did not show" in done.stdout


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("scale selectr", "there is no program 'selectr' to measure"),
        ("scale blocking", "blocking fetches one after another"),
        ("scale --to 0", "--to: a whole number from 1"),
        ("scale --limit frob", "--limit: invalid choice"),
        ("scale --limit fds --to 5", "--to is for many sockets"),
        ("scale --limit fds --kernel", "--kernel is for many sockets"),
        ("scale --limit fds selector threads", "--limit shows one program, and 2 are named"),
        ("scale --engine strace", "--engine says what records system calls"),
        ("scale -o x.png", "cannot tell from the ending"),
    ],
)
def test_wrong_usage(line: str, what: str, typed: Typed):
    """What cannot be meant gets two lines and exit code 2, before anything is started."""
    done = typed(*line.split())

    assert (2, "") == (done.returncode, done.stdout)
    assert what in done.stderr
    assert 2 == len(done.stderr.splitlines())


@linux
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped(number: int, code: int, shell: Shell):
    """Stopped while servers and programs run, it shows what was measured, and leaves no process and no file behind."""
    with shell.start("scale", "selector", "--to", "1000") as process:
        while not any("launch.py" in words for words in shell.left_behind()):
            assert process.poll() is None
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)

    assert code == process.returncode, output
    assert "Stopped: " in output
    assert [] == shell.left_behind()
