"""The parser of dtruss, on rows made by its printf formats, on hostile text, and on any bytes."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.recorders.kernel import macos
from tracedemo.recorders.kernel.calls import Log, SystemCall
from tracedemo.recorders.kernel.dtruss import COLUMNS, LONGEST, ROWS, parse, sort_lines
from tracedemo.recorders.kernel.dtruss_refusals import REFUSALS, diagnose

SAMPLES = sorted((Path(__file__).parent / "dtruss").glob("*.txt"))
FORMATS = {"RELATIVE": "%8d ", "ELAPSD": "%7d ", "CPU": "%6d "}
HEADS = {"RELATIVE": "RELATIVE ", "ELAPSD": " ELAPSD ", "CPU": "   CPU "}


def rows(*lines: str) -> Log:
    """The log of lines without a header."""
    return parse("".join(f"{line}\n" for line in lines).encode())


def call(line: str) -> SystemCall:
    """The one call of one row."""
    log = rows(line)
    assert [] == log.misread
    (made,) = log.calls
    return made


def noted(log: Log, words: str) -> bool:
    return any(words in note for note in log.notes)


# All samples


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_understood(path: Path) -> None:
    """Each line of each option set is a header, a row, a count or a notice; none is misread, none is foreign."""
    data = path.read_bytes()
    reading, log = sort_lines(data), parse(data)

    lines = [line for line in data.decode().splitlines() if ")\t\t = " in line]
    assert ([], [], len(lines)) == (log.misread, reading.others, len(log.calls))
    assert ("dtruss", ROWS) == (log.engine, log.clock)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_need_no_header(path: Path) -> None:
    """Without its header line an output gives the same calls."""
    data = path.read_bytes()

    assert parse(data).calls == parse(data.partition(b"\n")[2]).calls


def test_selector_story() -> None:
    """A selector on macOS: a queue, a change, a wait; the same call for both, told apart by its arguments."""
    log = parse((SAMPLES[0].parent / "le.txt").read_bytes())

    told = [(made.name, made.args.get("what"), made.result, made.errno) for made in log.calls[:10]]
    assert [
        ("kqueue", None, 4, None),
        ("ioctl", None, 0, None),
        ("kevent", "change", 0, None),
        ("kevent", "wait", 1, None),
        ("kevent", "change", 0, None),
        ("kevent", "wait", 3, None),
        ("kevent", "wait", 0, None),
        ("kevent", "change", None, "EBADF"),
        ("kevent", "change", None, "ENOENT"),
        ("kevent", "wait", None, "EINTR"),
    ] == told
    assert (4242, 0x5D702) == (log.calls[0].pid, log.calls[0].tid)


# Columns


@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
@pytest.mark.parametrize("thread", [True, False], ids=["thread", "no thread"])
@pytest.mark.parametrize("columns", [c for n in range(4) for c in combinations(COLUMNS, n)], ids="+".join)
def test_all_column_sets(columns: tuple[str, ...], thread: bool, header: bool) -> None:
    """Whatever columns there are, with a header or without, the elapsed time is found, and only that is a time."""
    values = {"RELATIVE": 41210, "ELAPSD": 188, "CPU": 9}
    row = (" 4242/0x5d702:  " if thread else "") + "".join(FORMATS[name] % values[name] for name in columns)
    head = ("\tPID/THRD  " if thread else "") + "".join(HEADS[name] for name in columns)
    lines = [f"{row}kevent(0x4, 0x0, 0x0)\t\t = 1 0"] * 2
    log = rows(*([f"{head}SYSCALL(args) \t\t = return"] if header else []), *lines)

    took = 188_000 if "ELAPSD" in columns else 0
    assert [(1, 1 + took), (2 + took, 2 + 2 * took)] == [(made.t0, made.t1) for made in log.calls]
    assert [(4242, 0x5D702) if thread else (None, 0)] * 2 == [(made.pid, made.tid) for made in log.calls]
    assert noted(log, "no durations") == (not took)
    assert noted(log, "threads apart") == (not thread)
    assert noted(log, "header line is missing") == (not header and columns != ())


def test_forked_child() -> None:
    """The first row of a child has colons behind its columns, and is a fork that returned 0."""
    made = call(" 4243/0x5d70b:        57:        0:       0 fork()\t\t = 0 0")

    assert ("fork", {}, 0, 4243) == (made.name, made.args, made.result, made.pid)


# Results


@pytest.mark.parametrize(
    ("ending", "result", "name", "restarted"),
    [
        ("-1 Err#35", None, "EAGAIN", False),
        ("-1 Err#36", None, "EINPROGRESS", False),
        ("-1 36", None, "EINPROGRESS", False),
        ("-1 Err#107", None, "E#107", False),
        ("-1 Err#-1", None, None, True),
        ("-1 -1", None, None, True),
        ("0 Err#-2", 0, None, False),
        ("0 -2", 0, None, False),
        ("20", 20, None, False),
        ("-1 0", -1, None, False),
        ("0x102A8C000 0", 0x102A8C000, None, False),
        ("0xFFFFFFFFFFFFFFFF Err#12", None, "ENOMEM", False),
    ],
)
def test_results(ending: str, result: int | None, name: str | None, restarted: bool) -> None:
    """Value and errno are read with `Err#` and without; ERESTART is no error, and an unknown number keeps itself."""
    made = call(f"recvfrom(0x3, 0x10089E020, 0x1000)\t\t = {ending}")

    assert (result, name, restarted) == (made.result, made.errno, made.restarted)


def test_errnos_are_those_of_macos() -> None:
    """Numbers are named as xnu's errno.h has them, whatever they mean on this machine."""
    expected = {
        1: "EPERM", 2: "ENOENT", 4: "EINTR", 9: "EBADF", 11: "EDEADLK", 22: "EINVAL", 24: "EMFILE", 32: "EPIPE",
        35: "EAGAIN", 36: "EINPROGRESS", 37: "EALREADY", 38: "ENOTSOCK", 45: "ENOTSUP", 47: "EAFNOSUPPORT",
        48: "EADDRINUSE", 49: "EADDRNOTAVAIL", 54: "ECONNRESET", 55: "ENOBUFS", 56: "EISCONN", 57: "ENOTCONN",
        60: "ETIMEDOUT", 61: "ECONNREFUSED", 65: "EHOSTUNREACH", 78: "ENOSYS", 89: "ECANCELED", 102: "EOPNOTSUPP",
        106: "EQFULL",
    }  # fmt: skip

    assert expected == {number: macos.errno_name(number) for number in expected}


