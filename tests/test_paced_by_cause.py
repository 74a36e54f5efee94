"""Lock-step, from the program's side: the same calls on every run, and an end to what would never end."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracedemo import runner
from tracedemo.events import PYTHON, Event
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant

RUNS = 4
HOGS = 6

Counts = Counter[tuple[str, str | None]]


def run(target: runner.Target, requests: int = 3, **options: object) -> runner.Run:
    return runner.run(
        target,
        runner.RunOptions(capture=True, requests=requests, server=ServerOptions(pace="lockstep", **options)),
    )


def counts(done: runner.Run) -> Counts:
    assert done.exit_code == 0, done.complaints
    return Counter((event.op, event.errno) for event in done.trace if event.lane == PYTHON and not event.mark)


def tools_own(done: runner.Run, op: str) -> list[Event]:
    return [event for event in done.trace if event.op == op and event.mark]


@pytest.fixture
def hogs() -> Iterator[None]:
    """Six programs that do nothing but use the processor."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(HOGS)]
    yield
    for program in programs:
        program.kill()
        program.wait()


@pytest.fixture
def script(tmp_path: Path):
    """Writes a program and runs it in lock-step, with the address of the server as its argument."""

    def write_and_run(text: str) -> runner.Run:
        path = tmp_path / "program.py"
        path.write_text(
            "import select, selectors, socket, sys, threading\n"
            "host, _, port = sys.argv[1].rpartition(':')\n"
            "address = (host, int(port))\n" + text
        )
        return run(runner.Target("script", "program.py", (str(path), "{address}")))

    return write_and_run


@pytest.fixture(scope="module")
def idle_counts() -> dict[str, set[tuple[object, ...]]]:
    """The sets of call counts of each variant on a machine that has little else to do."""
    return {variant.name: all_counts(variant) for variant in VARIANTS}


def all_counts(variant: Variant) -> set[tuple[object, ...]]:
    target = runner.variant_target(variant)
    return {tuple(sorted(counts(run(target)).items(), key=repr)) for _ in range(RUNS)}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_run_makes_the_same_calls(variant: Variant, idle_counts, hogs) -> None:
    """A variant makes the same calls, with the same answers, on every run, idle or beside six busy programs."""
    runs = idle_counts[variant.name] | all_counts(variant)
    if (
        variant.name == "upload"
    ):  # how often a full buffer is met, and waited for, hangs on how fast the server reads
        watching = ("send", "select", "register", "unregister")
        assert any(("send", "EAGAIN") in dict(run) for run in runs)
        runs = {tuple(row for row in run if row[0][0] not in watching) for run in runs}
    assert 1 == len(runs)


@pytest.mark.parametrize("pieces", [1, 3, 7])
@pytest.mark.parametrize("requests", [1, 5])
def test_select_returns_once_a_piece(pieces: int, requests: int) -> None:
    """For k pieces the selector variant's select() returns k + 2 times, however many requests there are."""
    done = run(runner.find_target(["selector"]), requests, pieces=pieces)

    assert pieces + 2 == counts(done)["select", None]
    assert requests * (pieces + 1) == sum(
        count for (_, errno), count in counts(done).items() if errno in ("EAGAIN", "EINPROGRESS")
    )


def test_a_client_that_never_waits_is_answered_at_its_tenth_question() -> None:
    """The polled variant gets ten times EAGAIN before each piece and before the end of each response."""
    done = run(runner.find_target(["nonblocking"]), 2, pieces=4)

    assert 2 * 10 * (4 + 1) == counts(done)["recv", "EAGAIN"]
    assert 10 == done.trace.header.server["patience"]


@pytest.mark.parametrize(
    "wait",
    [
        "sock.recv(1)",
        "select.select([sock], [], [])",
        "sel = selectors.DefaultSelector(); sel.register(sock, 1); sel.select()",
        "poll = select.poll(); poll.register(sock, select.POLLIN); poll.poll()",
    ],
)
def test_a_wait_for_nothing_is_a_deadlock(script, wait: str) -> None:
    """A program that has asked for nothing and waits for an answer is ended at once, and its descriptor is named."""
    done = script(f"sock = socket.create_connection(address)\nprint('waiting', flush=True)\n{wait}\n")

    (row,) = tools_own(done, "deadlock")
    assert "deadlock" == done.trace.header.ended
    assert "waiting\n" == done.output
    assert f"fd {row.fd}" in row.args["detail"]
    assert (row.fd,) == row.args["fds"]


