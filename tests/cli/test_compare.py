"""`compare`: several runs side by side, with one body for all."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell
from tracedemo import tracefile

QUICK = ("--delay", "0", "--gap", "0", "-n", "2")


def test_default(shell: Shell) -> None:
    """Without a target blocking, nonblocking and selector are compared, three fetches each, with equal bodies."""
    done = shell("compare", "--delay", "1", "--gap", "0")

    assert (0, "") == (done.returncode, done.stderr)
    assert re.match(
        r"3 requests, 3 ways: the numbers\n\n +Blocking +Non-blocking, polled +Selector loop\n", done.stdout
    )
    assert re.search(
        r"\n\nAll of them fetched the same bytes: sha256 [0-9a-f]{16}\.\.\.\n"
        r"\nNext: python -m tracedemo run selector\n      python -m tracedemo show --view wakeups\n\Z",
        done.stdout,
    )
    assert [] == shell.left_behind()


def test_scripts_and_variants(shell: Shell) -> None:
    """A script with arguments is one quoted word; it gets the address of a server with the same body as all."""
    shell.write(
        "my client.py",
        """
        import hashlib, http.client, sys
        for _ in range(int(sys.argv[2])):
            connection = http.client.HTTPConnection(sys.argv[1])
            connection.request("GET", "/")
            print("sha256", hashlib.sha256(connection.getresponse().read()).hexdigest())
            connection.close()
        """,
    )
    done = shell("compare", "'my client.py' {address} 2", "selector", *QUICK, "-o", "t.jsonl")
    traces = [tracefile.read(shell.folder / f"t-{name}.jsonl").trace for name in ("my_client", "selector")]

    assert 0 == done.returncode, done.stderr
    assert "All of them fetched the same bytes" in done.stdout
    assert ["script", "variant"] == [trace.header.kind for trace in traces]
    assert 1 == len({trace.header.server["nonce"] for trace in traces})
    assert re.match(r"2 ways: the numbers\n\n +my client\.py +Selector loop\n", done.stdout)


def test_other_bodies(shell: Shell) -> None:
    """When the bodies differ, that is said."""
    shell.write("liar.py", "print('sha256 ' + 'f' * 64)")
    done = shell("compare", "liar.py", "selector", *QUICK)

    assert "\nThey did not all fetch the same bytes: 2 different bodies\n" in done.stdout


def test_one_that_fails(shell: Shell) -> None:
    """One that fails makes exit code 1, and is named with what it complained of; the others are shown all the same."""
    shell.write("bad.py", "import sys; print('out of order', file=sys.stderr); sys.exit(9)")
    done = shell("compare", "selector", "bad.py", "blocking", *QUICK)

    assert 1 == done.returncode
    assert "out of order\ntracedemo: the script bad.py failed with exit code 9\n" == done.stderr
    assert re.search(r" +Selector loop +bad\.py +Blocking\n", done.stdout)


def test_views(typed: Typed) -> None:
    """Any view can be had of all runs, and nothing but the views is printed then."""
    done = typed(
        "compare", "selector", "blocking", *QUICK, "--view", "connections,summary", "--format", "plain"
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert ["Selector loop:", "Blocking:"] * 2 == re.findall(
        r"^(?:Selector loop|Blocking):$", done.stdout, re.MULTILINE
    )


def test_same_twice(typed: Typed) -> None:
    """A variant can be compared with itself, and each run has a file of its own."""
    done = typed("compare", "selector", "selector", *QUICK, "-o", "t.jsonl", "--view", "summary")

    assert (0, "wrote t-selector.jsonl\nwrote t-selector-2.jsonl\n") == (done.returncode, done.stderr)


def test_options_anywhere(typed: Typed) -> None:
    """Options may stand before, between and behind the targets."""
    done = typed("compare", "-n", "2", "selector", "--view", "summary", "blocking", *QUICK)

    assert (0, "") == (done.returncode, done.stderr)
    assert 2 == done.stdout.count("2 requests: ")


def test_a_variant_beside_itself(typed: Typed) -> None:
    """Options of a variant's own may stand behind its name, in quotes: they are its name then, and what it does."""
    targets = ("robust --selector select", "robust --selector=poll", "robust", "--selector", "epoll")
    names = typed("compare", *targets, "--view", "summary", "--format", "jsonl", *QUICK)
    calls = typed("show", "--view", "log", "--format", "jsonl", "--only", "select")

    assert (0, "") == (names.returncode, names.stderr)
    assert ["robust --selector select", "robust --selector=poll", "Selector loop, robust"] == [
        json.loads(line)["run"] for line in names.stdout.splitlines()
    ]
    asked = [json.loads(line)["args"]["selector"] for line in calls.stdout.splitlines()]
    assert ["SelectSelector", "PollSelector", "EpollSelector"] == list(dict.fromkeys(asked))


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("robust --nonsense", "the variant robust has no option --nonsense\n  Its own: --selector, --deadline, --at-most"),
        ("robust --selector", "--selector needs a value"),
        ("blocking --x 3", "the variant blocking has no option --x\n  It has none of its own."),
        ("selector 5", "the variant selector has no option 5"),
    ],
)  # fmt: skip
def test_options_that_the_variant_has_not(target: str, says: str, typed: Typed) -> None:
    """What stands behind a variant's name in quotes and means nothing to it is refused."""
    done = typed("compare", target)

    assert 2 == done.returncode
    assert says in done.stderr
