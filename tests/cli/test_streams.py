"""Pipes, closed and full streams, poor encodings, and what the environment says about colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.shell import Shell

COMMANDS = [
    "",
    "--help",
    "run --help",
    "variants",
    "doctor",
    "workshop",
    "show t.jsonl",
    "show t.jsonl --format jsonl --view log",
]

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture
def here(shell: Shell, recorded: Path) -> Shell:
    """A shell in a folder with a trace."""
    (shell.folder / "t.jsonl").write_bytes(recorded.read_bytes())
    return shell


def type_in(shell: Shell, line: str, **environ: str) -> tuple[int, str, str]:
    """Exit code of the first command of a line, its stdout and stderr."""
    line = line.replace("tracedemo", f"{shell.python} -m tracedemo", 1)
    done = shell.run(["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"], environ=environ)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_reader_that_goes(command: str, here: Shell) -> None:
    """When the reader has seen enough the command ends, without a word and without a failure."""
    for reader in ("head -n 1", "true"):
        for environ in ({}, {"PYTHONUNBUFFERED": "1"}):
            assert (0, "") == type_in(here, f"tracedemo {command} | {reader}", **environ)[::2]


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_streams(command: str, here: Shell) -> None:
    """With stdout, stderr and stdin closed a command does what it can, and says nothing."""
    assert (0, "", "") == type_in(here, f"tracedemo {command} >&-")
    assert (0, "") == type_in(here, f"tracedemo {command} 2>&- <&-")[::2]


@needs_full
@pytest.mark.parametrize("command", COMMANDS)
def test_full_disk(command: str, here: Shell) -> None:
    """A stdout that finds no room is said in two lines, exit code 4."""
    for environ in ({}, {"PYTHONUNBUFFERED": "1"}):
        code, _, complaint = type_in(here, f"tracedemo {command} >/dev/full", **environ)
        assert 4 == code
        assert (
            "tracedemo: cannot write the output: No space left on device\n  Send it elsewhere, or make room.\n"
            == complaint
        )


@needs_full
def test_complaint_that_nobody_hears(here: Shell) -> None:
    """A failure keeps its exit code when stderr is closed, full, or read by nobody."""
    for redirection in ("2>&-", "2>/dev/full", "2>&1 >/dev/null | true"):
        for environ in ({}, {"PYTHONUNBUFFERED": "1"}):
            assert 4 == type_in(here, f"tracedemo show none.jsonl {redirection}", **environ)[0]
            assert 2 == type_in(here, f"tracedemo show --frob {redirection}", **environ)[0]


def test_variant_that_fails_unheard(here: Shell) -> None:
    """A variant that failed gives exit code 1, though nobody reads what it says."""
    line = "tracedemo run blocking --host nobody.invalid 2>&1 | true"

    assert 1 == type_in(here, line)[0]


ASCII = (
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1:strict"},
)


@pytest.mark.parametrize("environ", ASCII, ids=["C", "ascii", "latin-1"])
def test_poor_encoding(environ: dict[str, str], here: Shell) -> None:
    """Where the encoding lacks our characters views are drawn with ASCII ones, and nothing is lost."""
    views = "log,summary,timeline,phases,wakeups,connections,comparison"
    code, text, complaint = type_in(here, f"tracedemo show t.jsonl --view {views} --unfold", **environ)

    assert (0, "") == (code, complaint)
    assert text.isascii()
    assert "! EINPROGRESS" in text
    assert re.search(r"\d us\b", text)


@pytest.mark.parametrize("environ", ASCII[:2], ids=["C", "ascii"])
def test_poor_encoding_of_names(environ: dict[str, str], here: Shell) -> None:
    """Names of files that the encoding lacks are written as escapes, and never crash."""
    code, _, complaint = type_in(here, "tracedemo show nö.jsonl", **environ)

    assert 4 == code
    assert re.match(r"tracedemo: cannot read n\\\S+\.jsonl: No such file", complaint)
    assert complaint.isascii()


def test_script_in_a_poor_encoding(here: Shell) -> None:
    """What a program makes of the encoding is its own affair, and its output passes through unchanged."""
    here.write("program.py", "import sys; sys.stdout.buffer.write('grüße\\n'.encode())")

    assert (0, "grüße\n") == type_in(here, "tracedemo run program.py", **ASCII[0])[:2]


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"CLICOLOR": "1", "COLORTERM": "truecolor"}, False),
    ],
)
def test_colour_in_a_pipe(environ: dict[str, str], coloured: bool, here: Shell) -> None:
    """A pipe gets colour only if somebody wants it, and lines as long as they are."""
    code, text, _ = type_in(here, "tracedemo show t.jsonl --view log", **environ)

    assert 0 == code
    assert coloured == bool(re.search(r"\x1b\[[\d;]*3\dm", text))
    assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", text).splitlines())) > 150


def test_quiet_stderr(here: Shell) -> None:
    """What is shown goes to stdout alone: stderr has nothing unless something is wrong."""
    for command in COMMANDS:
        assert "" == type_in(here, f"tracedemo {command}")[2]


def test_own_folder_is_gone(here: Shell) -> None:
    """A command works in a folder that has been removed."""
    line = "mkdir gone && cd gone && rmdir ../gone && PYTHONSAFEPATH=1 tracedemo run blocking --delay 0 --view summary"

    assert 0 == type_in(here, line)[0]