@pytest.mark.parametrize(
    ("selector", "last"),
    [
        ("selectors.DefaultSelector()", "sel.unregister(sock); sock.close(); sel.select()"),
        ("selectors.DefaultSelector()", "sock.close(); sel.select()"),
        ("selectors.PollSelector()", "sel.unregister(sock); sock.close(); sel.select()"),
        ("select.epoll()", "sock.close(); sel.poll()"),
    ],
)
def test_a_selector_that_watches_nothing_is_a_deadlock(script, selector: str, last: str) -> None:
    """A program that sleeps in a selector in which nothing open is left is ended at once, and it is said why."""
    done = script(
        f"sel = {selector}\nsock = socket.create_connection(address)\nsel.register(sock, selectors.EVENT_READ)\n{last}\n"
    )

    (row,) = tools_own(done, "deadlock")
    assert "deadlock" == done.trace.header.ended
    assert "deadlock: the program sleeps in a selector that watches nothing open" == row.args["detail"]


def test_another_thread_may_give_a_selector_something_to_watch(script) -> None:
    """A selector that watches nothing may be woken by what another thread registers: that is no deadlock."""
    done = script(
        "sel = selectors.DefaultSelector()\n"
        "sock = socket.create_connection(address)\n"
        "thread = threading.Thread(target=sel.select)\nthread.start()\n"
        "sel.register(sock, selectors.EVENT_WRITE)\nthread.join()\nprint('woken')\n"
    )

    assert ("woken\n", "exit") == (done.output, done.trace.header.ended)


def test_a_deadlock_of_two_threads(script) -> None:
    """When every thread waits for a server that has nothing left, all their descriptors are named."""
    done = script(
        "socks = [socket.create_connection(address) for _ in range(2)]\n"
        "threads = [threading.Thread(target=sock.recv, args=(1,)) for sock in socks]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
    )

    (row,) = tools_own(done, "deadlock")
    assert "deadlock" == done.trace.header.ended
    assert 2 == len(row.args["fds"])


def test_a_wait_with_a_timeout_is_no_deadlock(script) -> None:
    """A program that waits for nothing, but not for ever, goes its own way."""
    done = script(
        "sock = socket.create_connection(address)\nsock.settimeout(0.01)\n"
        "try: sock.recv(1)\nexcept TimeoutError: print('late')\nsock.close()\n"
    )

    assert 0 == done.exit_code
    assert "late\n" == done.output
    assert "exit" == done.trace.header.ended


def test_a_program_that_asks_for_ever_is_ended(script) -> None:
    """A loop that never waits, on a connection on which nothing will come, is ended when its budget is used up."""
    done = script(
        "sock = socket.create_connection(address)\nsock.setblocking(False)\n"
        "while True:\n    try: sock.recv(1)\n    except BlockingIOError: pass\n"
    )

    (row,) = tools_own(done, "spin")
    assert "spin" == done.trace.header.ended
    assert f"fd {row.fd}" in row.args["detail"]


def test_a_loop_around_a_select_without_waiting_gets_its_steps(script) -> None:
    """A program that looks with a timeout of 0, again and again, is given its response all the same."""
    done = script(
        "sock = socket.create_connection(address)\n"
        "sock.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')\n"
        "got = 1\nwhile got:\n"
        "    if select.select([sock], [], [], 0)[0]: got = len(sock.recv(4096))\n"
        "print('done')\nsock.close()\n"
    )

    assert 0 == done.exit_code, done.complaints
    assert "done\n" == done.output


def test_other_sockets_are_left_alone(script) -> None:
    """A wait on sockets that are none of our server's is as it always is, and is written down as such."""
    done = script(
        "here, there = socket.socketpair()\nthere.send(b'x')\nprint(select.select([here], [], [])[0] == [here])\n"
        "thread = threading.Thread(target=there.send, args=(b'y',))\nhere.recv(1)\nthread.start()\n"
        "print(here.recv(1))\nthread.join()\nhere.close(); there.close()\n"
    )

    assert "True\nb'y'\n" == done.output
    assert "exit" == done.trace.header.ended
