"""One sentence for every event."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import MS, THERE, US, Story, fetch
from tracedemo.analysis.sentences import Context, answer_text, call_text, context, sentence, who
from tracedemo.events import LANES, MARKS, Event, Header, Site, Trace
from tracedemo.syscalls import ERRNO_MEANINGS, OPERATIONS, STEPS

READY = [[4, "WRITE"], [5, "READ|WRITE"]]
ADDRESSES = ["127.0.0.1:80", "[::1]:80"]
REFUSED = {"errno": "ECONNREFUSED", "exc": "ConnectionRefusedError"}
EAGAIN = {"errno": "EAGAIN", "exc": "BlockingIOError"}
WAITED = {"took": 30 * MS, "could_wait": True}


def event(op: str, fd: int | None = None, **fields: Any) -> Event:
    return Story().call(op, fd, **fields)


@pytest.mark.parametrize(
    ("op", "fd", "fields", "expected"),
    [
        ("getaddrinfo", None, {"host": "here", "result": ADDRESSES},
         "The program looks up here: 2 addresses: 127.0.0.1:80, [::1]:80."),
        ("getaddrinfo", None, {"host": "here", "result": [THERE], **WAITED},
         "The program waits 30 milliseconds while here is looked up: 127.0.0.1:8000."),
        ("getaddrinfo", None, {"host": "nowhere", "port": 80, "exc": "gaierror"},
         "The program calls getaddrinfo(nowhere, 80), which fails: gaierror."),
        ("socket", 4, {"result": 4}, "The program makes a socket: fd 4."),
        ("socket", None, {"errno": "EMFILE", "exc": "OSError", "family": "AF_INET"},
         "The program calls socket(AF_INET), which fails: EMFILE, this process has no descriptor left (OSError)."),
        ("socketpair", 4, {"result": [4, 5]}, "The program makes a pair of connected sockets: fd 4, 5."),
        ("dup", 4, {"result": 9}, "The program makes a second descriptor for fd 4: fd 9."),
        ("setblocking", 4, {"mode": "non-blocking"}, "The program switches fd 4 to non-blocking."),
        ("settimeout", 4, {"timeout": 2.5}, "The program gives calls on fd 4 a timeout of 2.5 s."),
        ("settimeout", 4, {"timeout": None}, "The program gives calls on fd 4 no timeout: they may wait for ever."),
        ("settimeout", 4, {"timeout": 0},
         "The program gives calls on fd 4 no time to wait: they answer at once."),
        ("settimeout", 4, {}, "The program gives calls on fd 4 another timeout."),
        ("setsockopt", 4, {"option": "SO_REUSEADDR", "value": 1}, "The program sets SO_REUSEADDR of fd 4 to 1."),
        ("getsockopt", 4, {"option": "SO_ERROR", "result": 111}, "The program reads SO_ERROR of fd 4: ECONNREFUSED."),
        ("getsockopt", 4, {"option": "SO_ERROR", "result": 0}, "The program reads SO_ERROR of fd 4: no error."),
        ("getsockopt", 4, {"option": "SO_SNDBUF", "result": 4096}, "The program reads SO_SNDBUF of fd 4: 4096."),
        ("getsockname", 4, {"result": THERE}, "The program asks for the local address of fd 4: 127.0.0.1:8000."),
        ("bind", 4, {"address": "unix:@x"}, "The program binds fd 4 to unix:@x."),
        ("listen", 4, {"backlog": 5}, "The program listens on fd 4, backlog 5."),
        ("connect", 4, {"address": THERE}, "The program connects fd 4 to 127.0.0.1:8000."),
        ("connect", 4, {"address": THERE, "errno": "EINPROGRESS", "exc": "BlockingIOError"},
         "The program starts to connect fd 4 to 127.0.0.1:8000: the handshake goes on without us (EINPROGRESS)."),
        ("connect", 4, {"address": THERE, **WAITED},
         "The program waits 30 milliseconds in connect() until fd 4 is connected to 127.0.0.1:8000."),
        ("connect", 4, {"address": THERE, **REFUSED},
         ("The program calls connect(127.0.0.1:8000) on fd 4, which fails: ECONNREFUSED, nobody listens at that"
         " address (ConnectionRefusedError).")),
        ("connect_ex", 4, {"address": THERE, "errno": "ECONNREFUSED", **WAITED},
         ("The program calls connect_ex(127.0.0.1:8000) on fd 4, which fails after 30 milliseconds: ECONNREFUSED,"
         " nobody listens at that address.")),
        ("accept", 3, {"result": 7, "new_fd": 7, "peer": "127.0.0.1:5"},
         "The program accepts a connection on fd 3: fd 7 from 127.0.0.1:5."),
        ("accept", 3, EAGAIN, "The program asks fd 3 for a new connection: nobody there yet (EAGAIN)."),
        ("accept", 3, {"result": 7, **WAITED},
         "The program waits 30 milliseconds in accept() on fd 3, then accepts a connection: fd 7."),
        ("send", 4, {"size": 49, "bytes": 49}, "The program sends 49 bytes on fd 4."),
        ("sendall", 4, {"size": 1}, "The program sends 1 byte on fd 4."),
        ("sendto", 4, {"size": 5, "bytes": 5, "address": THERE}, "The program sends 5 bytes on fd 4 to 127.0.0.1:8000."),
        ("send", 4, EAGAIN, "The program cannot send on fd 4 now: the send buffer is full (EAGAIN)."),
        ("recv", 4, {"size": 4096, "bytes": 400}, "The program reads 400 bytes from fd 4."),
        ("recv", 4, {"size": 4096, "bytes": 0},
         "The program reads the end of the stream from fd 4: the other side has finished."),
        ("recv", 4, {"size": 4096, "bytes": 0, **WAITED},
         ("The program waits 30 milliseconds in recv() for fd 4, then reads the end of the stream: the other side has"
         " finished.")),
        ("recv", 4, {"size": 0, "bytes": 0}, "The program reads 0 bytes from fd 4."),
        ("recvfrom", 4, {"size": 9, "bytes": 0, "peer": THERE}, "The program reads 0 bytes from fd 4."),
        ("recv", 4, EAGAIN, "The program asks fd 4 for data: nothing there yet (EAGAIN)."),
        ("recv", 4, EAGAIN | WAITED,
         "The program asks fd 4 for data: nothing there yet (EAGAIN) after 30 milliseconds."),
        ("recv", 4, {"size": 9, "took": None},
         "The program calls recv(9) on fd 4, which had not returned when the trace ended."),
        ("recv", 4, {"size": 9, "exc": "TimeoutError", "took": 1000 * MS, "could_wait": True},
         "The program calls recv(9) on fd 4, which fails after 1 second: TimeoutError."),
        ("getpeername", 4, EAGAIN,
         "The program calls getpeername() on fd 4: nothing to say yet, ask again later (EAGAIN)."),
        ("select", 3, {"watched": 2, "result": READY, "took": 60 * US, "could_wait": True},
         ("The program sleeps 60 microseconds in select() with 2 sockets watched; 2 ready: fd 4 (WRITE), fd 5 (READ and"
         " WRITE).")),
        ("select", 3, {"watched": 1, "result": []}, "The program asks select() about 1 socket: none is ready."),
        ("poll", None, {"result": [[4, ""]]}, "The program asks poll() about its sockets: 1 ready: fd 4."),
        ("selector", 3, {"selector": "epoll", "importing": True},
         "The program makes a selector: epoll, while a library is imported."),
        ("selector", 3, {"selector": "EpollSelector"}, "The program makes a selector: EpollSelector."),
        ("register", 4, {"events": "READ|WRITE"}, "The program has fd 4 watched for READ and WRITE."),
        ("unregister", 4, {}, "The program ends the watch on fd 4."),
        ("close", 4, {}, "The program closes fd 4."),
        ("close", 4, {"by": "garbage collection"},
         "The program closes fd 4, by garbage collection: nobody had closed it."),
        ("close", 3, {"what": "epoll"}, "The program closes the epoll object, fd 3."),
        ("close", None, {"what": "selector"}, "The program closes the selector."),
        ("teleport", 4, {"to": "Mars", "result": 3}, "The program calls teleport(to=Mars) on fd 4: 3."),
        ("connect", None, {}, "The program connects a socket to an address."),
        ("shutdown", 4, {"how": "SHUT_WR", "took": 60 * US}, "The program shuts down fd 4 (SHUT_WR)."),
    ],
)  # fmt: skip
def test_calls(op: str, fd: int | None, fields: dict[str, Any], expected: str) -> None:
    """Every call is told in one sentence, chosen by its answer."""
    assert expected == sentence(event(op, fd, **fields))


def test_waiting_call_without_words_of_its_own() -> None:
    """A call that waited, and whose row has no clause for that, is told with its time."""
    assert "The program ends TLS on fd 4, after 30 milliseconds." == sentence(event("unwrap", 4, **WAITED))


def test_steps_and_server() -> None:
    """Steps of generators and what the server did are told, too, the server's with the client's name."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    trace = story.trace()
    told = context(trace)
    sentences = {(it.lane, it.op): sentence(it, told) for it in reversed(list(trace))}

    assert "fetch_data #1 starts." == sentences["flow", "start"]
    assert "fetch_data #1 yields fd 4, WRITE, and is parked." == sentences["flow", "yield"]
    assert "fetch_data #1 goes on." == sentences["flow", "resume"]
    assert "fetch_data #1 is finished." == sentences["flow", "return"]
    assert "The server accepts the connection from fetch_data #1." == sentences["server", "accepted"]
    assert "The server sends piece 1, 400 bytes to fetch_data #1." == sentences["server", "sent"]
    assert "The server closes the connection to fetch_data #1." == sentences["server", "closed"]
    assert "(tracedemo notes the local port of fd 4: 127.0.0.1:5000)" == sentences["python", "port"]
    assert "fetch_data #1 sends 49 bytes on fd 4 to 127.0.0.1:8000." == sentences["python", "send"]
    assert sentences["python", "select"].startswith(
        "The loop sleeps 1 millisecond in select() with 1 socket watched"
    )
    assert "server" == who(next(trace.lane("server")), told)


