"""A log as rows of a trace: processes, clocks, marks, secrets, and what has to be said about them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.recorders.kernel.by_hand import log, quoted
from tests.recorders.kernel.fixtures import Fixture, fixtures
from tracedemo.events import INJECTED, KERNEL, TRACER, Event, Header, Trace
from tracedemo.recorders.kernel.calls import MONOTONIC, Log, SystemCall
from tracedemo.recorders.kernel.lane import Clock, KernelLane, kernel_lane
from tracedemo.recorders.kernel.redact import HIDDEN
from tracedemo.recorders.kernel.strace import parse

NOW = 1_700_000_000 * 10**9
STILL = Clock((10**9, NOW), (2 * 10**9, NOW + 10**9))
"""Both clocks went on by a second."""


def lane(log: Log, clock: Clock = STILL, **options: Any) -> KernelLane:
    return kernel_lane(log, clock, **{"root": 7, "threads": {}, **options})


def only(made: KernelLane) -> Event:
    (event,) = made.events
    return event


# Processes


@pytest.mark.parametrize(
    ("call", "pid"),
    [
        ("clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 8", 7),
        ("clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 8", 7),
        ("clone3({flags=CLONE_VM|CLONE_VFORK}, 88) = 8", 8),
        ("clone(child_stack=NULL, flags=SIGCHLD) = 8", 8),
        ("fork() = 8", 8),
        ("vfork() = 8", 8),
    ],
)
def test_new_thread_belongs_to_whoever_made_it(call: str, pid: int) -> None:
    """A thread has the process of its maker, any other child is its own, also before the call that made it returns."""
    made = lane(log(f"7 1.0 {call} <0.9>", "8 1.1 close(3) = 0 <0.1>", "7 1.2 close(4) = 0 <0.1>"))

    assert [(7, 7), (pid, 8), (7, 7)] == [(event.pid, event.tid) for event in made.events]


def test_threads_of_threads_belong_to_the_process() -> None:
    """However deep, a thread's process is that of the thread that made it."""
    made = lane(
        log(
            "7 1.0 fork() = 8 <0.1>", "8 1.2 clone3({flags=CLONE_THREAD}, 88) = 9 <0.1>",
            "9 1.4 clone3({flags=CLONE_THREAD}, 88) = 10 <0.1>", "10 1.6 close(3) = 0 <0.1>",
        )
    )  # fmt: skip

    assert 8 == made.events[-1].pid


def test_processes_known_from_elsewhere_come_first() -> None:
    """A thread whose clone nobody saw has the process that the recorder inside of it told, or that the engine knows."""
    made = lane(log("8 1.0 close(3) = 0 <0.1>"), threads={8: 7})
    told = lane(Log("ptrace", "", [SystemCall(8, 5, 6, "close", {"fd": 3}, 0, pid=7)], MONOTONIC))
    unknown = lane(log("8 1.0 close(3) = 0 <0.1>"))

    assert [7, 7, 8] == [only(each).pid for each in (made, told, unknown)]


@pytest.mark.parametrize("fixture", fixtures(programs=("nasty", "threads"), options=("ours",)), ids=str)
def test_numbers_have_no_gaps(fixture: Fixture) -> None:
    """In each process rows are numbered from 0, in order of their entry; a trace holds them all."""
    made = parse(fixture.read().decode("latin-1"))
    rows = lane(made, root=made.calls[0].tid).events

    for pid in {row.pid for row in rows}:
        mine = [row for row in rows if row.pid == pid]
        assert list(range(len(mine))) == [row.seq for row in mine]
        assert all(one.t0 <= other.t0 for one, other in pairwise(mine))
    assert len(made.calls) == len(Trace(Header(), rows))


# Clocks


def test_times_are_on_the_clock_of_all_lanes() -> None:
    """Of a realtime clock what it was ahead by at the start is taken off; a call that never returned has no end."""
    made = lane(log("7 1700000000.5 close(3) = 0 <0.25>", "7 1700000000.75 recvfrom(3,  <unfinished ...>"))

    assert [(1_500_000_000, 1_750_000_000), (1_750_000_000, None)] == [
        (row.t0, row.t1) for row in made.events
    ]
    assert [] == list(made.notes)