# Arguments


@pytest.mark.parametrize(
    ("row", "name", "args"),
    [
        ("socket(0x1E, 0x1, 0x6)", "socket", {"family": "AF_INET6", "type": "SOCK_STREAM", "protocol": "IPPROTO_TCP"}),
        ("socket(0x20, 0x2, 0x2)", "socket", {"family": "AF_SYSTEM", "type": "SOCK_DGRAM", "protocol": 2}),
        ("ioctl(0x3, 0x8004667E, 0x16FDFE898)", "ioctl", {"fd": 3, "request": "FIONBIO", "value": None}),
        ("ioctl(0x3, 0xFFFFFFFF8004667E, 0x1)", "ioctl", {"fd": 3, "request": "FIONBIO", "value": None}),
        ("ioctl(0x3, 0x1234, 0x1)", "ioctl", {"fd": 3, "request": "0x1234", "value": None}),
        ("fcntl(0x3, 0x3, 0x7FF)", "fcntl", {"fd": 3, "command": "F_GETFL"}),
        ("fcntl_nocancel(0x3, 0x4, 0x4)", "fcntl", {"fd": 3, "command": "F_SETFL", "value": 4}),
        ("fcntl(0x3, 0x32, 0x16FDFE898)", "fcntl", {"fd": 3, "command": "F_GETPATH"}),
        (
            "setsockopt(0x3, 0x6, 0x1)", "setsockopt",
            {"fd": 3, "level": "SOL_TCP", "option": "TCP_NODELAY", "value": None},
        ),
        (
            "getsockopt(0x3, 0xFFFF, 0x1007)", "getsockopt",
            {"fd": 3, "level": "SOL_SOCKET", "option": "SO_ERROR", "value": None},
        ),
        ("connect_nocancel(0xFFFFFFFF, 0x16F, 0x10)", "connect", {"fd": -1}),
        ("connect(0xFFFFFFFFFFFFFFFF, 0x16F, 0x10)", "connect", {"fd": -1}),
        ("listen(0x3, 0x80, 0x6000)", "listen", {"fd": 3, "backlog": 128}),
        ("shutdown(0x3, 0x1, 0x0)", "shutdown", {"fd": 3, "how": "SHUT_WR"}),
        ("recvmsg(0x3, 0x16FDFE898, 0x82)", "recvmsg", {"fd": 3, "flags": "MSG_PEEK|MSG_DONTWAIT"}),
        ("poll(0x600000C14000, 0x3, 0xFFFFFFFF)", "poll", {"count": 3, "timeout": -1}),
        ("poll(0x600000C14000, 0x1, 0x7D0)", "poll", {"count": 1, "timeout": 2000}),
        (
            "select(0x8, 0x16F, 0x0, 0x0, 0x16F)", "select",
            {"count": 8, "write": None, "except": None},
        ),
        ("kqueue(0x100E3D320, 0x0, 0x1F7A3C0C0)", "kqueue", {}),
        ("getpid(0x100E3D320, 0x0, 0x1F7A3C0C0)", "getpid", {}),
        ("close_nocancel(0x13)", "close", {"fd": 19}),
        ("kevent(0x4, 0x600002C141A0, 0x1)", "kevent", {"kq": 4, "what": "change", "changes": 1}),
        ("kevent(0x4, 0x0, 0x0)", "kevent", {"kq": 4, "what": "wait", "changes": 0}),
        (
            "kevent64(0x4, 0x60, 0x2, 0x70, 0x0, 0x0, 0x0)", "kevent64",
            {"kq": 4, "what": "change", "changes": 2, "room": 0},
        ),
        ("kevent_id(0x100E3D320, 0x60, 0x1)", "kevent_id", {"what": "change", "changes": 1}),
        (r'open("/tmp/a \"b\", 0x1) = \303\251\0rubbish", 0x1000601, 0x1B6)', "open", {
            "path": r'/tmp/a "b", 0x1) = \xc3\xa9', "flags": "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC"}),
        (r'open_nocancel("/x\0", 0x0, 0x0)', "open", {"path": "/x", "flags": "O_RDONLY"}),
        (r'stat64("/x\0", 0x16F, 0x0)', "stat64", {"path": "/x"}),
        (r'read_nocancel(0x7, "a\", 0x1\0", 0x8000)', "read", {"fd": 7, "size": 32768}),
        (r'write(0x7, "never closed, 0x8000)', "write", {"fd": 7}),
        ("sendto(nonsense)", "sendto", {}),
        ("epoll_create1(0x1, 0x2, 0x3)", "epoll_create1", {"flags": "0x1"}),
    ],
)  # fmt: skip
def test_arguments(row: str, name: str, args: dict[str, object]) -> None:
    """Numbers have the names of macOS, pointers and stale registers are left out, and `_nocancel` is cut off."""
    made = call(f"{row}\t\t = 0 0")

    assert (name, args) == (made.name, made.args)


