"""`diff`: two runs of one program in lock-step do the same, and a changed line is found and named."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import tracedemo
from tests.cli.conftest import Typed
from tests.cli.shell import ROOT, Shell, said
from tracedemo import tracefile
from tracedemo.analysis.diff import diff
from tracedemo.analysis.study import Study
from tracedemo.events import Trace
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS

TIMES = 3
"""Runs that are held against the first one."""
LOCKSTEP = ("--pace", "lockstep", "-n", "2")
SELECTOR = Path(tracedemo.__file__).parent / "variants" / "selector.py"


def ran(name: str, **options: object) -> Study:
    """A run of a variant in lock-step, with a server, a nonce, ports and processes of its own."""
    server = ServerOptions(pace="lockstep")
    return Study(
        run(find_target([name]), RunOptions(server=server, requests=3, capture=True, **options)).trace
    )


def differences(a: Study, b: Study) -> list[str]:
    found = diff(a, b)
    assert min(found.compared) >= 3
    return [step.says for group in found.groups for step in group.differences] + list(found.endings)


@pytest.mark.parametrize("name", [variant.name for variant in VARIANTS if variant.name != "upload"])
def test_lockstep_runs_do_not_differ(name: str) -> None:
    """Two runs of a variant in lock-step make the same calls with the same answers, every time; only a buffer that is full
    is emptied as fast as it is emptied.
    """
    first = ran(name)
    for _ in range(TIMES):
        assert [] == differences(first, ran(name))


@pytest.mark.strace
@pytest.mark.parametrize("name", ["blocking", "selector", "asyncio_streams"])
def test_lockstep_runs_do_not_differ_beneath(name: str) -> None:
    """Nor do the system calls beneath differ."""
    a, b = ran(name, kernel="strace"), ran(name, kernel="strace")

    assert diff(a, b).kernel
    assert [] == differences(a, b)


def test_no_difference(recorded: Path, typed: Typed) -> None:
    """A run and itself: exit code 0, and how many calls were compared."""
    done = typed("diff", recorded, recorded)

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(
        r"^No difference: (\d+) calls of A and \1 calls of B are the same\.$", done.stdout, re.MULTILINE
    )
    assert "A  selector, in selector.jsonl\n" in done.stdout


def test_planted_change(recorded: Path, tmp_path: Path, typed: Typed) -> None:
    """One event of a saved trace that is edited is found, and named with its connection, phase, line and answers."""
    trace = tracefile.read(recorded).trace
    events = list(trace)
    row = next(row for row, event in enumerate(events) if event.op == "recv" and event.bytes)
    events[row] = events[row]._replace(
        result=None, bytes=None, errno="ECONNRESET", exc="ConnectionResetError"
    )
    tracefile.write(trace.replace(events=events), tmp_path / "edited.jsonl")
    done = typed("diff", recorded, "edited.jsonl", "--format", "jsonl")
    whole, *others = map(json.loads, done.stdout.splitlines())
    (step,) = (found for found in others if "kind" in found)
    line = events[row].place.line

    assert (1, "") == (done.returncode, done.stderr)
    assert (1, {"answer": 1}) == (whole["differences"], whole["kinds"])
    assert ("connection 1", "receive", events[row].seq) == (step["where"], step["phase"], step["a"]["seq"])
    assert re.fullmatch(
        rf"recv\(4096\) is answered \d+ bytes in A, and ECONNRESET in B \(selector\.py:{line}\)\.",
        step["says"],
    )
    assert "chunk = sock.recv(4096)" == step["a"]["source"] == step["b"]["source"]


def test_changed_line(shell: Shell) -> None:
    """A copy of a variant in which one line is another one is told from it, by that line."""
    before = "        sock.setblocking(False)\n".strip()
    text = SELECTOR.read_text(encoding="utf-8")
    assert 1 == text.count(before)
    changed = f"{before}; sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)"
    shell.write("changed.py", text.replace(before, changed))
    number = text.split(before)[0].count("\n") + 1
    done = shell(
        "diff", *LOCKSTEP, "selector", "changed.py {address} -n 2", "--format", "plain", "-o", "d.jsonl"
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("Connection")]

    assert 1 == done.returncode, done.stderr
    assert [
        f"Connection 1, create: Only B calls setsockopt(TCP_NODELAY, 1) (changed.py:{number}): ok.",
        "Connection 2: The same difference as on connection 1.",
    ] == [line.partition(" It is ")[0] for line in told]
    assert {"d-selector.jsonl", "d-changed.jsonl"} <= {path.name for path in shell.folder.iterdir()}
    assert [] == shell.left_behind()


def test_saved_against_now(recorded: Path, typed: Typed) -> None:
    """A saved run is held against a run made now: what a program is to go on doing, in CI."""
    done = typed("diff", *LOCKSTEP, recorded, "selector")

    assert (0, "") == (done.returncode, done.stderr)
    assert "A  selector, in selector.jsonl\nB  selector\n" in done.stdout


def test_two_programs(recorded: Path, recorded_too: Path, typed: Typed) -> None:
    """Two programs that differ: exit code 1, in every form; a filter that leaves nothing different: 0."""
    for form in ("table", "plain", "jsonl"):
        done = typed("diff", recorded, recorded_too, "--format", form)

        assert (1, "") == (done.returncode, done.stderr)
        assert "register(WRITE)" in done.stdout
    assert 0 == typed("diff", recorded, recorded_too, "--only", "close,conn=1").returncode


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_width(
    columns: int, recorded: Path, recorded_too: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps within the width that somebody wants."""
    monkeypatch.setenv("COLUMNS", str(columns))
    done = typed("diff", recorded, recorded_too)

    assert max(map(len, done.stdout.splitlines())) <= columns