def test_server_without_knowledge() -> None:
    """Where the client is not known, its address is told, or nothing."""
    story = Story()
    story.server("sent", "127.0.0.1:5", 10, 400, piece=2)
    story.server("refused", "", 11)
    story.server("error", "127.0.0.1:5", 12, detail="no request\x1b")
    story.server("danced", "127.0.0.1:5", 13)

    assert [
        "The server sends piece 2, 400 bytes to 127.0.0.1:5.",
        "The server refuses a connection.",
        r"The server cannot serve the client from 127.0.0.1:5: no request\x1b.",
        "The server danced.",
    ] == [sentence(it) for it in story.raw()]


def test_client_without_a_name() -> None:
    """A client that is only a number is told with its address."""
    story = Story()
    story.socket(4)
    story.connect(4, "127.0.0.1:5")
    story.server("sent", "127.0.0.1:5", 90, 400, piece=2)
    trace = story.trace()

    assert "The server sends piece 2, 400 bytes to conn 1 (127.0.0.1:5)." == sentence(
        trace[-1], context(trace)
    )


def test_kernel_lane() -> None:
    """A system call is told as such."""
    told = Event(0, "kernel", "recvfrom", 0, 5, 1, 1, fd=4, errno="EAGAIN")

    assert "The program makes the system call recvfrom on fd 4: EAGAIN." == sentence(told)
    assert "which fails: EPIPE" in sentence(told._replace(errno="EPIPE"))


