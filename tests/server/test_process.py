"""The server as a process: how it starts, how it says that it cannot, and that it always ends."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server.clients import GET, PATIENCE_S, Asker, connect, port_of, read_response
from tracedemo.errors import MachineError
from tracedemo.server import ServerError, ServerHandle, ServerOptions, running_server

if TYPE_CHECKING:
    from tests.server.conftest import StartServer
    from tracedemo.server.options import Charset

ROOT = Path(__file__).resolve().parents[2]

PARENT = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tracedemo.server import ServerOptions, running_server
with running_server(ServerOptions(pace=sys.argv[3]), Path(sys.argv[2])) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


def wait_for_end(client: socket.socket) -> None:
    """Wait until the server's end of the connection is gone."""
    assert select.select([client], [], [], PATIENCE_S)[0], "the server still lives"
    try:
        assert client.recv(1) == b""
    except ConnectionResetError:
        return


@pytest.mark.parametrize("pace", ["clock", "lockstep"])
def test_it_does_not_outlive_a_parent_that_was_killed(tmp_path: Path, pace: str) -> None:
    """When the parent is SIGKILLed, and can do nothing more, the server ends by itself and cleans up."""
    command = [sys.executable, "-c", PARENT, str(ROOT), str(tmp_path), pace]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
            parent.kill()
            parent.wait()
            wait_for_end(client)

    assert (tmp_path / "server.stderr").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(lockstep: ServerHandle, tmp_path: Path, number: int) -> None:
    """SIGTERM and SIGINT end it with code 0, without a word, and its control socket goes with it."""
    with connect(lockstep) as client:
        os.kill(lockstep.pid, number)
        wait_for_end(client)

    assert lockstep.stop() == 0
    assert (tmp_path / "server.stderr").read_text() == ""
    assert lockstep.control is not None
    assert not lockstep.control.exists()


def test_stopping_twice_is_stopping_once(quick: ServerHandle) -> None:
    """`stop` may be called again, and the end of `running_server` after it."""
    assert [0, 0] == [quick.stop(), quick.stop()]


def test_the_log_survives_a_kill(lockstep: ServerHandle, asker: Asker) -> None:
    """After SIGKILL the log holds everything that was done before."""
    with connect(lockstep) as client:
        client.sendall(GET)
        asker.step(client)
        os.kill(lockstep.pid, signal.SIGKILL)
        wait_for_end(asker.sock)

    assert -signal.SIGKILL == lockstep.stop()
    assert ["accepted", "request", "sent"] == [event.op for event in lockstep.events()]


def test_a_port_in_use_is_a_server_error(quick: ServerHandle, tmp_path: Path) -> None:
    """A second server on the same port is told EADDRINUSE, and what to do."""
    (tmp_path / "other").mkdir()
    with (
        pytest.raises(ServerError, match=f"port {quick.port} on 127.0.0.1 is already in use") as caught,
        running_server(ServerOptions(port=quick.port), tmp_path / "other"),
    ):
        pass

    assert caught.value.errno_name == "EADDRINUSE"
    assert "another port" in caught.value.remedy
    assert isinstance(caught.value, MachineError)


@pytest.mark.parametrize(
    ("host", "name", "words"),
    [
        ("192.0.2.1", "EADDRNOTAVAIL", "192.0.2.1 is not an address of this machine"),
        # Too long to be asked for, so that no resolver is.
        ("x" * 300, "EAI_NONAME", "the host 'xxx.*' is not known"),
    ],
)
def test_a_bad_host_is_a_server_error(tmp_path: Path, host: str, name: str, words: str) -> None:
    """A host that is none, or another machine's, is told by its name."""
    with (
        pytest.raises(ServerError, match=words) as caught,
        running_server(ServerOptions(host=host), tmp_path),
    ):
        pass

    assert name == caught.value.errno_name
    assert caught.value.remedy


