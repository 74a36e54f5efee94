"""`run` of a variant: what is shown, which options count, and what a failure looks like."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell, said
from tracedemo import tracefile
from tracedemo.variants import VARIANTS

resource = pytest.importorskip("resource", reason="limits are POSIX's")

QUICK = ("--delay", "0", "--gap", "0", "--pieces", "1")


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and nobody will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_what_is_shown(shell: Shell) -> None:
    """A variant's output, its log, a summary and the next thing worth typing go to stdout, and nothing to stderr."""
    done = shell("run", "selector", "-n", "2", *QUICK)

    assert (0, "") == (done.returncode, done.stderr)
    assert re.match(r"#1  200 OK  1200 bytes  sha256 [0-9a-f]{64}\n#2  200 OK", done.stdout)
    parts = [
        "#2  200 OK",
        "selector, 2 requests: what the program asks, and what the kernel answers\n",
        "EINPROGRESS",
        "selector, 2 requests: ",
        "wakeups",
        "\nNext: python -m tracedemo compare blocking selector\n      python -m tracedemo show --view timeline\n",
    ]
    assert re.search(".*".join(map(re.escape, parts)) + r"\Z", done.stdout, re.DOTALL)
    assert [] == shell.left_behind()


@pytest.mark.parametrize("name", [variant.name for variant in VARIANTS])
def test_every_variant(name: str, typed: Typed) -> None:
    """Every variant can be run by its name."""
    done = typed("run", name, "--view", "summary", *QUICK)

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f"{name}, 1 request: ")


def test_options_before_and_behind(typed: Typed) -> None:
    """Options before and behind a variant's name add up where they can, and else the last one counts."""
    done = typed("run", "-n", "5", "--view", "log", *QUICK, "-o", "a.jsonl", "selector", "--view", "summary,connections",
                 "-n", "2", "-o", "b.txt", "--format", "plain")  # fmt: skip

    assert 0 == done.returncode
    assert "wrote a.jsonl\nwrote b.txt\n" == done.stderr
    assert done.stdout.startswith("At ")
    assert "\nselector, 2 requests: " in done.stdout
    assert "Next:" not in done.stdout


def test_behind_two_dashes(typed: Typed) -> None:
    """A variant may stand behind `--`, with options before it."""
    assert 0 == typed("run", "-n", "2", "--view", "summary", *QUICK, "--", "selector").returncode


def test_server_options_count(typed: Typed) -> None:
    """What is asked of the server is what it does, and the trace says so."""
    done = typed("run", "blocking", "--delay", "1.5", "--pieces", "4", "--gap", "2", "--size", "999", "-o", "t.jsonl",
                 "--max-events", "1000", "--view", "summary")  # fmt: skip
    header = tracefile.read(shell_path("t.jsonl")).trace.header

    assert 0 == done.returncode
    facts = {"pace": "clock", "delay": 1.5, "pieces": 4, "gap": 2, "size": 999}
    assert facts == {name: header.server[name] for name in facts}
    assert "1.5 ms to the first byte, 4 pieces 2 ms apart" in done.stdout


def shell_path(name: str) -> Path:
    return Path.cwd() / name


def test_lockstep(typed: Typed) -> None:
    """Paced by cause, a run makes the same calls each time."""
    words = (
        "run",
        "selector",
        "-n",
        "2",
        "--pace",
        "lockstep",
        "--format",
        "jsonl",
        "--view",
        "log",
        "--only",
        "python",
    )
    runs = [[json.loads(line)["op"] for line in typed(*words).stdout.splitlines()] for _ in range(2)]

    assert runs[0] == runs[1]
    assert 20 < len(runs[0])


@pytest.mark.parametrize("name", ["blocking", "selector", "asyncio_streams"])
def test_closed_port(name: str, closed_port: int, typed: Typed) -> None:
    """Where nobody listens a variant fails: exit code 1, its complaint, a hint, and the log of what it tried."""
    done = typed("run", name, "--url", f"http://127.0.0.1:{closed_port}/")
    complaint, *lines = done.stderr.splitlines()

    assert 1 == done.returncode
    assert "ECONNREFUSED" in done.stdout
    assert f"{name}.py: fetching #1 from 127.0.0.1:{closed_port} failed" in complaint
    assert [
        f"tracedemo: the variant {name} failed with exit code 1",
        f"  It asked 127.0.0.1:{closed_port}, as --url says: is a server there?",
    ] == lines


def test_unknown_host(typed: Typed) -> None:
    """A name by which nobody is known fails in the variant, whose lookup is in the log; a hint says what was meant."""
    done = typed("run", "selector", "--host", "nobody.invalid")

    assert 1 == done.returncode
    assert "getaddrinfo" in done.stdout or "connect(nobody.invalid" in done.stdout
    assert (
        "  Our server listens on 127.0.0.1: --host needs a name of that address, such as localhost."
        in done.stderr
    )


def test_name_of_our_server(typed: Typed) -> None:
    """A variant can be told our server by a name."""
    done = typed("run", "blocking", "--host", "localhost", "--view", "connections", *QUICK)

    assert (0, "") == (done.returncode, done.stderr)


@contextlib.contextmanager
def listener(address: str = "127.0.0.1", family: int = socket.AF_INET) -> Iterator[socket.socket]:
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen()
        server.settimeout(20)
        yield server


