"""`show`: any view of saved traces, in any form, at any width; and whatever else a file may be."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell, said
from tracedemo.render import FORMATS, VIEWS


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("columns", [60, 80, 100, 160, None])
def test_every_view_at_every_width(
    view: str,
    columns: int | None,
    recorded: Path,
    recorded_too: Path,
    typed: Typed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every view, of one run and of two, keeps within the width that somebody wants, and has text."""
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
    for files in ([recorded], [recorded, recorded_too]):
        done = typed("show", "--view", view, *files)

        assert (0, "") == (done.returncode, done.stderr)
        assert done.stdout.count("\n") > 2
        assert columns is None or max(map(len, done.stdout.splitlines())) <= columns


@pytest.mark.parametrize("columns", ["1", "5", "39", "0", "-5", "x", "²", "", "9" * 30])
def test_strange_width(columns: str, recorded: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """No number of columns, and no text in its place, makes a view fail."""
    monkeypatch.setenv("COLUMNS", columns)
    done = typed("show", recorded, "--view", ",".join(VIEWS))

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("format", FORMATS)
def test_every_format(view: str, format: str, recorded: Path, typed: Typed) -> None:
    """Every view can be had as a table, as sentences, and as JSON lines."""
    done = typed("show", recorded, "--view", view, "--format", format)
    lines = done.stdout.splitlines()

    assert (0, "") == (done.returncode, done.stderr)
    if format == "plain":
        assert all(re.search(r"[.:)]$", line) for line in lines), lines
    if format == "jsonl":
        assert all(isinstance(json.loads(line), dict) for line in lines)


def test_one_run(recorded: Path, typed: Typed) -> None:
    """One run of a variant is shown by log and summary, under the name by which it was typed."""
    text = typed("show", recorded).stdout

    assert text.startswith("selector, 2 requests: what the program asks, and what the kernel answers\n")
    assert "\nselector, 2 requests: " in text


def test_one_run_of_a_script(shell: Shell) -> None:
    """One run of a script is shown by summary and connections."""
    path = shell.write("program.py", "import socket\nsocket.socketpair()\n")
    shell("run", path, "-o", "x")
    text = shell("show").stdout

    assert re.match(r"program\.py: .*\nprogram\.py: connection by connection\n", text, re.DOTALL)


def test_several_runs(recorded: Path, recorded_too: Path, typed: Typed) -> None:
    """Several runs are compared, variants under their titles."""
    text = typed("show", recorded, recorded_too).stdout

    assert re.match(r"2 requests, 2 ways: the numbers\n\n +Selector loop +Blocking\n", text)


def test_only_and_unfold(recorded: Path, typed: Typed) -> None:
    """A filter picks rows, and --unfold shows those that are hidden."""
    few = typed("show", recorded, "--view", "log", "--only", "connect,send").stdout
    folded, all_rows = (typed("show", recorded, "--view", "log", *more).stdout for more in ([], ["--unfold"]))

    assert {"connect", "send"} == set(
        re.findall(r"(\w+)\(", "\n".join(re.findall(r"^ *\d+\.\d{3}.*?\)", few, re.MULTILINE)))
    )
    assert "Not shown: " in folded
    assert "Not shown: " not in all_rows
    assert len(all_rows) > len(folded)


def test_the_last_run(typed: Typed) -> None:
    """With no file the last run is shown, of one target or of several."""
    for words, title in (
        (["run", "selector"], "selector, 1 request"),
        (["compare", "selector", "blocking"], "3 requests"),
    ):
        typed(*words, "--delay", "0", "--gap", "0")
        assert typed("show").stdout.startswith(title)
        assert (0, "") == (typed("show", "--view", "timeline").returncode, typed("show").stderr)


def test_source_as_it_was(shell: Shell) -> None:
    """A saved trace shows the lines of the source as they were when it ran."""
    path = shell.write("program.py", "import socket\nsocket.socketpair()  # as it was\n")
    shell("run", "-o", "t.jsonl", path)
    shell("run", "-o", "bare.jsonl", "--no-source", path)
    path.write_text("# another\n" * 2)

    assert "as it was" in shell("show", "t.jsonl", "--view", "log").stdout
    assert "as it was" not in (shell.folder / "bare.jsonl").read_text()
    assert 0 == shell("show", "bare.jsonl", "--view", "log").returncode


# Files that are no whole traces


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot read t.jsonl: No such file or directory"),
        (b"", "t.jsonl is empty"),
        (b"hello", "t.jsonl is not a trace of tracedemo: its first line is no header"),
        (b"\x7fELF\x00\xff" * 99, "t.jsonl is not a trace of tracedemo: its first line is no header"),
        (b"[" * 99999, "t.jsonl is not a trace of tracedemo: its first line is no header"),
        (b'{"tracedemo":2}\n', "t.jsonl has format 2, and this tracedemo reads up to 1"),
    ],
)
def test_no_trace(data: bytes | None, message: str, typed: Typed, tmp_path: Path) -> None:
    """What is no trace is refused in one line, with what to do in the next, and exit code 4."""
    if data is not None:
        (tmp_path / "t.jsonl").write_bytes(data)
    lines = said(typed("show", "t.jsonl"), 4)

    assert f"tracedemo: {message}" == lines[0]
    assert 2 == len(lines)


