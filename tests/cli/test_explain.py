"""`tracedemo explain`: readable at any width, in three formats, with nothing cut."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell, said, terminal
from tracedemo.syscalls import ERRNO, EXCEPTIONS, OPERATIONS, SYSTEM_CALLS
from tracedemo.syscalls.words import WORDS

NAMES = [
    *(row.name for row in (*OPERATIONS, *SYSTEM_CALLS, *EXCEPTIONS)),
    *ERRNO,
    *(row.name for row in WORDS),
    "35",
]


def test_a_call(typed: Typed) -> None:
    """A call is told with what it becomes, what can come back, and what to type."""
    done = typed("explain", "recv")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("recv  a call of Python code\n")
    assert re.search(r"^  becomes +recvfrom  Takes bytes", done.stdout, re.MULTILINE)
    assert re.search(
        r"^ +EAGAIN +BlockingIOError: non-blocking", done.stdout.replace("answers", "       "), re.MULTILINE
    )
    assert "  tracedemo run blocking --only recv\n" in done.stdout


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_fits(columns: int, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is longer than the screen, but for a command, and no word of the explanation is lost at any width."""
    everything = typed("explain", *NAMES).stdout
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = typed("explain", *NAMES).stdout

    lines = [line for line in shown.splitlines() if "tracedemo run" not in line]
    assert max(map(len, lines)) <= columns
    assert everything.split() == shown.split()


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_list_fits(columns: int, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name all names are listed within the screen, none of them cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    done = typed("explain")

    assert 0 == done.returncode
    assert max(map(len, done.stdout.splitlines())) <= columns
    words = set(re.split(r",?\s+", done.stdout))
    assert {name.replace(" ", "-") for name in NAMES} - {"35"} <= words


def test_terminal_shows_styles(shell: Shell) -> None:
    """On a terminal names stand out, and the text is the same."""
    with terminal(shell, "explain", "EAGAIN", columns=80) as screen:
        code = screen.wait()

    assert 0 == code
    assert "\x1b[33mEAGAIN\x1b[0m" in screen.shown
    assert shell("explain", "EAGAIN", environ={"COLUMNS": "80"}).stdout == re.sub(
        r"\x1b\[[\d;]*m", "", screen.shown
    )


def test_plain(typed: Typed) -> None:
    """The plain format is one sentence a line, each with the name that it is about."""
    done = typed("explain", "EAGAIN", "--format", "plain")
    lines = done.stdout.splitlines()

    assert "EAGAIN is an error of the kernel. Nothing to say yet, ask again later." == lines[0]
    assert "EAGAIN, raised as: BlockingIOError" in lines
    assert all(line.startswith("EAGAIN") for line in lines)


def test_jsonl(typed: Typed) -> None:
    """The jsonl format is one object a meaning."""
    done = typed("explain", "--format", "jsonl", "connect", "EINPROGRESS")
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert [("call", "connect"), ("system call", "connect"), ("errno", "EINPROGRESS")] == [
        (row["kind"], row["name"]) for row in rows
    ]
    assert [["", "BlockingIOError"]] == rows[2]["raised_as"]
    assert ["connect"] == [name for name, _ in rows[2]["usual_for"]]


def test_unknown(typed: Typed) -> None:
    """An unknown name is wrong usage, told with what may have been meant, and nothing is printed."""
    done = typed("explain", "recv", "epol_wait")
    lines = said(done, 2)

    assert "tracedemo: there is nothing to explain about 'epol_wait'" == lines[0]
    assert "Did you mean: epoll_wait" in lines[1]
    assert not done.stdout


def test_names_in_several_words(typed: Typed) -> None:
    """A name of two words needs no quotes."""
    assert (
        typed("explain", "not", "yet").stdout
        == typed("explain", "not yet").stdout
        == typed("explain", "not-yet").stdout
    )