def test_monotonic_clock_is_left_alone() -> None:
    """An engine that stamps with the monotonic clock has nothing to shift, and no step to tell of."""
    made = lane(
        Log("ptrace", "", [SystemCall(7, 5, 6, "close", {"fd": 3}, 0)], MONOTONIC),
        Clock((1, 2), (3, 9 * 10**9)),
    )

    assert (5, 6) == (only(made).t0, only(made).t1)
    assert [] == list(made.notes)


@pytest.mark.parametrize(
    ("step_ms", "words"), [(1500, "1,500.0 ms"), (-2, "-2.0 ms"), (1, None), (-1, None), (0, None)]
)
def test_step_of_the_clock_is_told(step_ms: int, words: str | None) -> None:
    """A realtime clock that was set during the run by more than a millisecond is a note, in milliseconds."""
    clock = Clock((10**9, NOW), (2 * 10**9, NOW + 10**9 + step_ms * 10**6))
    notes = list(lane(log("7 1700000000.5 close(3) = 0 <0.25>"), clock).notes)

    assert ([] if words is None else [f"the realtime clock was set by {words}"]) == [
        note.split(":")[0] for note in notes
    ]


def test_run_without_an_end_tells_of_no_step() -> None:
    """Where the run was not seen to end, nothing is known about its clock."""
    assert [] == list(lane(log("7 1.5 close(3) = 0 <0.25>"), Clock((10**9, NOW), (0, 0))).notes)


# Rows


def test_rows_hold_what_happened() -> None:
    """Lane, name, descriptor, result, errno and bytes moved are those of the call."""
    made = lane(
        log(
            "7 1.0 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<socket:[5]> <0.1>",
            '7 1.1 sendto(3<socket:[5]>, "abc", 3, 0, NULL, 0) = 2 <0.1>',
            "7 1.2 recvfrom(3<socket:[5]>, 0x1, 9, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.1>",
            "7 1.3 epoll_ctl(4<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, 3<socket:[5]>, 0x1) = 0 (INJECTED) <0.1>",
        )
    )  # fmt: skip

    assert [
        (KERNEL, "socket", 3, 3, None, None, None),
        (KERNEL, "sendto", 3, 2, None, 2, None),
        (KERNEL, "recvfrom", 3, None, "EAGAIN", None, None),
        (KERNEL, "epoll_ctl", 3, 0, None, None, INJECTED),
    ] == [(row.lane, row.op, row.fd, row.result, row.errno, row.bytes, row.mark) for row in made.events]
    assert "anon_inode:[eventpoll]" == made.events[3].args["what"]
    assert all("what" not in row.args for row in made.events[:3])


def test_restarted_call_says_so() -> None:
    """A call that a signal broke off has that among its arguments."""
    made = lane(
        log("7 1.0 accept4(3, NULL, NULL, 0) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.1>")
    )

    assert only(made).args["restarted"]


@pytest.mark.parametrize(
    ("call", "mark"),
    [
        ('openat(AT_FDCWD</home/you>, "/tmp/run-1/spool-7", O_RDWR) = 3</tmp/run-1/spool-7>', TRACER),
        ("close(3</tmp/run-1/spool-7>) = 0", TRACER),
        ("write(4</tmp/run-1/spool-7 (deleted)>, 9) = 9", TRACER),
        ("read(3</tmp/run-1>, 9) = 0", TRACER),
        ("write(1</tmp/run-1/stdout>, 9) = 9", None),
        ("write(2</tmp/run-1/stderr>, 9) = 9", None),
        ("close(3</tmp/run-10/spool-7>) = 0", None),
        ("close(3</tmp/my-run-1/x>) = 0", None),
        ("close(3<socket:[1]>) = 0", None),
        ("close(3) = 0", None),
    ],
)
def test_files_of_the_run_are_the_tool_s_own(call: str, mark: str | None) -> None:
    """What is in the folder of the run is marked, but not what the program writes to its stdout and stderr."""
    assert mark == only(lane(log(f"7 1.0 {call} <0.1>"), ours="run-1")).mark
    assert only(lane(log(f"7 1.0 {call} <0.1>"))).mark is None


