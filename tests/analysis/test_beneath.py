"""What lies beneath a call: in the kernel's form, aloud, and in few words where it is much."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import PID, THERE, TID, Story
from tracedemo.analysis.beneath import Beneath, beneath, names
from tracedemo.analysis.join import join
from tracedemo.analysis.system_calls import answered, asked, spoken, system_call
from tracedemo.events import KERNEL, PYTHON, Event

CODEC = "/usr/lib/python3.11/encodings/__pycache__/idna.cpython-311.pyc"


def made(op: str, result: int | None = 0, t1: int | None = 1, **fields: Any) -> Event:
    """A system call, as the kernel lane has it."""
    known = {name: fields.pop(name) for name in ("errno", "bytes") if name in fields}
    fd = fields.pop("new", fields.get("fd", fields.get("epfd")))
    if "errno" in known:
        result = None
    return Event(0, KERNEL, op, 0, t1, PID, TID, fd=fd, args=fields, result=result, **known)


# The words of one


@pytest.mark.parametrize(
    ("event", "short", "aloud"),
    [
        (
            made("connect", fd=5, address=THERE, errno="EINPROGRESS"),
            f"connect(5, {THERE}) = -1 EINPROGRESS",
            f"connect of fd 5 to {THERE}: EINPROGRESS",
        ),
        (
            made("socket", 4, new=4, family="AF_INET", type="SOCK_STREAM|SOCK_CLOEXEC", protocol="IPPROTO_IP"),
            "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC) = 4",
            "socket, which gives fd 4",
        ),
        (
            made("socketpair", family="AF_UNIX", type="SOCK_STREAM", fds=[4, 5]),
            "socketpair(AF_UNIX, SOCK_STREAM, [4, 5]) = 0",
            "socketpair, which gives fd 4, 5",
        ),
        (
            made("accept4", 7, fd=3, address=THERE, flags="SOCK_CLOEXEC"),
            f"accept4(3, {THERE}, SOCK_CLOEXEC) = 7",
            "accept4 on fd 3, which gives fd 7",
        ),
        (
            made("sendto", 5, fd=4, data="hello", size=5, flags="0", bytes=5),
            'sendto(4, "hello", 5) = 5',
            "sendto on fd 4: 5 bytes",
        ),
        (
            made("recvfrom", fd=4, size=9, errno="EAGAIN"),
            "recvfrom(4, 9) = -1 EAGAIN",
            "recvfrom on fd 4: EAGAIN",
        ),
        (made("recvfrom", 0, fd=4, data="", size=9), 'recvfrom(4, "", 9) = 0', "recvfrom on fd 4: 0 bytes"),
        (
            made("poll", 1, fds=[[4, "POLLIN|POLLPRI"], [5, "POLLOUT"]], count=2, timeout=2000, ready=[[5, "POLLOUT"]]),
            "poll([4 IN|PRI, 5 OUT], 2000 ms) = 1 (5 OUT)",
            "poll of fd 4 for IN and PRI, fd 5 for OUT, at most 2 seconds: fd 5 ready for OUT",
        ),
        (
            made("poll", 0, fds=[[4, "POLLIN"]], count=1, timeout=0, ready=[]),
            "poll([4 IN], 0 ms) = 0",
            "poll of fd 4 for IN, without waiting: nothing ready",
        ),
        (
            made("epoll_wait", 1, epfd=3, ready=[[4, "EPOLLIN|EPOLLHUP"]], maxevents=9, timeout=-1),
            "epoll_wait(3, [4 IN|HUP], -1) = 1",
            "epoll_wait: fd 4 ready for IN and HUP",
        ),
        (
            made("pselect6", 1, count=6, read=[4, 5], write=None, timeout=0.25, ready=[[4, "in"]]),
            "pselect6(in [4, 5], 250 ms) = 1 (4 in)",
            "pselect6, at most 250 milliseconds: fd 4 ready for in",
        ),
        (
            made("epoll_ctl", epfd=3, change="EPOLL_CTL_MOD", fd=4, events="EPOLLOUT"),
            "epoll_ctl(3, MOD, 4, OUT) = 0",
            "epoll_ctl changes fd 4 for OUT",
        ),
        (
            made("epoll_ctl", epfd=3, change="EPOLL_CTL_DEL", fd=4, events=None),
            "epoll_ctl(3, DEL, 4) = 0",
            "epoll_ctl drops fd 4",
        ),
        (
            made("ioctl", fd=4, request="FIONBIO", value=1),
            "ioctl(4, FIONBIO, [1]) = 0",
            "ioctl FIONBIO 1 on fd 4",
        ),
        (
            made("getsockopt", fd=4, level="SOL_SOCKET", option="SO_ERROR", value="ECONNREFUSED"),
            "getsockopt(4, SO_ERROR, ECONNREFUSED) = 0",
            "getsockopt of SO_ERROR on fd 4: ECONNREFUSED",
        ),
        (
            made("setsockopt", fd=4, level="SOL_TCP", option="TCP_NODELAY", value=1),
            "setsockopt(4, TCP_NODELAY, [1]) = 0",
            "setsockopt of TCP_NODELAY on fd 4 to 1",
        ),
        (
            made("openat", 9, path="/etc/hosts", flags="O_RDONLY", what="/etc/hosts"),
            'openat("/etc/hosts", O_RDONLY) = 9',
            "openat of /etc/hosts, which gives fd 9",
        ),
        (made("clone3", 123, thread=True), "clone3(a thread) = 123", "clone3 of a thread: 123"),
        (
            made("sendmmsg", 2, fd=4, messages=[[30, None], [None, None]], count=2),
            "sendmmsg(4, [30 bytes, ?]) = 2",
            "sendmmsg on fd 4: 2",
        ),
        (
            made("recvfrom", None, None, fd=4, size=9),
            "recvfrom(4, 9) = ? (it never returned)",
            "recvfrom on fd 4: it never returned",
        ),
        (
            made("epoll_wait", None, epfd=3, ready=None, timeout=-1, restarted=True),
            "epoll_wait(3, -1) = ? (a signal came in between)",
            "epoll_wait: broken off by a signal",
        ),
        (made("getpeername", fd=4, errno="ENOTCONN"), "getpeername(4) = -1 ENOTCONN", "getpeername of fd 4: ENOTCONN"),
        (made("close", fd=4), "close(4) = 0", "close of fd 4"),
        (made("kexec", 7), "kexec() = 7", "kexec: 7"),
    ],
    ids=lambda value: value.split("(")[0] if isinstance(value, str) else "",
)  # fmt: skip
def test_words(event: Event, short: str, aloud: str) -> None:
    """A system call is written as strace would, without what says nothing; and so that it can be read aloud."""
    assert short == system_call(event) == f"{asked(event)} = {answered(event)}"
    assert aloud == spoken(event)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("x" * 16, "x" * 16),
        ("x" * 17, "x" * 16 + "…"),
        ("short…", "short…"),
        (r"GET / HTTP/1.1\r\nHost", r"GET / HTTP/1.1\r…"),
        (r"123456789012345\r", "123456789012345…"),
        (r"1234567890123\x00", "1234567890123…"),
        (r"12345678901234\x00", "12345678901234…"),
        (r"123456789012345\x00", "123456789012345…"),
        (r"123456789012\x00y", r"123456789012\x00…"),
        (r"12345678901234\\n", r"12345678901234\\…"),
        (r"1234567890123\\x00", r"1234567890123\\x…"),
    ],
)
def test_data_is_cut_between_escapes(data: str, shown: str) -> None:
    """A buffer is shown by its beginning, and no escape is cut in two."""
    assert f'write(1, "{shown}")' == asked(made("write", fd=1, data=data))


def test_path_is_cut_in_front() -> None:
    """Of a long path the end is shown."""
    assert asked(made("openat", path="/" + "x" * 80 + "/hosts")).endswith('xxx/hosts")')
    assert '("…x' in asked(made("openat", path="/" + "x" * 80 + "/hosts"))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=2),
    max_leaves=5,
)
NAMES = (
    "connect",
    "poll",
    "select",
    "epoll_wait",
    "epoll_ctl",
    "socketpair",
    "sendmmsg",
    "openat",
    "setsockopt",
    "x",
)
ARGS = (
    "fds",
    "ready",
    "timeout",
    "messages",
    "read",
    "control",
    "change",
    "events",
    "value",
    "data",
    "path",
    "address",
)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(NAMES) | st.text(),
    st.dictionaries(st.sampled_from(ARGS) | st.text(), ANYTHING, max_size=4),
    ANYTHING,
)
def test_never_raises(op: str, args: dict[str, Any], result: Any) -> None:
    """A trace from elsewhere may hold anything: it is put into words that a terminal can show."""
    event = Event(0, KERNEL, op, 0, 1, PID, TID, args=args, result=result)

    for text in (system_call(event), spoken(event)):
        assert not any(char in text for char in "\x1b\n\r\x9b\u202e")


# What stands under a call


def under(
    op: str, fd: int | None, *system_calls: Event, times: int = 1, gap: int = 10, **fields: Any
) -> tuple[Beneath, ...]:
    """The lines under a call, or several alike, each of which makes these system calls."""
    story = Story()
    story.socket(90, at=0, took=5)
    story.add(KERNEL, "socket", 1, 2, args={}, result=90, fd=90)
    rows = []
    for _ in range(times):
        begin = story.clock[TID]
        for number, call in enumerate(system_calls):
            t0 = begin + 1 + number * gap
            took = None if call.t1 is None else t0 + 1
            story.add(KERNEL, call.op, t0, took, fd=call.fd, args=call.args, result=call.result,
                      errno=call.errno, bytes=call.bytes)  # fmt: skip
        story.call(op, fd, **({"took": 2 + gap * len(system_calls)} | fields))
    trace = story.raw()
    found = join(trace)
    assert found is not None
    rows = [row for row, event in enumerate(trace) if event.lane == PYTHON][1:]
    return beneath(rows, found, trace)


def texts(lines: tuple[Beneath, ...]) -> list[str]:
    return [line.text for line in lines]


def file(path: str, fd: int = 9) -> list[Event]:
    """A file is opened, read and closed."""
    return [
        made("openat", fd, path=path, flags="O_RDONLY"),
        made("read", 100, fd=fd, size=4096, bytes=100, what=path),
        made("close", fd=fd, what=path),
    ]


def test_own_calls_one_by_one() -> None:
    """With a timeout, connect is three system calls, and each is shown, the "not yet" as such."""
    lines = under(
        "connect", 5,
        made("connect", fd=5, address=THERE, errno="EINPROGRESS"),
        made("poll", 1, fds=[[5, "POLLOUT|POLLERR"]], timeout=2000, ready=[[5, "POLLOUT"]]),
        made("getsockopt", fd=5, option="SO_ERROR", value=0),
        address=THERE,
    )  # fmt: skip

    assert [
        f"connect(5, {THERE}) = -1 EINPROGRESS",
        "poll([5 OUT|ERR], 2000 ms) = 1 (5 OUT)",
        "getsockopt(5, SO_ERROR, [0]) = 0",
    ] == texts(lines)
    assert [True, False, False] == [line.not_yet for line in lines]


def test_lookup_inside_connect() -> None:
    """A name lookup hidden in connect is one line: how many, for how long, whose name; and that it blocks even here."""
    lookup = [*file("/etc/nsswitch.conf"), made("socket", 9, new=9, family="AF_INET"), *file("/etc/hosts")]
    last = made("connect", fd=5, address=THERE, errno="EINPROGRESS")
    lines = under("connect", 5, *lookup, last, address="localhost:8000", gap=100_000, errno="EINPROGRESS",
                  exc="BlockingIOError")  # fmt: skip

    assert [
        "7 system calls, 600 µs: looking up 'localhost', which blocks",
        f"connect(5, {THERE}) = -1 EINPROGRESS",
    ] == texts(lines)
    assert "7 system calls in 600 microseconds, looking up 'localhost', which blocks" == lines[0].aloud


def test_lookup_of_a_blocking_socket() -> None:
    """Where the whole call blocks, nobody needs to be told that its lookup does."""
    lines = under(
        "connect", 5, *file("/etc/hosts"), made("connect", fd=5, address=THERE), address="localhost:8000"
    )

    assert texts(lines)[0].endswith(": looking up 'localhost'")


def test_import_is_no_lookup() -> None:
    """The modules that the first getaddrinfo imports (its codec for names) are told apart from the lookup."""
    codec, hosts = file(CODEC), file("/etc/hosts")
    lines = under("getaddrinfo", None, *codec, *hosts, host="localhost", port=80)

    assert ["importing modules", "looking up 'localhost'"] == [
        line.text.rpartition(": ")[2] for line in lines
    ]
    assert [3, 3] == [len(line.rows) for line in lines]


def test_import_without_the_names_of_descriptors() -> None:
    """An engine that does not say what a descriptor stands for leaves the read of a module to its openat."""
    codec = [
        event._replace(args={k: v for k, v in event.args.items() if k != "what"}) for event in file(CODEC)
    ]

    assert 1 == len(under("getaddrinfo", None, *codec, host="127.0.0.1", port=80))


def test_few_besides() -> None:
    """One or two system calls besides are shown as they are."""
    lines = under("listen", 5, made("openat", 9, path="/proc/sys/net"), made("listen", fd=5, backlog=9))

    assert ['openat("/proc/sys/net") = 9', "listen(5, 9) = 0"] == texts(lines)


def test_many_besides() -> None:
    """Of others that are many, their names."""
    lines = under("listen", 5, *file("/a"), *file("/b"), made("listen", fd=5, backlog=9))

    assert "6 system calls, 51 ns: openat 2, read 2, close 2" == texts(lines)[0]


def test_repeats() -> None:
    """Alike three times or more in a row is one line, with the bytes that they moved."""
    piece = made("sendto", 1000, fd=5, data="x", size=9, bytes=1000)

    assert ["3 times sendto on fd 5: 3,000 bytes in all"] == texts(under("sendall", 5, *[piece] * 3))
    assert 2 == len(under("sendall", 5, *[piece] * 2))


def test_patterns() -> None:
    """With a timeout, sendall of much data is poll and sendto again and again: one line, and what does not fit is apart."""
    poll = made("poll", 1, fds=[[5, "POLLOUT"]], timeout=5000, ready=[[5, "POLLOUT"]])
    send = made("sendto", 1000, fd=5, size=9, bytes=1000)
    lines = under("sendall", 5, *[poll, send] * 20, poll)

    assert [
        "20 times poll, sendto on fd 5: 20,000 bytes in all",
        "poll([5 OUT], 5000 ms) = 1 (5 OUT)",
    ] == texts(lines)
    assert 41 == sum(len(line.rows) for line in lines)


def test_refused_again_and_again() -> None:
    """A "not yet" that is repeated keeps its errno."""
    (line,) = under("recv", 5, *[made("recvfrom", fd=5, errno="EAGAIN")] * 4)

    assert ("4 times recvfrom on fd 5: -1 EAGAIN each time", True) == (line.text, line.not_yet)
    assert "4 times recvfrom on fd 5: EAGAIN each time" == line.aloud


def test_tls() -> None:
    """What the TLS library reads and writes under a recv or send is marked: CPython's own sockets never read()."""
    reads = [made("read", size, fd=5, size=size, bytes=size) for size in (5, 22)]

    assert ["TLS: read(5, 5) = 5", "read(5, 22) = 22"] == texts(under("recv", 5, *reads))
    assert ["TLS: write(5, 27) = 27"] == texts(
        under("sendall", 5, made("write", 27, fd=5, size=27, bytes=27))
    )
    assert "TLS" not in str(texts(under("getaddrinfo", None, *file("/etc/hosts"), host="h")))