def test_tools_findings() -> None:
    """A deadlock is told in the recorder's own words."""
    told = event("deadlock", mark="tracer", detail="Everything waits: fd 4", fds=[4])

    assert "Everything waits: fd 4." == sentence(told)
    assert "tracedemo" == who(told)


def test_marks() -> None:
    """What the tool put in, and what came back too late, is said."""
    assert "The program closes fd 4 (put in by tracedemo)." == sentence(event("close", 4, mark="injected"))
    assert sentence(event("close", 4, mark="late")).endswith("(it returned when the recording was over).")


def test_who_is_named() -> None:
    """An owner is named as it is, the loop as such, a thread by its number if there are several."""
    one, several = Context(), Context(threads=2, labels={1: "conn 1"})

    assert "fetch #1 closes fd 4." == sentence(event("close", 4, owner="fetch #1"), one)
    assert "The loop closes fd 4." == sentence(event("close", 4, owner="loop"), one)
    assert "The main thread closes fd 4." == sentence(event("close", 4), several)
    assert "Thread 101 closes fd 4." == sentence(event("close", 4, tid=101), several)
    assert ["main thread", "thread 7"] == [who(event("send", tid=tid, conn=1), several) for tid in (100, 7)]
    assert ["fetch #1", "loop", "conn 1", "conn 2", ""] == [
        who(it, one)
        for it in (event("close", owner="fetch #1"), event("select", owner="loop"), event("send", conn=1),
                   event("send", conn=2), event("getaddrinfo"))
    ]  # fmt: skip