# What was not understood


def test_misread_lines_are_counted() -> None:
    """They are dropped with a note that says how many there are, by which engine, and of which call."""
    one = lane(log("7 1.0 recvfrom(3, = 5"))
    many = lane(log(*["nothing", "7 1.0 recvfrom(3, = 5"] * 600))

    assert (1, 1200) == (one.dropped, many.dropped)
    assert [
        "1 line was not understood in what strace wrote; the first that has a name is of recvfrom()"
    ] == list(one.notes)
    assert [
        "1,200 lines were not understood in what strace wrote; the first that has a name is of recvfrom()"
    ] == list(many.notes)


@pytest.mark.parametrize(
    "line",
    [
        '7 1.0 sendto(3, "S3CRET", 6 = 6',
        "7 1.0 sendto(S3CRET",
        "S3CRET",
        'S3CRET", 100, 0, NULL, 0) = 3',
        "7 1.0 S3CRET(3) 5",
        "7 1.0 <... S3CRET resumed>",
        "S3CRET sendto(3",
        '7 1.0 execve("/bin/true", ["true"], ["TOKEN=S3CRET"] = 0',
    ],
)
def test_note_about_misread_lines_shows_no_secret(line: str) -> None:
    """Of a line that was not understood nothing is shown but the name of a system call that we trace."""
    made = lane(log(line))

    assert 1 == made.dropped
    assert "S3CRET" not in repr(made)


def test_what_the_engine_says_is_passed_on() -> None:
    """Notes of the engine stand among those of the lane."""
    assert ["the tracer was killed"] == list(
        lane(Log("ptrace", "", [], MONOTONIC, notes=("the tracer was killed",))).notes
    )


# Secrets

REQUEST = b"GET /?token=S3CRET HTTP/1.1\r\nAuthorization: Bearer S3CRET\r\nHost: h\r\n\r\n"


def sent(*buffers: bytes, call: str = "7 1.0 sendto(3<socket:[5]>", result: str = "") -> list[str]:
    """Lines of strace about what was sent, or received."""
    return [
        f'{call}, "{quoted(each)}", {len(each)}, 0, NULL, 0) = {result or len(each)} <0.1>'
        for each in buffers
    ]


def test_secrets_are_hidden() -> None:
    """They are hidden in what is sent and received, with as many marks as a note tells of."""
    made = lane(log(*sent(REQUEST), *sent(REQUEST, call="7 1.1 recvfrom(3<socket:[5]>")))

    assert "S3CRET" not in repr(made)
    for row in made.events:
        assert (
            rf"GET /?token={HIDDEN} HTTP/1.1\r\nAuthorization: {HIDDEN}\r\nHost: h\r\n\r\n"
            == row.args["data"]
        )
    assert [
        "4 values were hidden in what went over sockets, because they may be secrets; --no-redact shows them"
    ] == list(made.notes)


def test_no_redact_shows_all() -> None:
    """Whoever asks for it sees what went over, and no note."""
    made = lane(log(*sent(REQUEST)), redact=False)

    assert 2 == only(made).args["data"].count("S3CRET")
    assert [] == list(made.notes)


@pytest.mark.parametrize("at", range(len(REQUEST) + 1))
def test_secrets_are_hidden_over_descriptors_and_processes(at: int) -> None:
    """A socket is one stream, whichever descriptor of whichever process is used, and in each direction apart."""
    first, *rest = sent(REQUEST[:at], REQUEST[at:])
    made = lane(
        log(
            first,
            "7 1.0 fork() = 8 <0.1>",
            *sent(b"HTTP/1.1 200 OK\r\n", call="7 1.1 recvfrom(3<socket:[5]>"),
            *sent(b"abc", call="7 1.1 sendto(3<socket:[6]>"),
            *(line.replace("7 1.0 sendto(3<", "8 1.2 sendto(9<") for line in rest),
        )
    )

    assert "S3CRET" not in repr(made)
    assert ["abc"] == [row.args["data"] for row in made.events if row.args.get("size") == 3 and row.tid == 7][
        :1
    ] or at == 3
    assert r"HTTP/1.1 200 OK\r\n" in [row.args.get("data") for row in made.events]


