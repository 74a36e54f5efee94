"""`-o t.perfetto.json`: written by every command that shows runs, packed or not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.browser.big import big_trace
from tests.cli.conftest import Typed
from tests.cli.shell import said
from tracedemo import tracefile


def tracks(path: Path) -> list[str]:
    events = json.loads(path.read_bytes())["traceEvents"]
    return [event["args"]["name"] for event in events if event["name"] == "thread_name"]


def test_show(recorded: Path, recorded_too: Path, typed: Typed, tmp_path: Path) -> None:
    """Several runs go into one file, under the names that they have on the screen."""
    done = typed("show", recorded, recorded_too, "-o", "t.perfetto.json")

    assert (0, "wrote t.perfetto.json\n") == (done.returncode, done.stderr)
    assert {"1. Selector loop: the one thread", "2. Blocking: the one thread"} <= set(
        tracks(tmp_path / "t.perfetto.json")
    )


@pytest.mark.parametrize("command", [["run", "blocking"], ["compare", "blocking"]], ids=" ".join)
def test_run(command: list[str], typed: Typed, tmp_path: Path) -> None:
    """A run is written, too, as it is made."""
    done = typed(*command, "--pace", "lockstep", "-o", "t.perfetto.json")

    assert 0 == done.returncode
    assert "1. blocking: the one thread" in [name.lower() for name in tracks(tmp_path / "t.perfetto.json")]


def test_packed(recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """Packed it holds the same, and the same run gives the same file, whatever that is called."""
    typed(
        "show", recorded, "-o", "t.perfetto.json", "-o", "t.perfetto.json.gz", "-o", "other.perfetto.json.gz"
    )
    packed = (tmp_path / "t.perfetto.json.gz").read_bytes()

    assert (tmp_path / "t.perfetto.json").read_bytes() == gzip.decompress(packed)
    assert packed == (tmp_path / "other.perfetto.json.gz").read_bytes()


@pytest.mark.parametrize("name", ["t.json", "t.json.gz", ".perfetto.json", "perfetto.json", "t.perfetto"])
def test_other_endings(name: str, recorded: Path, typed: Typed) -> None:
    """The whole ending counts: another one is an error that names the right one."""
    lines = said(typed("show", recorded, "-o", name), 2)

    assert f"tracedemo: cannot tell from the ending of {name} what to write" == lines[0]
    assert ".perfetto.json (timelines for Perfetto)" in lines[1]


def test_what_is_left_out(typed: Typed, tmp_path: Path) -> None:
    """What has no room in the file is told when it is written."""
    tracefile.write(big_trace(2_100), tmp_path / "big.jsonl")
    done = typed("show", "big.jsonl", "--view", "summary", "-o", "t.perfetto.json")

    assert [
        "wrote t.perfetto.json",
        "1. fetch_many.py: 122 of 2,100 connections left out: a file for Perfetto has at most 2,000 tracks.",
    ] == done.stderr.splitlines()
    assert 1_980 == len(tracks(tmp_path / "t.perfetto.json"))


def test_full_disk(recorded: Path, typed: Typed) -> None:
    """A disk that is full is an error of two lines."""
    Path("t.perfetto.json").symlink_to("/dev/full")
    lines = said(typed("show", recorded, "--view", "summary", "-o", "t.perfetto.json"), 4)

    assert [
        "tracedemo: cannot write t.perfetto.json: No space left on device",
        "  Choose another place with -o.",
    ] == lines