@pytest.mark.parametrize(
    ("op", "fd", "fields", "told"),
    [
        ("register", 5, {}, ["no system call: only Python takes note"]),
        ("modify", 5, {}, ["no system call: only Python takes note"]),
        ("unregister", 5, {}, ["no system call: only Python takes note"]),
        ("selector", None, {}, ["no system call"]),
        ("close", None, {"what": "selector"}, ["no system call"]),
        ("recv", 5, {"bytes": 9, "result": 9}, ["no system call: the TLS library had these bytes"]),
        ("recv", 5, {"exc": "ValueError"}, ["no system call"]),
        # Of these it cannot be said, or says nothing.
        ("getaddrinfo", None, {"host": "localhost"}, []),
        ("close", 5, {"by": "garbage collection"}, []),
        ("selector", 3, {}, []),
        ("detach", 5, {}, []),
        ("register", 5, {"importing": True}, []),
        ("unheard", 5, {}, []),
    ],
)
def test_no_system_call(op: str, fd: int | None, fields: dict[str, Any], told: list[str]) -> None:
    """Where one might be expected and it is certain that there was none, that is said: a selector of poll costs nothing."""
    story = Story()
    story.socket(90, at=0, took=5)
    story.add(KERNEL, "socket", 1, 2, args={}, result=90, fd=90)
    story.call(op, fd, **fields)
    found = join(story.raw())
    assert found is not None

    assert told == texts(beneath([len(story.events) - 1], found, story.raw()))
    story.add(KERNEL, "connect", 900, 901, args={}, fd=5, result=0)  # a stray one: now nothing is certain
    doubtful = join(story.raw())
    assert doubtful is not None
    assert () == beneath([len(story.events) - 2], doubtful, story.raw())