def test_kevent_that_does_both() -> None:
    """A change that returns events has waited, too."""
    assert "change and wait" == call("kevent(0x4, 0x60, 0x1)\t\t = 1 0").args["what"]


# What is no row


def test_losses_are_counted() -> None:
    """Rows that DTrace could not make and data that it dropped are in the notes, by kind and number."""
    error = "dtrace: error on enabled probe ID 1701 (ID 175: syscall::{}:return): invalid user access in action #5"
    log = rows(
        *(error.format(name) for name in ("read", "read_nocancel", "write")),
        "dtrace: 1347 dynamic variable drops with non-empty dirty list",
        "dtrace: 12 drops on CPU 0",
        "dtrace: 30 drops on CPU 1",
        "dtrace: system integrity protection is on, some features will not be available",
    )

    assert noted(log, "could not show 3 calls: read 2, write 1")
    assert noted(log, "dynamic variable drops 1347, drops 42")
    assert noted(log, "dtrace said: system integrity protection is on")
    assert ([], []) == (log.calls, log.misread)


def test_count_table_tells_what_did_not_return() -> None:
    """The table of -c counts calls that began; where fewer rows are there, the difference is told."""
    head, row = f"{'CALL':<32} {'COUNT':>16}", "{:<32} {:>16d}"
    table = ["", head, row.format("kevent", 2), row.format("connect_nocancel", 1), row.format("close", 1)]
    lines = [
        "kevent(0x4, 0x0, 0x0)\t\t = 1 0",
        "close(0x3)\t\t = 0 0",
        "connect(0x3, 0x1, 0x10)\t\t = 0 0",
        *table,
    ]

    assert noted(rows(*lines), "1 call began and no row shows how they ended: kevent 1")
    assert not noted(rows(lines[0], *lines), "began")