@pytest.mark.parametrize(
    ("url", "line", "host"),
    [
        ("http://127.0.0.1:{}", b"GET / HTTP/1.1", b"127.0.0.1"),
        ("HTTP://localhost:{}/a/b?c=d#e", b"GET /a/b?c=d HTTP/1.1", b"localhost"),
        ("http://127.0.0.1:{}/grün?ä=%41", b"GET /gr%C3%BCn?%C3%A4=%41 HTTP/1.1", b"127.0.0.1"),
    ],
)
def test_real_server(url: str, line: bytes, host: bytes, shell: Shell) -> None:
    """With --url a variant asks that server, for that page."""
    with listener() as server:
        url = url.format(server.getsockname()[1])
        with shell.start("run", "blocking", "--url", url, "--view", "summary") as process:
            client, _ = server.accept()
            with client:
                request = client.recv(4096)
                client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
            out, _ = process.communicate()

    assert request.startswith(line + b"\r\nHost: " + host)
    assert 0 == process.returncode, out


def test_limit_of_the_machine(shell: Shell) -> None:
    """More requests than the machine allows are refused before anything runs, with the limit and the remedy."""
    done = shell(
        "run",
        "selector",
        "-n",
        "500",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)),
    )
    lines = said(done, 3)

    assert "500 requests at once need 564 open files, and this machine allows a process 200" in lines[0]
    assert "  Ask for at most -n 136, or raise the limit as root: ulimit -Hn 564" == lines[1]
    assert [] == shell.left_behind()


def test_soft_limit_is_raised(shell: Shell) -> None:
    """A soft limit that is too low is no obstacle: it is raised for the run."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    done = shell("run", "selector", "-n", "100", "--view", "summary", *QUICK,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard)))  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)


def test_thousands(shell: Shell) -> None:
    """Five thousand requests at once work, or it is said which limit stands in the way."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    done = shell("run", "selector", "-n", "5000", "--view", "summary", "--format", "jsonl", *QUICK)

    if 0 <= hard < 5064:
        assert "Ask for at most -n" in said(done, 3)[1]
        return
    assert (0, "") == (done.returncode, done.stderr)
    assert 5000 == json.loads(done.stdout)["connections"]


def test_no_place_for_temporary_files(shell: Shell) -> None:
    """A TMPDIR that is not there is passed over, as Python does."""
    done = shell(
        "run", "selector", "--view", "summary", *QUICK, environ={"TMPDIR": str(shell.folder / "none")}
    )

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("kind", ["select", "poll"])
def test_selector_is_handed_on(kind: str, typed: Typed) -> None:
    """--selector decides which call of the kernel a loop sleeps in, before and behind the name."""
    for words in (("run", "--selector", kind, "selector"), ("run", "selector", "--selector", kind)):
        done = typed(*words, "--view", "log", "--format", "jsonl", "--only", "select", *QUICK)

        kinds = {json.loads(line)["args"]["selector"] for line in done.stdout.splitlines()}
        assert {f"{kind.title()}Selector"} == kinds


def test_options_go_to_who_knows_them(typed: Typed) -> None:
    """Of several variants those get an option who know it, and the others run as always."""
    done = typed(
        "compare", "blocking", "robust", "--at-most", "1", "--view", "summary", "--format", "jsonl", *QUICK
    )

    assert (0, "") == (done.returncode, done.stderr)
    found = [json.loads(line)["in_flight"] for line in done.stdout.splitlines()]
    assert [1, 1] == found


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["blocking", "--selector", "poll"], "--selector is for selector, asyncio_sock, asyncio_streams, upload, robust"),
        (["selector", "--at-most", "2"], "--at-most is for robust, and here is none of these"),
        (["--sleep", "1", "x.py"], "--sleep is for sleepers, and here is none of these"),
        (["selector", "--selector", "magic"], "--selector"),
    ],
)  # fmt: skip
def test_options_that_nobody_knows(words: list[str], says: str, typed: Typed) -> None:
    """An option that no target knows is refused, with those who do."""
    Path("x.py").write_text("")
    done = typed("run", *words)

    assert 2 == done.returncode
    assert says in done.stderr


def test_sleepers_need_no_server(typed: Typed) -> None:
    """For a variant that fetches nothing no server is started, and none is spoken of."""
    done = typed("run", "sleepers", "-n", "2000", "--sleep", "0.01", "--view", "summary", "-o", "t.jsonl")
    header = tracefile.read(shell_path("t.jsonl")).trace.header

    assert 0 == done.returncode
    assert not header.server
    assert "server" not in done.stdout


def test_robust_tells_each_failure(closed_port: int, typed: Typed) -> None:
    """`robust` tells of each fetch that failed, and the exit code is 1."""
    done = typed("run", "robust", "-n", "3", "--url", f"http://127.0.0.1:{closed_port}/")

    assert 1 == done.returncode
    for number in (1, 2, 3):
        assert f"robust.py: fetching #{number} from 127.0.0.1:{closed_port} failed" in done.stderr
    assert "getsockopt(SO_ERROR)" in done.stdout


def test_robust_keeps_to_the_limit_of_the_machine(shell: Shell) -> None:
    """Where the machine allows fewer open files than requests, `robust` makes them all, as many at once as fit."""
    done = shell("run", "robust", "-n", "300", "--view", "summary", "--format", "jsonl", *QUICK,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    summary = json.loads(done.stdout)
    assert 300 == summary["connections"]
    assert summary["in_flight"] < 100


def test_a_cap_asks_for_few_descriptors(shell: Shell) -> None:
    """With --at-most the soft limit is raised for so many sockets only, and the program keeps to it."""
    done = shell("run", "robust", "-n", "200", "--at-most", "5", "--view", "summary", "--format", "jsonl", *QUICK,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 80)))  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    assert 5 == json.loads(done.stdout)["in_flight"]