def test_context() -> None:
    """The context knows peers and labels by connection, and how many threads and processes there are."""
    story = Story()
    story.call("connect", 4, address=THERE, owner="a #1")
    story.send(4, tid=9, owner="a #1")
    found = context(story.trace())

    assert ({1: THERE}, {1: "a #1"}, 2, 1) == (found.peers, found.labels, found.threads, found.processes)
    assert Context(threads=0, processes=0) == context(Trace())


def test_of_which_process() -> None:
    """Among several processes a thread is said to be of one of them."""
    event = Event(0, "python", "close", 0, 5, 70, 70, fd=4)

    assert "The main thread of process 70 closes fd 4." == sentence(event, Context(threads=2, processes=2))


@pytest.mark.parametrize(
    ("op", "fields", "call", "answer"),
    [
        ("connect", {"address": THERE, "errno": "EINPROGRESS"}, "connect(127.0.0.1:8000)", "EINPROGRESS"),
        ("select", {"watched": 3, "timeout": None, "result": READY}, "select(3 watched)", "2 ready: fd 4, 5"),
        (
            "select",
            {"watched": 3, "timeout": 0.5, "result": []},
            "select(3 watched, at most 500 ms)",
            "nothing ready",
        ),
        ("select", {"watched": 3, "timeout": 0}, "select(3 watched, no wait)", "nothing ready"),
        ("send", {"size": 49, "bytes": 49}, "send(49 bytes)", "49 bytes"),
        ("sendall", {"size": 49}, "sendall(49 bytes)", "49 bytes"),
        ("sendto", {"size": 49, "address": THERE, "bytes": 9}, "sendto(49 bytes, 127.0.0.1:8000)", "9 bytes"),
        ("recv", {"size": 4096, "bytes": 400}, "recv(4096)", "400 bytes"),
        ("recv", {"size": 4096, "bytes": 0}, "recv(4096)", "end of stream"),
        ("recv", {"took": None}, "recv()", "never returned"),
        ("recv", {"exc": "TimeoutError"}, "recv()", "TimeoutError"),
        (
            "socket",
            {"family": "AF_INET", "type": "SOCK_STREAM", "result": 4},
            "socket(AF_INET, SOCK_STREAM)",
            "fd 4",
        ),
        ("socket", {"family": "AF_INET", "fileno": 4, "result": 4}, "socket(AF_INET, from fd 4)", "fd 4"),
        ("socketpair", {"result": [4, 5]}, "socketpair()", "fd 4, 5"),
        ("accept", {"new_fd": 7, "peer": "p", "result": 7}, "accept()", "fd 7 from p"),
        ("dup", {"result": 8}, "dup()", "fd 8"),
        ("setblocking", {"mode": "non-blocking"}, "setblocking(False)", "ok"),
        ("settimeout", {"timeout": None, "mode": "blocking"}, "settimeout(None)", "ok"),
        ("settimeout", {"timeout": 2}, "settimeout(2 s)", "ok"),
        ("getaddrinfo", {"host": "h", "port": 80, "result": ["a"]}, "getaddrinfo(h, 80)", "a"),
        ("getaddrinfo", {"host": "h", "result": []}, "getaddrinfo(h)", "nothing"),
        ("register", {"events": "READ", "selector": "EpollSelector"}, "register(READ)", "ok"),
        ("selector", {"selector": "EpollSelector"}, "EpollSelector()", "ok"),
        ("close", {"by": "garbage collection"}, "close()", "ok"),
        ("getsockname", {"result": THERE}, "getsockname()", THERE),
        ("teleport", {"to": "Mars\x1b", "could_wait": True}, r"teleport(to=Mars\x1b)", "ok"),
    ],
)
def test_short_forms(op: str, fields: dict[str, Any], call: str, answer: str) -> None:
    """The log's call and answer are short, and an answer is never cut."""
    found = event(op, **fields)

    assert (call, answer) == (call_text(found), answer_text(found))


