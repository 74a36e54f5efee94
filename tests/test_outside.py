"""The look from outside finds what is left: whoever says "nothing is left" must be able to say otherwise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.outside import nothing_left, sockets_at, watching

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

WAITS = "import sys; sys.stdin.read()"
LISTENS = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""
STARTS_ONE = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", {WAITS!r}], stdout=subprocess.DEVNULL, start_new_session=True)
print(child.pid)
"""


def test_nothing() -> None:
    """Where a program has been started and waited for, nothing is left."""
    with watching() as left:
        subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)

    assert [] == left


def test_child() -> None:
    """A child that still runs is left, once as ours and once as one that was started meanwhile."""
    with watching() as left:
        process = subprocess.Popen([sys.executable, "-I", "-S", "-c", WAITS], stdin=subprocess.PIPE)
    process.communicate()

    assert {"child", "process"} <= {one.split()[0] for one in left}
    assert [] != [one for one in left if f" {process.pid} (" in one]


def test_orphan() -> None:
    """Whoever lost its parent, and stands in a session of its own, is left all the same."""
    reading, writing = os.pipe()
    try:
        with watching() as left:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", STARTS_ONE],
                stdin=reading,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
    finally:
        os.close(writing)
        os.close(reading)

    assert [f"process {done.stdout.strip()}"] == [one.partition(" (")[0] for one in left]


def test_descriptor() -> None:
    """A socket that was opened and not closed is a descriptor left, and one that was closed is missed."""
    with watching() as left:
        sock = socket.socket()
    with watching() as gone:
        sock.close()

    (one,) = left
    assert one.startswith("descriptor ")
    assert "socket:" in one
    assert [one] == gone


def test_nothing_left_says_so() -> None:
    """What is left fails a test that says that nothing is."""
    with pytest.raises(AssertionError), nothing_left():
        sock = socket.socket()
    sock.close()


def test_sockets_at_a_port() -> None:
    """A connection is seen at both of its ends, a listener at its port; a moment that is only remembered is not."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        port, local = server.getsockname()[1], sock.getsockname()[1]
        with server.accept()[0]:
            assert ["01", "01", "0A"] == sorted(sockets_at(port))
            assert ["01", "01"] == sockets_at(local)

    assert [] == sockets_at(port) + sockets_at(local)


def test_sockets_of_others() -> None:
    """A listener of a child is seen; one of a process that is no child of ours is another's."""
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {LISTENS!r}])"
    for code, seen in ((LISTENS, ["0A"]), (starts, [])):
        command = [sys.executable, "-I", "-S", "-c", code]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert seen == sockets_at(int(process.stdout.readline()))
            process.communicate()