def test_of_what_never_returned_nothing_is_said() -> None:
    """A call that never returned may have been about to make its system call."""
    assert () == under("register", 5, took=None)


def test_several_calls() -> None:
    """Under calls that are folded, each kind of system call is counted, and no row is left out."""
    poll = made("poll", 1, fds=[[5, "POLLIN"]], timeout=5000, ready=[[5, "POLLIN"]])
    read = made("recvfrom", 100, fd=5, size=100, bytes=100)
    lines = under("recv", 5, poll, read, times=4, bytes=100, result=100)

    assert ["4 times poll: one after another", "4 times recvfrom on fd 5: 400 bytes in all"] == texts(lines)
    assert 8 == sum(len(line.rows) for line in lines)


def test_several_lookups() -> None:
    """Folded lookups are one line, and not one for each descriptor that they happened to use."""
    (line,) = under("getaddrinfo", None, *file("/etc/hosts"), times=3, host="localhost", port=80)

    assert "9 system calls: looking up 'localhost'" == line.text


SOME = st.sampled_from((
    made("poll", 1, fds=[[5, "POLLOUT"]], ready=[[5, "POLLOUT"]]), made("sendto", 9, fd=5, bytes=9),
    made("sendto", fd=5, errno="EAGAIN"), made("read", 9, fd=9, what="/etc/hosts"), made("openat", 9, path=CODEC),
))  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.lists(SOME, max_size=40), st.integers(1, 3))
def test_no_row_is_lost(made_: list[Event], times: int) -> None:
    """Whatever is folded with whatever: each system call is in exactly one line, in order for a single call."""
    lines = under("sendall", 5, *made_, times=times, address="localhost:1")
    rows = [row for line in lines for row in line.rows]

    assert len(made_) * times == len(set(rows)) == len(rows)
    assert times > 1 or rows == sorted(rows)


def test_names() -> None:
    """Names with how often, in order of appearance."""
    assert "openat 2, read" == names(iter(["openat", "read", "openat"]))