def test_short_forms_of_other_lanes() -> None:
    """Steps and server events have short forms as well."""
    story = Story()
    story.step("yield", "a #1", value="fd 4, READ")
    story.step("resume", "a #1")
    story.server("sent", "p", 50, 400, piece=2)
    story.server("accepted", "p", 60)

    assert [("yield fd 4, READ", ""), ("resume", ""), ("sent piece 2", "400 bytes"), ("accepted", "")] == [
        (call_text(it), answer_text(it)) for it in story.raw()
    ]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_every_operation_has_sentences(row: Any) -> None:
    """Every row of the table gives a sentence for success, waiting, "not yet", failure and no return, with all its
    places filled, even when nothing else was recorded.
    """
    for fields in ({}, WAITED, EAGAIN, EAGAIN | WAITED, REFUSED, {"took": None}, {"bytes": 0}):
        said = sentence(event(row.name, **fields))

        assert not re.search(r"[{}]|None", said)
        assert said.endswith(".")


@pytest.mark.parametrize("row", STEPS, ids=lambda row: f"{row.lane}-{row.name}")
def test_every_step_has_a_sentence(row: Any) -> None:
    """Every row for the other lanes gives a sentence with all its places filled."""
    said = sentence(Event(0, row.lane, row.name, 0, 0, 1, 1, mark="tracer" if row.lane == "python" else None))

    assert not re.search(r"[{}]|None", said)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(), st.text(max_size=8),
    st.lists(st.one_of(st.none(), st.integers(-9, 9), st.lists(st.integers(-9, 9), max_size=3)), max_size=3),
)  # fmt: skip
NAMES = sorted({row.name for row in OPERATIONS} | {row.name for row in STEPS} | {"teleport", "\x1b", ""})
ARGUMENTS = sorted({name for row in (*OPERATIONS, *STEPS) for name in re.findall(r"arg\[(\w+)\]", row.says)})
ANYTHING = st.builds(
    Event,
    seq=st.just(0),
    lane=st.sampled_from([*LANES, "\x1b"]),
    op=st.sampled_from(NAMES),
    t0=st.integers(0, 10**12),
    t1=st.one_of(st.none(), st.integers(10**12, 10**13)),
    pid=st.just(1),
    tid=st.just(1),
    owner=st.one_of(st.none(), st.text(max_size=5), st.just("loop")),
    fd=st.one_of(st.none(), st.integers(0, 9)),
    conn=st.one_of(st.none(), st.integers(1, 3)),
    args=st.dictionaries(
        st.sampled_from(
            [*ARGUMENTS, "size", "peer", "timeout", "watched", "could_wait", "by", "what", "zzz"]
        ),
        VALUES,
        max_size=6,
    ),
    result=VALUES,
    errno=st.one_of(st.none(), st.sampled_from([*ERRNO_MEANINGS, "E#99", "\x1b"])),
    exc=st.one_of(st.none(), st.just("BlockingIOError"), st.text(max_size=4)),
    bytes=st.one_of(st.none(), st.integers(0, 9)),
    site=st.one_of(st.none(), st.just(Site("a.py", 1, "f"))),
    user_site=st.none(),
    mark=st.sampled_from([None, *MARKS]),
)


@settings(deadline=None)
@given(ANYTHING)
def test_sentences_never_raise(found: Event) -> None:
    """Whatever a file holds, each event has a sentence and short forms, on one line and without control characters."""
    told = Context(
        header=Header(server={"pace": "lockstep"}), peers={1: "p\x1b"}, labels={1: "l\n", 2: "conn 2"}
    )
    for text in (
        sentence(found),
        sentence(found, told),
        call_text(found),
        answer_text(found),
        who(found, told),
    ):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", text)
    assert sentence(found)
