"""`tracedemo report`: runs or reads, and writes one page."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell


def is_page(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_it_reads_saved_traces(typed: Typed, recorded: Path, recorded_too: Path, tmp_path: Path) -> None:
    """Files are read, and stand in one page under their names."""
    done = typed("report", recorded, recorded_too, "-o", "both.html", "--title", "Two <ways>")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote both.html\n")
    assert is_page(tmp_path / "both.html")
    assert "<title>Two &lt;ways&gt;</title>" in (tmp_path / "both.html").read_text(encoding="utf-8")


def test_it_runs_targets(shell: Shell) -> None:
    """Targets are run with the options of a run, and kept as the last run, which a bare report shows."""
    first = shell("report", "--pace", "lockstep", "-n", "1", "blocking", "selector", "-o", "a.html")
    again = shell("report", "-o", "b.html")

    assert (first.returncode, again.returncode) == (0, 0)
    assert (shell.folder / "a.html").read_bytes() == (shell.folder / "b.html").read_bytes()


def test_files_and_targets_in_one_page(shell: Shell, recorded: Path) -> None:
    """A saved trace and a new run stand in one page, in the order in which they were named."""
    done = shell("report", "-n", "1", recorded, "blocking", "-o", "mixed.html")

    assert done.returncode == 0, done.stderr
    text = (shell.folder / "mixed.html").read_text(encoding="utf-8")
    assert "<title>Selector loop, 2 requests and Blocking, 1 request</title>" in text


def test_a_report_is_written_anew(typed: Typed, recorded: Path, tmp_path: Path) -> None:
    """Without -o it is report.html, which is written again if it is a report."""
    assert typed("report", recorded).returncode == 0
    assert typed("report", recorded).returncode == 0
    assert is_page(tmp_path / "report.html")


def test_what_is_no_report_is_left_alone(typed: Typed, recorded: Path, tmp_path: Path) -> None:
    """A report.html of somebody else's is not written over unless it is named."""
    (tmp_path / "report.html").write_text("<h1>My year</h1>", encoding="utf-8")
    done = typed("report", recorded)

    assert done.returncode == 2
    assert "is no report of tracedemo" in done.stderr
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "<h1>My year</h1>"
    assert typed("report", recorded, "-o", "report.html").returncode == 0


def test_it_is_a_page(typed: Typed, recorded: Path) -> None:
    """Another ending than .html is wrong usage, and says what to do."""
    done = typed("report", recorded, "-o", "report.pdf")

    assert done.returncode == 2
    assert done.stderr == (
        "tracedemo: the report is a page, and report.pdf does not end in .html\n  For example: -o report.html\n"
    )


@pytest.mark.parametrize("command", ["show", "compare", "run"])
def test_other_commands_write_it_too(shell: Shell, recorded: Path, command: str) -> None:
    """show, compare and run write the page, too, when a file of -o ends in .html."""
    words = {"show": [recorded], "compare": ["blocking", "selector", "-n", "1"], "run": ["selector"]}[command]
    done = shell(command, *words, "-o", "x.html")

    assert done.returncode == 0, done.stderr
    assert is_page(shell.folder / "x.html")


def test_no_source_leaves_the_text_out(typed: Typed, recorded: Path, tmp_path: Path) -> None:
    """With --no-source the page names lines, and holds no text of them."""
    typed("report", recorded, "-o", "with.html")
    typed("report", recorded, "-o", "without.html", "--no-source")

    line = "sel = new_selector()"
    assert line in (tmp_path / "with.html").read_text(encoding="utf-8")
    assert line not in (tmp_path / "without.html").read_text(encoding="utf-8")


def test_a_damaged_file_is_shown_as_far_as_it_goes(typed: Typed, recorded: Path, tmp_path: Path) -> None:
    """Of a damaged file the page shows what could be read; the exit code is 4."""
    (tmp_path / "cut.jsonl").write_bytes(recorded.read_bytes()[:3_000])
    done = typed("report", "cut.jsonl", "-o", "x.html")

    assert done.returncode == 4
    assert "cut.jsonl" in done.stderr
    assert is_page(tmp_path / "x.html")


@pytest.mark.parametrize(("words", "told"), [
    (("report", "missing.jsonl"), "missing.jsonl"),
    (("report", "-n", "2"), "-n is for what is run"),
    (("report", "selector", "-o", "no/such/folder/x.html"), "cannot write"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(typed: Typed, recorded: Path, words: tuple[str, ...], told: str) -> None:
    """What cannot be read, run or written is an error of two lines, before anything is run."""
    done = typed(*words)

    assert done.returncode in (2, 4)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def browser(folder: Path, code: int = 0) -> str:
    """A program that takes the place of a browser: it writes down what it is asked to show."""
    program = folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >{folder}/shown\nexit {code}\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{program} %s"


def test_open_shows_the_file(shell: Shell, recorded: Path) -> None:
    """--open hands the browser the address of the file, and nothing of the net."""
    done = shell(
        "report", recorded, "-o", "a page.html", "--open", environ={"BROWSER": browser(shell.folder)}
    )

    assert done.returncode == 0, done.stderr
    expected = (shell.folder / "a page.html").resolve().as_uri()
    assert (shell.folder / "shown").read_text(encoding="utf-8").strip() == expected


def test_no_browser(shell: Shell, recorded: Path) -> None:
    """Where no browser can be opened, the report is written, and the way to it told; the exit code is 3."""
    environ = {"BROWSER": browser(shell.folder, 1), "PATH": os.devnull, "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = shell("report", recorded, "-o", "x.html", "--open", environ=environ)

    assert done.returncode == 3
    assert (shell.folder / "x.html").resolve().as_uri() in done.stderr
    assert is_page(shell.folder / "x.html")
