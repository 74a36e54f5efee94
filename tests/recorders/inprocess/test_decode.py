"""What is read of a spool: of a whole one every detail, of a broken one what there is, and never a crash."""

from __future__ import annotations

import functools
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recorders.conftest import InProcess, Record
from tracedemo.errors import RecorderError
from tracedemo.events import FLOW, LANES, PYTHON, Event, Header, Trace
from tracedemo.recorders.inprocess import layout, spool
from tracedemo.recorders.inprocess.decode import Recording, read_spool, spool_heads
from tracedemo.recorders.inprocess.spool import Spool
from tracedemo.variants import VARIANTS


@functools.cache
def good(first: int = 0) -> bytes:
    """A small spool with a bit of everything in it; the last is kept, or so many of the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recorder = InProcess(folder, slots=first or 64, chunks=128, first=bool(first))
        with recorder, socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname(), timeout=5)
            accepted, _ = server.accept()
            client.sendall(b"abc")
            accepted.recv(2, socket.MSG_PEEK)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setblocking(False)
            try:
                accepted.recv(9), accepted.recv(9)
            except BlockingIOError:
                pass
            socket.getaddrinfo("127.0.0.1", 80)
            client.close(), accepted.close()
        spool = recorder.spool
        for number in range(3):
            n = spool.next_flow()
            at = spool.flow_at + (n & spool.flow_mask)
            op = layout.OP[("start", "yield", "return")[number]]
            word = spool.fact("fetch" if number == 0 else "fd 3, WRITE")
            layout.OPEN.pack_into(spool.map, at, n, 5, 3, 0, 9, 1, op, word << 32 | 1, 5)
        return next(folder.glob("*.spool")).read_bytes()


def read(data: bytes, tmp_path: Path) -> Recording:
    path = tmp_path / "1.spool"
    path.write_bytes(data)
    return read_spool(path)


def assert_consistent(recording: Recording, first: int = 0) -> None:
    """Counts add up, and the rows can be made into a Trace; where the first are kept, later ones are counted only."""
    for lane in (PYTHON, FLOW):
        rows = [event for event in recording.events if event.lane == lane]
        made = rows[-1].seq + 1 if rows else 0
        assert made == max((event.seq + 1 for event in rows), default=0)
        lost = made - len(rows)
        assert lost <= recording.dropped[lane] if first else lost == recording.dropped[lane]
        assert len({event.seq for event in rows}) == len(rows)
    assert all(count >= 0 for count in recording.dropped.values())
    for event in recording.events:
        assert event.lane in LANES
        assert isinstance(event.op, str)
        assert event.t1 is None or event.t1 >= event.t0
        assert event.errno is None or isinstance(event.errno, str)
    assert len(recording.events) == len(Trace(Header(), recording.events).sorted())


def test_a_whole_spool(tmp_path: Path) -> None:
    """Every detail that was written is read: arguments, answers, names, lines."""
    recording = read(good(), tmp_path)

    assert_consistent(recording)
    assert {PYTHON: 0, FLOW: 0, "facts": 0} == recording.dropped
    # Whether a call tells CPU time is up to the clock.
    events = [
        event._replace(args={name: value for name, value in event.args.items() if name != "cpu"})
        for event in recording.events
        if event.lane == PYTHON
    ]
    assert {os.getpid()} == {event.pid for event in events}
    told = {event.op: event for event in events}
    assert {"size": 2, "flags": "MSG_PEEK", "could_wait": True} == next(
        event.args for event in events if event.op == "recv"
    )
    assert ("EAGAIN", "BlockingIOError", None) == (told["recv"].errno, told["recv"].exc, told["recv"].result)
    assert {"level": "IPPROTO_TCP", "option": "TCP_NODELAY", "value": 1} == told["setsockopt"].args
    assert {"mode": "non-blocking"} == told["setblocking"].args
    assert {"timeout": 5, "mode": "timeout"} == told["settimeout"].args
    assert ("127.0.0.1:80",) == told["getaddrinfo"].result
    assert told["accept"].args["peer"].startswith("127.0.0.1:")
    assert Path(__file__).name == Path(told["recv"].site.file).name
    assert "good" == told["recv"].site.function
    assert "create_connection" == told["connect"].site.function
    assert told["recv"].site.file == told["connect"].user_site.file
    steps = [event for event in recording.events if event.lane == FLOW]
    assert ["start", "yield", "return"] == [event.op for event in steps]
    assert {"fetch #1"} == {event.owner for event in steps}
    assert {"generator": "fetch", "value": "fd 3, WRITE"} == steps[1].args


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(good())))
def test_a_spool_that_was_cut(length: int) -> None:
    """Of a spool that was cut short it is said that it is damaged, wherever the cut is; nothing else is raised."""
    with tempfile.TemporaryDirectory() as name:
        try:
            assert_consistent(read(good()[:length], Path(name)))
        except RecorderError as error:
            assert "1.spool" in str(error)  # noqa: PT017  # either it is read, or it is refused like this
        else:
            assert length == len(good())


def places_worth_damaging(data: bytes) -> st.SearchStrategy[int]:
    """Bytes of the header, of records in use, and of chunks in use: most of a spool is empty."""
    _, _, slots, flow_slots, *_ = layout.HEADER.unpack_from(data)
    flow = layout.PAGE + slots * layout.SIZE
    chunks = flow + flow_slots * layout.SIZE
    spares = layout.PAGE + slots // 2 * layout.SIZE
    return st.one_of(
        st.integers(0, layout.KEEP_AT + layout.KEEP.size - 1),
        st.integers(layout.PAGE, layout.PAGE + 40 * layout.SIZE),
        st.integers(spares, spares + 30 * layout.SIZE),
        st.integers(flow, flow + 8 * layout.SIZE),
        st.integers(chunks, len(data) - 1),
    )


@pytest.mark.parametrize("first", [0, 9], ids=["the last are kept", "the first are kept"])
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_spool_with_wrong_bytes(first: int, data: st.DataObject) -> None:
    """Wherever bytes are wrong, what can be read is read, the counts add up, and the worst is a RecorderError."""
    raw = bytearray(good(first))
    places = st.tuples(places_worth_damaging(raw), st.integers(0, 255))
    damage = data.draw(st.lists(places, min_size=1, max_size=30))
    for place, byte in damage:
        raw[place] = byte
    with tempfile.TemporaryDirectory() as name:
        try:
            assert_consistent(read(bytes(raw), Path(name)), first)
        except RecorderError:
            assert min(place for place, _ in damage) < layout.PAGE


@pytest.mark.parametrize("keep", [-1, 1, 31, 1 << 62])
def test_a_spool_that_says_to_keep_too_much(keep: int, tmp_path: Path) -> None:
    """A head that wants more, or less than nothing, of the first kept than a ring has room for is said to be damaged."""
    raw = bytearray(good())
    layout.KEEP.pack_into(raw, layout.KEEP_AT, keep, 0)

    with pytest.raises(RecorderError, match="keeps more than it has room for"):
        read(bytes(raw), tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_record_of_any_numbers(data: st.DataObject) -> None:
    """A record that holds any numbers at all is read as something."""
    number = st.integers(-(2**63), 2**63 - 1)
    raw = bytearray(good())
    for slot in range(1, 12):
        at = layout.PAGE + slot * layout.SIZE
        op = data.draw(st.integers(0, 2**15 - 1))
        layout.OPEN.pack_into(
            raw, at, slot * layout.SIZE, data.draw(st.integers(1, 2**62)), data.draw(st.integers(-(2**31), 2**31 - 1)),
            data.draw(st.integers(-(2**31), 2**31 - 1)), data.draw(st.integers(0, 50)), 1, op, data.draw(number), 0,
        )  # fmt: skip
        layout.CLOSE.pack_into(
            raw, at + layout.CLOSE_AT, data.draw(number), data.draw(number), *([0] * (len(layout.CLOSE.unpack(
                bytes(layout.CLOSE.size))) - 2)),
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        assert_consistent(read(bytes(raw), Path(name)))


def literals() -> st.SearchStrategy[Any]:
    """What a text in a chunk may say."""
    plain = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9)
    )
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(
        st.text(max_size=3), inner, max_size=2), max_leaves=6)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 12),
    st.integers(0, 40),
    st.lists(literals(), max_size=5),
    st.sampled_from(["", "[", "'\\d'", "\0", "("]),
)
def test_a_fact_of_any_kind(kind: int, key: int, values: list[Any], ending: str) -> None:
    """A chunk of any kind, under any key, may say anything, and even be no Python."""
    with tempfile.TemporaryDirectory() as name:
        data = bytearray(good())
        text = (repr(tuple(values)) + ending).encode("utf-8", "surrogatepass")[: layout.ROOM]
        at = len(data) - 20 * layout.CHUNK_SIZE
        layout.CHUNK.pack_into(data, at, key, kind, 0, len(text), text)
        assert_consistent(read(bytes(data), Path(name)))


def test_no_spool_at_all(tmp_path: Path) -> None:
    """A file that is no spool, an empty one, or one of another version, is refused by name."""
    for data in (b"", b"x" * 10, b"x" * 10_000, b"TDSPOOL0" + bytes(10_000)):
        with pytest.raises(RecorderError, match=r"1\.spool"):
            read(data, tmp_path)
    assert [] == spool_heads(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        read_spool(tmp_path / "2.spool")


def test_processes_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    """The heads of spools come parents first, and a file that was never begun is left out."""
    spools = [Spool(str(tmp_path), 8, 8, 32) for _ in range(3)]
    (tmp_path / "77.spool").write_bytes(b"")

    heads = spool_heads(tmp_path)

    assert 3 == len(heads)
    assert sorted(head.started for head in heads) == [head.started for head in heads]
    assert {(os.getpid(), os.getppid())} == {(head.pid, head.parent) for head in heads}
    for one in spools:
        one.close()


def test_an_argument_is_shown_as_it_was_given(record: Record) -> None:
    """Addresses, flags, masks, times and options stand in the trace by name, and what is unknown is left out."""
    done = record("""
        import select, selectors, socket
        left, right = socket.socketpair()
        server = socket.socket(socket.AF_UNIX)
        server.bind("\\0an abstract name")
        server.listen(7)
        left.send(b"abc", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        right.recv_into(bytearray(9), 2)
        right.recv_into(buffer=bytearray(9))
        left.sendmsg([b"ab", bytearray(3)], [], socket.MSG_DONTWAIT)
        right.recvmsg(9, 0, socket.MSG_PEEK)
        right.recvfrom(9)
        left.settimeout(0.25)
        left.shutdown(socket.SHUT_RDWR)
        poll, epoll = select.poll(), select.epoll()
        poll.register(left), poll.poll(1500)
        epoll.register(left), epoll.poll(0)
        epoll.register(right, select.EPOLLIN | select.EPOLLET)
        selector = selectors.DefaultSelector()
        selector.register(left, selectors.EVENT_READ | selectors.EVENT_WRITE)
        selector.select(2_000_000)
        selector.modify(fileobj=left, events=selectors.EVENT_READ)
        selector.unregister(fileobj=left)
        for sock in (left, right, server):
            sock.close()
        six = socket.socket(socket.AF_INET6)
        six.bind(("::1", 0)) if socket.has_ipv6 else None
        six.connect_ex(("::1", 1))
        six.close()
        socket.socket(fileno=socket.socket().detach()).close()
        try:
            socket.getaddrinfo("nowhere.invalid", 80, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            pass
    """)

    assert (0, "") == (done.exit_code, done.complaints)
    rows: dict[str, list[Event]] = {}
    for event in done.trace.lane(PYTHON):
        if "importing" not in event.args:
            rows.setdefault(event.op, []).append(event)

    def args(op: str, number: int = 0) -> dict[str, Any]:
        return {
            key: value for key, value in rows[op][number].args.items() if key not in ("could_wait", "cpu")
        }

    assert {"address": "unix:@an abstract name"} == args("bind")
    assert {"backlog": 7} == args("listen")
    assert {"size": 3, "flags": "MSG_DONTWAIT|MSG_NOSIGNAL"} == args("send")
    assert "could_wait" not in rows["send"][0].args
    assert [{"size": 2}, {"size": 9}] == [args("recv_into", 0), args("recv_into", 1)]
    assert [2, 1] == [event.bytes for event in rows["recv_into"]]
    assert {"size": 5, "flags": "MSG_DONTWAIT"} == args("sendmsg")
    assert {"size": 9, "flags": "MSG_PEEK"} == args("recvmsg")
    assert 5 == rows["recvfrom"][0].bytes
    assert {"timeout": 0.25, "mode": "timeout"} == args("settimeout")
    assert {"how": "SHUT_RDWR"} == args("shutdown")
    kinds = ["poll", "epoll", "epoll", "EpollSelector"]
    assert kinds == [event.args["selector"] for event in rows["register"]]
    assert ["IN|PRI|OUT", "IN|PRI|OUT", "IN|ET", "READ|WRITE"] == [
        event.args["events"] for event in rows["register"]
    ]
    assert {1.5} == {event.args["timeout"] for event in rows["poll"] if event.args["selector"] == "poll"}
    assert {0} == {event.args["timeout"] for event in rows["poll"] if event.args["selector"] == "epoll"}
    assert 2_000_000 == args("select")["timeout"]
    assert {"events": "READ", "selector": "EpollSelector"} == args("modify")
    assert rows["unregister"][0].fd == rows["modify"][0].fd == rows["register"][3].fd
    assert {"address": "[::1]:1"} == args("connect_ex")
    assert rows["connect_ex"][0].errno in ("ECONNREFUSED", "EADDRNOTAVAIL", "ENETUNREACH")
    assert ("gaierror", None) == (rows["getaddrinfo"][0].exc, rows["getaddrinfo"][0].errno), (
        "a code of the resolver"
    )
    assert rows["detach"][0].fd == rows["socket"][-1].args["fileno"] == rows["socket"][-1].fd


def test_errno_of_the_tls_library_is_not_the_kernels(record: Record) -> None:
    """TLS says EAGAIN as "want read"; other codes of the TLS library are no errno, and are not shown as one."""
    done = record("""
        import socket, ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        left, right = socket.socketpair()
        left.setblocking(False)
        client = context.wrap_socket(left, do_handshake_on_connect=False)
        for word in (b"", b"this is no TLS"):
            right.send(word)
            try:
                client.do_handshake()
            except ssl.SSLError as error:
                print(type(error).__name__)
        client.close(), right.close()
    """)

    shaking = [event for event in done.trace.lane(PYTHON) if event.op == "do_handshake"]
    assert ["SSLWantReadError", "SSLError"] == [event.exc for event in shaking]
    assert ["EAGAIN", None] == [event.errno for event in shaking]
    assert [True, False] == [event.not_yet for event in shaking]
    assert shaking[1].failed


def test_variants_are_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variant's lines are the user's, also where tracedemo is installed among the libraries."""
    assert str(VARIANTS[0].path.parent) + os.sep == spool._VARIANTS
    monkeypatch.setattr(spool, "_VARIANTS", "/x/site-packages/tracedemo/variants/")

    assert not spool.is_library("/x/site-packages/tracedemo/variants/selector.py")
    assert spool.is_library("/x/site-packages/tracedemo/cli/run.py")
    assert spool.is_library("/x/site-packages/requests/api.py")