def test_stacks_are_passed_over() -> None:
    """What -s prints behind a row is neither a row nor somebody else's output."""
    frames = [
        "              libsystem_kernel.dylib`__connect+0xa",
        "              Python`sock_connect+0x5c",
        "              0x102f3",
        "",
    ]
    log = rows("connect(0x3, 0x16F, 0x10)\t\t = 0 0", *frames, "close(0x3)\t\t = 0 0")

    assert (["connect", "close"], []) == ([made.name for made in log.calls], log.misread)
    assert not noted(log, "other output")


def test_output_of_the_program_is_kept_apart() -> None:
    """Lines of the program itself are counted and can be had, a line that only looks like a row is misread."""
    header = "\tPID/THRD   ELAPSD SYSCALL(args) \t\t = return"
    lines = [
        "Traceback (most recent call last):",
        "f(x) = 3",
        "   `quoted` and indented",
        " 4242/0x5d702:        9 close(0x3)\t\t = 0",
        " 4242/0x5d702:        9 close(0x3",
        "close(0x3)\t\t = what",
        "close(0x3)\t\t = 3 36",
    ]
    data = "\n".join([header, *lines]).encode()
    log, reading = parse(data), sort_lines(data)

    assert ["close"] == [made.name for made in log.calls]
    assert lines[:3] == reading.others
    assert lines[4:] == log.misread
    assert noted(log, "3 lines of other output")


def test_row_behind_an_open_line() -> None:
    """A row is found behind what the program wrote without a newline, and that is kept, too."""
    reading = sort_lines(b"waiting... 4242/0x5d702:        9 close(0x3)\t\t = 0 0\n")

    assert (["close"], ["waiting... "]) == ([row.name for row in reading.rows], reading.others)


def test_text_fools_nobody() -> None:
    """A string that holds a whole row, or the end of one, is an argument and no more."""
    text = (
        r" 4242/0x5d702:        9 write(0x1, \"4242/0x1:  close(0x3)\\t\\t = 0 0\n\0\", 0x16) = -1 Err#35\n\0"
    )
    made = call(rf' 4242/0x5d702:        9 write(0x1, "{text}", 0x60)' + "\t\t = 22 0")

    assert ("write", 22, None, {"fd": 1, "size": 0x60}) == (made.name, made.result, made.errno, made.args)


def test_long_line_is_other_output_and_its_row_is_found() -> None:
    """A line of a megabyte costs no time, and the row at its end is not lost."""
    reading = sort_lines(b"x" * 1_000_000 + b" 4242/0x5d702:        9 close(0x3)\t\t = 0 0")

    assert (1, 1) == (len(reading.rows), len(reading.others))


ALPHABET = st.sampled_from(
    ["4242/0x5d702:  ", "      9 ", "41:  ", "close", "kevent", "(", "0x3", ", ", '"', "\\", "\\0", "[", "]", ")",
     "\t\t = ", "-1 Err#36", "0 0", "\n", "dtrace: ", "1 drops", "CALL COUNT\n", "kevent 11\n", " a`b+0x1",
     "SYSCALL(args) \t\t = return\n", "\tPID/THRD  RELATIVE ", " ", "\xff", "\r", "9" * 30, "0x" + "F" * 20, "-"]
)  # fmt: skip