def test_a_server_that_dies_early_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends before it listens is a ServerError with its last word."""
    monkeypatch.setattr("tracedemo.server.process._START", "raise SystemExit('no mood')")
    with (
        pytest.raises(ServerError, match=r"ended with code 1 .* no mood"),
        running_server(ServerOptions(), tmp_path),
    ):
        pass


def test_an_unwritable_log_is_a_server_error(tmp_path: Path) -> None:
    """A log that cannot be opened is said before anything is served."""
    (tmp_path / "server.jsonl").symlink_to(tmp_path / "missing" / "log")
    words = [*ServerOptions(nonce="x").words(), f"log={tmp_path / 'server.jsonl'}"]

    assert (3, "ENOENT") == run_words(words)[:2]


def test_wrong_words_are_told_and_end_with_two() -> None:
    """Missing, unknown and senseless words of the command line are said on stdout, with code 2."""
    good = ServerOptions(nonce="x").words()
    for words in (good[1:], [*good, "mood=good"], [*good, "nonsense"], [*good, "port=x"], [*good, "size=0"]):
        code, name, text = run_words(words)
        assert (2, "") == (code, name)
        assert text


def run_words(words: list[str]) -> tuple[int, str, str]:
    """Exit code, errno name and text of a server that cannot start, run as a module."""
    done = subprocess.run(
        [sys.executable, "-m", "tracedemo.server", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    return done.returncode, told["errno"], told["error"]


def test_it_runs_as_a_module_and_ends_with_its_stdin() -> None:
    """`python -m tracedemo.server` says one line of JSON when it listens, and ends when its stdin does."""
    command = [sys.executable, "-m", "tracedemo.server", *ServerOptions(nonce="x").words()]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.stdin.close()

        assert process.stdout.read() == ""
    assert process.returncode == 0
    assert {"host": "127.0.0.1", "port": ready["port"], "control": None} == ready


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_it_sends_text_in_the_charset_asked_for(charset: Charset, tmp_path: Path) -> None:
    """The server process sends the body in its charset: what comes is what its handle says, and is no ASCII."""
    options = ServerOptions(delay_ms=0, gap_ms=0, charset=charset)
    with running_server(options, tmp_path) as server, connect(server) as client:
        client.sendall(GET)
        body = read_response(client)[1]
    assert body == server.body
    assert not body.decode(charset).isascii()


def test_what_lies_in_the_users_folder_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules in the current folder or on PYTHONPATH, and a start-up hook there, are not for the server."""
    for name in ("socket.py", "selectors.py", "sitecustomize.py", "usercustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('loaded the wrong file')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHASHSEED", "nonsense")
    with running_server(ServerOptions(delay_ms=0, gap_ms=0), tmp_path) as server, connect(server) as client:
        client.sendall(GET)
        assert read_response(client)[1] == server.body


def test_a_long_path_of_the_run_folder_is_no_obstacle(tmp_path: Path) -> None:
    """Where the path is too long for a UNIX socket, the control socket lies elsewhere, and is removed at the end."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with running_server(ServerOptions(pace="lockstep"), folder) as server, Asker(server) as asker:
        assert asker.step() == []
        control = server.control
    assert control is not None
    assert not control.parent.exists()


def test_a_new_run_in_the_same_folder_starts_anew(tmp_path: Path) -> None:
    """A run does not inherit the log of the one before, nor trips over what a killed server has left."""
    for _ in range(2):
        with (
            running_server(ServerOptions(pace="lockstep"), tmp_path) as server,
            Asker(server) as asker,
            connect(server) as client,
        ):
            client.sendall(GET)
            assert asker.step(client) == ["sent"]
            os.kill(server.pid, signal.SIGKILL)
            server.stop()
            assert [1, 1, 1] == [event.conn for event in server.events()]


def test_two_runs_have_two_bodies(start_server: StartServer, tmp_path: Path) -> None:
    """Each run draws its own nonce, so that no answer can be known before."""
    (tmp_path / "other").mkdir()
    first = start_server(ServerOptions())
    with running_server(ServerOptions(), tmp_path / "other") as second:
        assert first.body != second.body


def test_it_loads_nothing_heavy() -> None:
    """The server process does without the modules that would double the time of its start."""
    code = (
        "import sys; sys.path.append(sys.argv[1]); import tracedemo.server.__main__, tracedemo.server.steps; "
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(ROOT)], capture_output=True, text=True, check=True
    )

    heavy = {
        "argparse",
        "asyncio",
        "dataclasses",
        "inspect",
        "json",
        "pathlib",
        "re",
        "rich",
        "subprocess",
        "typing",
    }
    assert set() == heavy & set(done.stdout.split())


def test_the_server_raises_its_own_limit(quick: ServerHandle) -> None:
    """The soft limit of descriptors is as high as the hard one."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can ask for another process's limits")
    soft, hard = resource.prlimit(quick.pid, resource.RLIMIT_NOFILE)

    assert soft == hard


def test_a_control_connection_names_only_ports(lockstep: ServerHandle, asker: Asker) -> None:
    """The ready line names the control socket at which the steps are asked."""
    assert lockstep.control is not None
    assert lockstep.control.is_socket()
    with connect(lockstep) as client:
        client.sendall(GET)
        asker.ask(client)
        assert asker.answer() == {port_of(client): "sent"}