def test_folder_and_other_places(typed: Typed, tmp_path: Path) -> None:
    """A folder, a file below a file, and a name with control characters are told as they are."""
    (tmp_path / "file").touch()

    assert "tracedemo: cannot read .: Is a directory" == said(typed("show", "."), 4)[0]
    assert "tracedemo: cannot read file/x: Not a directory" == said(typed("show", "file/x"), 4)[0]
    assert (
        r"tracedemo: cannot read a\x1b\nb: No such file or directory" == said(typed("show", "a\x1b\nb"), 4)[0]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:9], "t.jsonl was cut short: it ends without an end line"),
        (lambda lines: [*lines[:8], lines[8][:30]], "t.jsonl was cut short in line 9: what stands before it is shown, .*"),
        (lambda lines: [*lines[:8], b"{]\n", *lines[8:]], "t.jsonl, line 9 is broken: what stands before it is shown, .*"),
        (lambda lines: [*lines[:8], *lines[9:]], "t.jsonl has [0-9]+ events, but its end line tells of [0-9]+"),
        (lambda lines: [lines[0].replace(b'"pid":', b'"pid":0.'), *lines[1:]], "t.jsonl, line 1: left out .*: pid"),
    ],
    ids=["cut", "cut in a line", "broken", "a line less", "header"],
)  # fmt: skip
def test_damaged(change, message: str, recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """Of a damaged file what can be read is shown, then the damage is said; the exit code is 4."""
    lines = recorded.read_bytes().splitlines(keepends=True)
    (tmp_path / "t.jsonl").write_bytes(b"".join(change(lines)))
    done = typed("show", "t.jsonl")

    assert re.fullmatch(f"tracedemo: {message}", said(done, 4)[0])
    assert re.search(r"socket\(AF_INET, SOCK_STREAM\) +fd", done.stdout)


def test_from_a_pipe(recorded: Path, shell: Shell) -> None:
    """A trace can come out of a pipe."""
    os.mkfifo(shell.folder / "pipe")
    with shell.start("show", "pipe", "--view", "summary") as process:
        (shell.folder / "pipe").write_bytes(recorded.read_bytes())
        out, _ = process.communicate()

    assert 0 == process.returncode
    assert out.startswith("selector, 2 requests")


EDITS = {
    "lane": ["server", "moon"],
    "op": ["select", "yield", "close", "juggle", "\x1b[31m"],
    "t0": [0, -5, 1 << 62],
    "t1": [None, 0, -5, 1 << 62],
    "tid": [0],
    "owner": ["", "\u202e\ud800", "x" * 500],
    "fd": [-1, 0, None],
    "conn": [-1, 0, 7, None],
    "args": [
        {},
        {"timeout": "x"},
        {"events": []},
        {"address": 5},
        {"value": None},
        {"could_wait": 1},
        {"peer": [1]},
    ],
    "result": [None, [], [4, 5], [["a", None]], [[4]], {"x": 1}, 1e999, "x"],
    "errno": ["EAGAIN", "E", ""],
    "exc": ["BlockingIOError", ""],
    "bytes": [-1, 1 << 62],
    "user_site": [["nowhere.py", -3, ""], None],
    "mark": ["tracer", "x"],
}


@pytest.mark.parametrize("field", EDITS)
def test_edited_by_hand(field: str, recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """A value that fits the field and makes no sense is shown somehow, in every view, and crashes none."""
    first, *events, _ = recorded.read_text().splitlines()
    events.append(json.dumps({"end": len(events) - sum("source" in json.loads(line) for line in events)}))
    for value in EDITS[field]:
        rows = [json.loads(line) for line in events]
        edited = [json.dumps({**row, field: value} if "lane" in row else row) for row in rows]
        (tmp_path / "t.jsonl").write_text("\n".join([first, *edited]) + "\n")
        for form in FORMATS:
            done = typed("show", "t.jsonl", "--view", ",".join(VIEWS), "--format", form, "--unfold")

            assert (0, "") == (done.returncode, done.stderr), (value, done.stderr)
            assert "\x1b" not in done.stdout