@given(st.binary() | st.lists(ALPHABET, max_size=60).map(lambda parts: "".join(parts).encode("latin-1")))
def test_any_bytes(data: bytes) -> None:
    """No bytes whatever make the parser raise or loop, calls never overlap, and each failed call has no result."""
    log = parse(data)

    clock = 0
    for made in log.calls:
        assert made.t1 is not None
        assert clock < made.t0 <= made.t1
        clock = made.t1
        assert made.errno is None or made.result is None
    diagnose(data.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "piece",
    [
        'f("\\"' * 9000,
        "f(" * 9000,
        ") =" * 9000,
        "1/0x1: " * 9000,
        " " * 9000 + "1",
        "1 " * 9000,
        '"' * LONGEST,
        "f(" + ") " * 9000,
    ],
    ids=range(8),
)
def test_no_line_takes_long(piece: str) -> None:
    """Lines made to send a regular expression astray are passed over, cut to the length of a row or not."""
    log = parse(
        f"{piece}\n{piece[:LONGEST]}\n1/0x1:  {piece[: LONGEST - 20]}\nclose({piece[: LONGEST - 20]})\t\t = 0 0".encode()
    )

    assert len(log.calls) <= 4


# Refusals


MESSAGES = {
    "dtrace: failed to initialize dtrace: DTrace requires additional privileges": "needs root",
    "dtrace: system integrity protection is on, some features will not be available": "System Integrity Protection",
    'dtrace: invalid probe specifier \n syscall:::entry { printf("%s(0x%X)\\t\\t = %d\\n"); }\n: probe description'
    " syscall:::entry does not match any probes. System Integrity Protection is on": "hides all system calls",
    "dtrace: failed to execute python3: DTrace cannot control executables signed with restricted entitlements": "Apple",
    "dtrace: failed to execute python3: dtrace cannot control executables signed with restricted entitlements": "Apple",
    "dtrace: system integrity protection is on, some features will not be available\n"
    "dtrace: failed to execute /usr/bin/env: Operation not permitted": "Apple",
    "dtrace: failed to execute python3: (os/kern) failure": "hardened runtime",
    "dtrace: failed to execute python3: Could not create symbolicator for task": "hardened runtime",
    "dtrace: failed to grab pid 7: the current security restriction (system integrity protection enabled) prevents dtrace"
    " from attaching to an executable not signed with the [com.apple.security.get-task-allow] entitlement": "holding",
    "dtrace: failed to execute x: DTrace cannot instrument translated processes": "Rosetta",
    "dtrace: failed to initialize dtrace: Operation not permitted": "sandbox",
    "dtrace: failed to initialize dtrace: DTrace device not available on system": "no DTrace",
    "csrutil: This tool needs to be executed from Recovery OS.": "Recovery",
    "sudo: a password is required": "sudo did not let",
    "dtrace: failed to execute nosuch: No such file or directory": "did not find",
    "\tPID/THRD   ELAPSD SYSCALL(args) \t\t = return": "showed no system call",
    "": "showed no system call",
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), MESSAGES.items())
def test_refusal_is_explained(text: str, why: str) -> None:
    """Each message that people meet has its reason, and something to do about it."""
    refusal = diagnose(text)

    assert refusal is not None
    assert why in refusal.why
    assert refusal.remedy


def test_hidden_calls_name_ways_that_work() -> None:
    """Where System Integrity Protection hides all calls, what works in its place is named."""
    refusal = diagnose("")

    assert refusal is not None
    for way in ("tracedemo run", "Linux container", "strace-macos", "fs_usage", "csrutil"):
        assert way in refusal.remedy


def test_every_refusal_is_met() -> None:
    """No row of the table of refusals is without a message that leads to it."""
    met = {diagnose(text) for text in MESSAGES}

    assert {refusal for _, refusal in REFUSALS} <= met


def test_rows_decide() -> None:
    """With a single row the output is good, whatever else was said."""
    notice = "dtrace: system integrity protection is on, some features will not be available\n"

    assert diagnose(f"{notice}close(0x3)\t\t = 0 0\n") is None
