"""What is said at the end of a run about the code: a few lines, to the stream of the report, or nothing."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell

TELLS = "What this run tells about the code:\n"
QUICK = ("--delay", "0", "--gap", "0", "--pieces", "1")

LEAKY = """
import socket
socket.socketpair()[0].close()
kept = socket.socket()
"""
TIDY = """
import socket
with socket.socket():
    pass
"""


def test_after_a_script(shell: Shell) -> None:
    """A script's findings go to stderr, after the summary and before what to type next."""
    shell.write("leaky.py", LEAKY)
    done = shell("run", "leaky.py")

    assert "" == done.stdout
    assert re.search(rf"leaky\.py.*\n{TELLS}  - .* socket.*\n\nNext: ", done.stderr, re.DOTALL)
    assert "Evidence, cost and what to do: python -m tracedemo show --view findings\n" in done.stderr


def test_after_a_variant(typed: Typed) -> None:
    """A variant's findings stand at the end of its views."""
    done = typed("run", "selector", *QUICK)

    assert re.search(rf"\n\n{TELLS}  - 1 socket was used after .*\n\nNext: ", done.stdout, re.DOTALL)
    assert "" == done.stderr


def test_nothing_to_say(shell: Shell) -> None:
    """About a program that is right nothing is said."""
    shell.write("tidy.py", TIDY)

    assert "about the code" not in shell("run", "tidy.py").stderr


@pytest.mark.parametrize(
    "options",
    [("--view", "summary"), ("--format", "plain"), ("--format", "jsonl")],
    ids=" ".join,
)
def test_not_asked_for(options: tuple[str, ...], typed: Typed) -> None:
    """Who asks for a view, or for another format, gets that and no more."""
    done = typed("run", "selector", *options, *QUICK)

    assert "about the code" not in done.stdout + done.stderr


def test_the_view_of_the_last_run(typed: Typed) -> None:
    """The view that is named at the end shows the evidence of that run."""
    typed("run", "selector", *QUICK)
    done = typed("show", "--view", "findings")

    assert done.stdout.startswith("selector, 1 request: what this run tells about the code\n")
    assert re.search(r"where +selector\.py:\d+ in fetch_data", done.stdout)
