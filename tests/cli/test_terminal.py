"""On a real terminal: width, colour, a bar for what takes long, and nothing of it elsewhere."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import TIMEOUT_S, Shell, terminal

SEQUENCE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


@pytest.fixture
def here(shell: Shell, recorded: Path) -> Shell:
    """A shell in a folder with a trace."""
    (shell.folder / "t.jsonl").write_bytes(recorded.read_bytes())
    return shell


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_width(columns: int, here: Shell) -> None:
    """Views fill the terminal as far as they need, and never break its lines."""
    views = "log,summary,timeline,phases,wakeups,connections,comparison"
    with terminal(here, "show", "t.jsonl", "--view", views, columns=columns) as screen:
        assert 0 == screen.wait()

    widths = [len(line) for line in SEQUENCE.sub("", screen.shown).splitlines()]
    assert max(widths) <= columns
    assert max(widths) > columns - 10


@pytest.mark.parametrize(
    "command", ["", "--help", "run --help", "variants", "doctor", "workshop", "run selector --delay 0"]
)
def test_narrow_terminal(command: str, here: Shell) -> None:
    """At 60 columns no line of ours is broken by the terminal, but for paths and digests."""
    with terminal(here, *command.split(), columns=60) as screen:
        assert 0 == screen.wait()

    lines = [
        line
        for line in SEQUENCE.sub("", screen.shown).splitlines()
        if "/" not in line and "sha256" not in line
    ]
    if command not in ("", "--help") and "--help" not in command:
        assert max(map(len, lines)) <= 60


@pytest.mark.parametrize(
    ("environ", "colour", "bold"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, False, False),
    ],
    ids=["plain", "NO_COLOR", "dumb"],
)
def test_colour(environ: dict[str, str], colour: bool, bold: bool, here: Shell) -> None:
    """A terminal gets colour, unless NO_COLOR or TERM=dumb says otherwise."""
    with terminal(here, "show", "t.jsonl", "--view", "log", **environ) as screen:
        assert 0 == screen.wait()

    assert colour == bool(re.search(r"\x1b\[(?:\d;)?[39]\d", screen.shown))
    assert bold == ("\x1b[1m" in screen.shown)


def test_output_of_a_script_is_not_touched(here: Shell) -> None:
    """A program in a terminal knows that it is in one, and gets its keys."""
    here.write("program.py", "import sys; print(sys.stdout.isatty(), input('? ').upper())")
    with terminal(here, "run", "program.py") as screen:
        screen.wait_for("? ")
        screen.press("hello\n")
        assert 0 == screen.wait()

    assert "True HELLO" in screen.shown


def test_complaint_fits(here: Shell) -> None:
    """A remedy that is longer than the screen is folded between words."""
    with terminal(here, "show", "t.jsonl", "--only", "juggle", columns=60) as screen:
        assert 2 == screen.wait()

    lines = screen.shown.splitlines()
    assert "tracedemo: --only: what is 'juggle'?" == lines[0]
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.fixture
def slow_server() -> Iterator[socket.socket]:
    """A server that answers when the test does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(TIMEOUT_S)
        yield server


def url_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def answer(server: socket.socket) -> None:
    client, _ = server.accept()
    with client:
        client.recv(4096)
        client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")


def test_bar_for_what_takes_long(here: Shell, slow_server: socket.socket) -> None:
    """What takes long has a bar with words; it is gone when there is something to show."""
    words = ("run", "blocking", "--view", "summary", "--url", url_of(slow_server))
    with terminal(here, *words, impatient=True) as screen:
        screen.wait_for("running blocking ")
        answer(slow_server)
        assert 0 == screen.wait()

    before, _, after = screen.shown.rpartition("running blocking ")
    assert "\x1b[?25l" in before
    assert "\x1b[2K" in after  # the line of the bar is wiped out
    assert "\x1b[?25h" in after  # and the cursor is there again
    assert "blocking, 1 request: " in after


@pytest.mark.parametrize(
    ("command", "environ"),
    [("run program.py", {}), ("run blocking --view summary", {"TERM": "dumb"})],
    ids=["a script", "dumb"],
)
def test_no_bar(command: str, environ: dict[str, str], here: Shell) -> None:
    """A script, whose terminal it is, has no bar, nor has a terminal that cannot draw one."""
    here.write("program.py", "import socket\nsocket.socketpair()\n")
    with terminal(here, *command.split(), impatient=command.startswith("run blocking"), **environ) as screen:
        assert 0 == screen.wait()

    assert "running blocking" not in screen.shown
    assert "running program" not in screen.shown
    assert "\x1b[?25" not in screen.shown


def test_no_bar_for_what_is_quick(here: Shell) -> None:
    """What takes less than a second has no bar."""
    with terminal(here, "variants") as screen:
        assert 0 == screen.wait()

    assert "\x1b" not in screen.shown