@pytest.mark.parametrize("at", range(len(REQUEST)))
@pytest.mark.parametrize("failed", [True, False], ids=["failed", "short"])
def test_short_and_failed_sends_hide_what_comes_again(at: int, failed: bool) -> None:
    """After a send that moved a part, or nothing, the rest comes again, and is hidden as it would have been at once."""
    again = "-1 EAGAIN (Resource temporarily unavailable)"
    begun = [*sent(REQUEST, result=again), *sent(REQUEST[:at])] if failed else sent(REQUEST, result=str(at))
    made = lane(log(*begun, *sent(REQUEST[at:])))

    assert "S3CRET" not in repr(made)


def test_look_at_what_comes_changes_nothing() -> None:
    """What MSG_PEEK showed comes again, and is hidden again."""
    peeked = '7 1.0 recvfrom(3<socket:[5]>, "Authorization: Bea", 18, MSG_PEEK, NULL, NULL) = 18 <0.1>'
    made = lane(log(peeked, *sent(b"Authorization: Bearer S3CRET", call="7 1.1 recvfrom(3<socket:[5]>")))

    assert [f"Authorization: {HIDDEN}"] * 2 == [row.args["data"] for row in made.events]


def test_messages_and_cut_buffers_are_hidden_too() -> None:
    """A message is a part of the stream, and so is what was cut off a buffer."""
    lines = (
        '7 1.0 sendmsg(3<socket:[5]>, {msg_iov=[{iov_base="GET / HTTP/1.1\\r\\nCook", iov_len=20}]}, 0) = 20 <0.1>',
        '7 1.1 sendto(3<socket:[5]>, "ie: S3CRET", 10, 0, NULL, 0) = 10 <0.1>',
        '7 1.2 sendto(3<socket:[5]>, "S3CRET\\r\\nX: y"..., 900, 0, NULL, 0) = 900 <0.1>',
        '7 1.3 sendto(3<socket:[5]>, "S3CRET\\r\\n\\r\\n", 10, 0, NULL, 0) = 10 <0.1>',
    )

    assert "S3CRET" not in repr(lane(log(*lines)))


@pytest.mark.parametrize(
    "option",
    ["SOL_TLS, TLS_TX", "SOL_ALG, ALG_SET_KEY", "SOL_TCP, TCP_MD5SIG", "SOL_TCP, TCP_FASTOPEN_KEY"],
)
def test_keys_given_to_the_kernel_are_hidden(option: str) -> None:
    """Values of options that are keys are not kept, unless asked for."""
    line = f'7 1.0 setsockopt(3, {option}, "S3CRET", 6) = 0 <0.1>'

    assert HIDDEN == only(lane(log(line))).args["value"]
    assert "S3CRET" == only(lane(log(line), redact=False)).args["value"]
    assert 1 == len(lane(log(line)).notes)


@pytest.mark.parametrize("fixture", fixtures(options=("ours",)), ids=str)
def test_real_runs_have_no_secrets(fixture: Fixture) -> None:
    """Of programs that send no secret only the line behind a head that was cut is hidden, and no environment is there."""
    made = parse(fixture.read().decode("latin-1"))
    bare, hidden = lane(made, redact=False).events, lane(made).events
    changed = [
        (one.args["data"], other.args["data"])
        for one, other in zip(bare, hidden, strict=True)
        if one != other
    ]

    assert (0 if fixture.program == "nasty" else 2) == len(changed)
    assert all(other.removeprefix(HIDDEN) == one[one.index(r"\n") :] for one, other in changed)
    assert {("path",)} == {tuple(row.args) for row in hidden if row.op == "execve"}