def test_files(recorded: Path, recorded_too: Path, typed: Typed, tmp_path: Path) -> None:
    """`-o` writes the diff as text and as a picture, and the traces of both."""
    done = typed("diff", recorded, recorded_too, "-o", "d.txt", "-o", "d.svg", "-o", "d.jsonl")

    assert 1 == done.returncode
    assert done.stdout == (tmp_path / "d.txt").read_text(encoding="utf-8")
    assert "register(WRITE)" in (tmp_path / "d.svg").read_text(encoding="utf-8")
    assert ["selector", "blocking"] == [
        tracefile.read(tmp_path / f"d-{name}.jsonl").trace.header.target for name in ("selector", "blocking")
    ]


def test_damaged_file(recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """Of a file that was cut short what there is is compared; the exit code is 4."""
    lines = recorded.read_bytes().splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_bytes(b"".join(lines[:20]) + lines[20][:30])
    done = typed("diff", recorded, "cut.jsonl")

    assert 4 == done.returncode
    assert " only in A" in done.stdout
    assert "cut.jsonl" in done.stderr


def test_failed_target(shell: Shell) -> None:
    """A target that fails makes exit code 1 and is named; how both ended is a difference."""
    shell.write("bad.py", "raise SystemExit(9)")
    done = shell("diff", *LOCKSTEP, "bad.py", "selector")

    assert 1 == done.returncode
    assert "~ The exit code of A was 9, and of B 0.\n" in done.stdout
    assert "the script bad.py failed with exit code 9" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "diff needs two runs, and none is named"),
        (("selector",), 2, "diff needs two runs, and only one is named"),
        (("a", "b", "c"), 2, "diff needs two runs, and 3 are named"),
        (("no.jsonl", "no.jsonl"), 4, "cannot read no.jsonl"),
        (("selector", "nope"), 2, "nope"),
        (("a.jsonl", "b.jsonl", "-n", "3"), 2, "-n is for what is run"),
        (("a.jsonl", "b.jsonl", "-o", "x.perfetto.json"), 2, "a diff cannot be written to x.perfetto.json"),
        (("a.jsonl", "b.jsonl", "--only", "frobnicate"), 2, "what is 'frobnicate'?"),
        (("a.jsonl", "b.jsonl", "--view", "log"), 2, "there is no option --view"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], code: int, says: str, typed: Typed) -> None:
    """What is wrong is said in a line or two, before anything runs."""
    assert says in said(typed("diff", *words), code)[0]


def test_traces_without_a_call(tmp_path: Path, typed: Typed) -> None:
    """Two traces in which nothing was called do not differ, and it is said that there was nothing to compare."""
    tracefile.write(Trace(), tmp_path / "empty.jsonl")
    done = typed("diff", "empty.jsonl", "empty.jsonl")

    assert 0 == done.returncode
    assert "No difference: there is no call to compare." in done.stdout


def test_the_page_shows_what_is_printed(shell: Shell) -> None:
    """What docs/diff.md shows is what it says of a client that reads 400 bytes at a time, but for times and ports."""
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    (typed, shown) = re.findall(r"^\$ tracedemo (.*)\n((?:.*\n)*?)```", page, re.MULTILINE)[0]
    blocking = (SELECTOR.parent / "blocking.py").read_text(encoding="utf-8")
    (shell.folder / "changed.py").write_text(blocking.replace("4096", "400"))

    shell.environ["COLUMNS"] = "100"  # as wide as a page shows
    done = shell(*shlex.split(typed))

    assert 1 == done.returncode
    assert settled(shown) == settled(done.stdout)


def settled(text: str) -> str:
    """Without what hangs on the clock or the kernel: times, ports, and room at the ends of lines."""
    text = re.sub(r"[\d.]+ (?:ms|µs|ns)", "TIME", re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text))
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
