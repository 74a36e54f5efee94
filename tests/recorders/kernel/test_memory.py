"""Registers and memory by name: pure data, for both machines that there is a table for, on any machine."""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.recorders.kernel import capture, constants, raw_log, rawfile
from tracedemo.recorders.kernel.capture import KEPT, plan, read_all
from tracedemo.recorders.kernel.memory import decode
from tracedemo.recorders.kernel.naming import flags, named
from tracedemo.recorders.kernel.shapes import SHAPES, TRACED, Kind

pytestmark = pytest.mark.skipif(
    not hasattr(capture, "pread"), reason="no pread: memory cannot be read by address"
)

MACHINES = tuple(constants.NUMBERS)
NULL = 0
U64 = 1 << 64


class Memory:
    """A file that stands for the memory of a program: an address is a place in it."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w+b")
        self.next = 4096

    def put(self, data: bytes) -> int:
        """Bytes at an address of their own."""
        address, self.next = self.next, self.next + len(data) + 4096
        self.file.seek(address)
        self.file.write(data)
        self.file.flush()
        return address

    def call(
        self, name: str, *registers: int, result: int | None = 0, machine: str = "x86_64", **later: Any
    ) -> dict[str, Any]:
        """The arguments of a system call, read at entry, and again at its end after `later` has changed the memory."""
        args = [*(register % U64 for register in registers), *[0] * (6 - len(registers))]
        wanted = plan(name, machine)
        seen = read_all(wanted.entry, self.file.fileno(), args)
        for address, data in later.get("then", {}).items():
            self.file.seek(address)
            self.file.write(data)
            self.file.flush()
        filled = result is not None and result >= 0
        found = read_all(wanted.exit, self.file.fileno(), args, result or 0) if filled else ()
        return decode(name, args, seen, found, result, machine)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    made = Memory(tmp_path / "memory")
    yield made
    made.file.close()


INET = struct.pack("<H", 2) + struct.pack(">H4B", 8000, 127, 0, 0, 1) + bytes(8)
INET6 = struct.pack("<H", 10) + struct.pack(">HI", 8000, 0) + bytes(15) + b"\1" + bytes(4)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (INET, "127.0.0.1:8000"),
        (INET6, "[::1]:8000"),
        (b"\1\0/run/x\0junk", "unix:/run/x"),
        (b"\1\0\0abs\0\xff", "unix:@abs\\x00\\xff"),
        (b"\1\0", "unix:"),
        (b"\x10\0" + bytes(10), "AF_NETLINK"),
        (b"\x63\0", "0x63"),
        (b"\0\0", "AF_UNSPEC"),
        (b"", None),
    ],
)
def test_addresses(raw: bytes, text: str | None, memory: Memory) -> None:
    """An address is spelled the same where the program gives it and where the kernel does."""
    there = memory.put(raw)

    assert {"fd": 3, "address": text} == memory.call("connect", 3, there, len(raw), result=-115)
    room = memory.put(struct.pack("<I", 128))
    answered = memory.call(
        "accept4", 3, there, room, 0o2000000, result=5, then={room: struct.pack("<I", len(raw))}
    )
    assert {"fd": 3, "address": text, "flags": "SOCK_CLOEXEC"} == answered
    failed = memory.call("accept4", 3, there, room, 0, result=-11)
    assert {"fd": 3, "address": None, "flags": "0"} == failed


def test_no_address(memory: Memory) -> None:
    """A null pointer, or one that leads nowhere, is no address."""
    assert None is memory.call("connect", 3, NULL, 16, result=-14)["address"]
    assert None is memory.call("connect", 3, U64 - 4096, 16, result=-14)["address"]
    assert None is memory.call("accept", 3, NULL, NULL, result=4)["address"]


def test_sent_and_received(memory: Memory) -> None:
    """Of a buffer its beginning is kept; a sign that is in no escape says that there was more."""
    short, long = memory.put(b'a"\\\n\0\xff'), memory.put(b"z" * 1000)
    to = memory.put(INET)

    assert {
        "fd": 3, "data": 'a"\\\\\\n\\x00\\xff', "size": 6, "flags": "MSG_NOSIGNAL", "address": None,
    } == memory.call("sendto", 3, short, 6, 0x4000, NULL, 0, result=6)  # fmt: skip
    sent = memory.call("sendto", 3, long, 1000, 0, to, 16, result=-11)
    assert ("z" * KEPT + "…", "127.0.0.1:8000") == (sent["data"], sent["address"])
    assert "zz" == memory.call("recvfrom", 3, long, 1000, 0, NULL, NULL, result=2)["data"]
    assert "zz" == memory.call("recvfrom", 3, long, 2, 0x20, NULL, NULL, result=9)["data"]
    assert "z" * KEPT + "…" == memory.call("recvfrom", 3, long, 1000, 0, NULL, NULL, result=500)["data"]
    assert "" == memory.call("recvfrom", 3, long, 1000, 0, NULL, NULL, result=0)["data"]
    assert None is memory.call("recvfrom", 3, long, 1000, 0, NULL, NULL, result=-11)["data"]
    assert None is memory.call("recvfrom", 3, long, 1000, 0, NULL, NULL, result=None)["data"]


@pytest.mark.parametrize("machine", MACHINES)
def test_epoll(machine: str, memory: Memory) -> None:
    """Events have the layout of their machine; what CPython leaves in the upper half of `data` is no descriptor."""
    layout, _ = constants.EPOLL_EVENT[machine]
    events = memory.put(struct.pack(layout, 0x80000011, 5 | 0x7F << 32) + struct.pack(layout, 4, 6))

    waited = memory.call("epoll_pwait", 4, events, 1023, -1, NULL, 8, result=2, machine=machine)
    assert {
        "epfd": 4,
        "ready": [[5, "EPOLLIN|EPOLLHUP|EPOLLET"], [6, "EPOLLOUT"]],
        "maxevents": 1023,
        "timeout": -1,
    } == waited
    assert [] == memory.call("epoll_pwait", 4, events, 1, 0, result=0, machine=machine)["ready"]
    assert None is memory.call("epoll_pwait", 4, events, 1, 0, result=-4, machine=machine)["ready"]
    change = memory.call("epoll_ctl", 4, 1, 5, events, machine=machine)
    assert {"epfd": 4, "change": "EPOLL_CTL_ADD", "fd": 5, "events": "EPOLLIN|EPOLLHUP|EPOLLET"} == change
    assert None is memory.call("epoll_ctl", 4, 2, 5, events, machine=machine)["events"]
    pause = memory.put(struct.pack("<qq", 2, 500_000_000))
    assert 2.5 == memory.call("epoll_pwait2", 4, events, 1, pause, result=1, machine=machine)["timeout"]
    assert {"flags": "EPOLL_CLOEXEC"} == memory.call("epoll_create1", 0o2000000, machine=machine)


def test_poll(memory: Memory) -> None:
    """What was asked is as it was at entry, what came is as it was at the end."""
    asked = memory.put(struct.pack("<iHHiHHiHH", 5, 1, 0, 6, 4, 0, -1, 5, 0))
    came = struct.pack("<iHHiHHiHH", 5, 1, 0x11, 6, 4, 0, -1, 5, 0)

    polled = memory.call("poll", asked, 3, -1, result=1, then={asked: came})

    assert {
        "fds": [[5, "POLLIN"], [6, "POLLOUT"], [-1, "POLLIN|POLLOUT"]], "count": 3, "timeout": -1,
        "ready": [[5, "POLLIN|POLLHUP"]],
    } == polled  # fmt: skip
    assert [] == memory.call("poll", asked, 3, 10, result=0)["ready"]
    assert [] == memory.call("poll", asked, 3, 10, result=-4)["ready"]
    assert {"fds": [], "count": 0, "timeout": None, "ready": []} == memory.call(
        "ppoll", NULL, 0, NULL, NULL, result=0
    )


@pytest.mark.parametrize(("name", "fraction"), [("select", 250_000), ("pselect6", 250_000_000)])
def test_select(name: str, fraction: int, memory: Memory) -> None:
    """Sets are lists of descriptors; select takes microseconds, pselect6 nanoseconds."""
    reads, writes = (
        memory.put(struct.pack("<QQ", 1 << 3 | 1 << 7, 1)),
        memory.put(struct.pack("<QQ", 1 << 7, 0)),
    )
    pause = memory.put(struct.pack("<qq", 1, fraction))
    then = {reads: struct.pack("<QQ", 1 << 3, 1), writes: struct.pack("<QQ", 1 << 7, 0)}

    selected = memory.call(name, 65, reads, writes, NULL, pause, result=3, then=then)

    assert {
        "count": 65, "read": [3, 7, 64], "write": [7], "except": None, "timeout": 1.25,
        "ready": [[3, "in"], [64, "in"], [7, "out"]],
    } == selected  # fmt: skip
    assert (None, []) == tuple(
        memory.call(name, 0, 0, 0, 0, NULL, result=0)[key] for key in ("timeout", "ready")
    )


def message(memory: Memory, *buffers: tuple[int, int], name: bytes = b"", control: bytes = b"") -> bytes:
    vector = memory.put(b"".join(struct.pack("<QQ", *buffer) for buffer in buffers) or b"\0")
    name_at, control_at = (memory.put(part) if part else 0 for part in (name, control))
    return struct.pack("<QI4xQQQQI4x", name_at, len(name), vector, len(buffers), control_at, len(control), 0)


def test_messages(memory: Memory) -> None:
    """All buffers of a message are one text, which ends where the result says; control messages are there by name."""
    control = (
        struct.pack("<Qiii4x", 20, 1, 1, 7)
        + struct.pack("<Qiii4x", 20, 0, 2, 64)
        + struct.pack("<Qii", 16, 9, 5)
    )
    buffers = (memory.put(b"xy"), 2), (memory.put(b"zzz"), 3)
    header = memory.put(message(memory, *buffers, name=INET, control=control))

    sent = memory.call("sendmsg", 3, header, 0, result=-11)
    assert {
        "fd": 3, "address": "127.0.0.1:8000", "data": "xyzzz", "size": 5, "flags": "0",
        "control": ["SCM_RIGHTS", "IP_TTL", "0x5"],
    } == sent  # fmt: skip
    assert ("xyz", 5) == tuple(
        memory.call("recvmsg", 3, header, 0, result=3)[key] for key in ("data", "size")
    )
    nothing = {"fd": 3, "address": None, "data": None, "size": None, "flags": "MSG_DONTWAIT"}
    assert nothing == memory.call("recvmsg", 3, header, 0x40, result=-11)
    plain = memory.put(message(memory, (memory.put(b"q" * 300), 300)))
    assert ("q" * KEPT + "…", False) == (
        memory.call("sendmsg", 3, plain, 0, result=300)["data"],
        "control" in memory.call("sendmsg", 3, plain, 0, result=300),
    )


def test_arrays_of_messages(memory: Memory) -> None:
    """Of many messages each has what was moved, or None if it was not its turn, and its address."""
    one, two = message(memory, (memory.put(b"x"), 1), name=INET), message(memory, (memory.put(b"x"), 1))
    array = memory.put(one + bytes(8) + two + bytes(8))
    moved = {array: one + struct.pack("<I4x", 33) + two + bytes(8)}

    sent = memory.call("sendmmsg", 3, array, 2, 0x4000, result=1, then=moved)
    assert {
        "fd": 3,
        "messages": [[33, "127.0.0.1:8000"], [None, None]],
        "count": 2,
        "flags": "MSG_NOSIGNAL",
    } == sent
    assert [[None, "127.0.0.1:8000"], [None, None]] == memory.call("sendmmsg", 3, array, 2, 0, result=-11)[
        "messages"
    ]
    assert [[33, "127.0.0.1:8000"]] == memory.call("recvmmsg", 3, array, 2, 0, NULL, result=1)["messages"]
    assert None is memory.call("recvmmsg", 3, array, 2, 0, NULL, result=-11)["messages"]


@pytest.mark.parametrize(
    ("level", "option", "value", "names", "said"),
    [
        (1, 2, struct.pack("<i", 1), ("SOL_SOCKET", "SO_REUSEADDR"), 1),
        (1, 4, struct.pack("<i", 111), ("SOL_SOCKET", "SO_ERROR"), "ECONNREFUSED"),
        (1, 4, struct.pack("<i", 0), ("SOL_SOCKET", "SO_ERROR"), 0),
        (1, 13, struct.pack("<ii", 1, 0), ("SOL_SOCKET", "SO_LINGER"), "{l_onoff=1, l_linger=0}"),
        (1, 17, struct.pack("<iii", 9, 0, 0), ("SOL_SOCKET", "SO_PEERCRED"), "{pid=9, uid=0, gid=0}"),
        (6, 1, struct.pack("<i", 1), ("SOL_TCP", "TCP_NODELAY"), 1),
        (6, 13, b"cubic\0", ("SOL_TCP", "TCP_CONGESTION"), "cubic\\x00"),
        (41, 26, struct.pack("<i", -1), ("SOL_IPV6", "IPV6_V6ONLY"), -1),
        (0, 11, struct.pack("<i", 1), ("SOL_IP", "IP_RECVERR"), 1),
        (0x999, 0x77, b"", ("0x999", "0x77"), ""),
    ],
)
def test_options(
    level: int, option: int, value: bytes, names: tuple[str, str], said: object, memory: Memory
) -> None:
    """An option has the name that it has at its level, and a value that says what it means."""
    there, size = memory.put(value), memory.put(struct.pack("<I", len(value)))
    expected = {"fd": 3, "level": names[0], "option": names[1], "value": said}

    assert expected == memory.call("setsockopt", 3, level, option, there, len(value))
    assert expected == memory.call("getsockopt", 3, level, option, there, size)
    assert {**expected, "value": None} == memory.call("getsockopt", 3, level, option, there, size, result=-92)


def test_small_ones(memory: Memory) -> None:
    """Flags, types, protocols, commands and paths are there by name."""
    call = memory.call
    assert {"family": "AF_INET", "type": "SOCK_STREAM|SOCK_CLOEXEC", "protocol": "IPPROTO_IP"} == call(
        "socket", 2, 0o2000001, 0
    )
    both = call("socket", 10, 0o2004002, 17)
    assert ("SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC", "IPPROTO_UDP") == (both["type"], both["protocol"])
    pair = memory.put(struct.pack("<ii", 3, 4))
    assert {"family": "AF_UNIX", "type": "SOCK_STREAM", "protocol": 0, "fds": [3, 4]} == call(
        "socketpair", 1, 1, 0, pair
    )
    assert None is call("socketpair", 1, 1, 0, pair, result=-24)["fds"]
    assert {"fd": 3, "how": "SHUT_RDWR"} == call("shutdown", 3, 2)
    assert {"fd": 3, "backlog": -1} == call("listen", 3, 0xFFFFFFFF)
    assert {"fd": -1} == call("close", 0xFFFFFFFF, result=-9)
    assert {"fd": 3, "size": 1 << 40} == call("read", 3, NULL, 1 << 40)
    on = memory.put(struct.pack("<i", 1))
    assert {"fd": 3, "request": "FIONBIO", "value": 1} == call("ioctl", 3, 0x5421, on)
    assert {"fd": 3, "request": "FIONREAD", "value": 1} == call("ioctl", 3, 0x541B, on)
    assert {"fd": 3, "request": "FIONREAD", "value": None} == call("ioctl", 3, 0x541B, on, result=-25)
    assert {"fd": 3, "request": "0x1234", "value": None} == call("ioctl", 3, 0x1234, on)
    assert {"fd": 3, "command": "F_GETFL"} == call("fcntl", 3, 3, 77)
    assert {"fd": 3, "command": "F_SETFL", "value": "O_RDWR|O_NONBLOCK"} == call("fcntl", 3, 4, 0o4002)
    assert {"fd": 3, "command": "F_SETFD", "value": "FD_CLOEXEC"} == call("fcntl", 3, 2, 1)
    assert {"fd": 3, "command": "F_DUPFD_CLOEXEC", "value": 7} == call("fcntl", 3, 1030, 7)
    assert {"fd": 3, "command": "F_SETLK", "value": None} == call("fcntl", 3, 6, on)
    path = memory.put(b"/etc/\xc3\xa4\xff\0more")
    assert {"path": "/etc/ä\\xff", "flags": "O_WRONLY|O_CREAT|O_CLOEXEC"} == call(
        "openat", -100, path, 0o2000101, 0
    )
    assert {"path": "/etc/ä\\xff"} == call("execve", path, NULL, NULL)
    far = memory.put(b"/" + b"x" * 1000 + b"\0")
    assert 1001 == len(call("openat", -100, far, 0, 0)["path"])
    assert {"fd": 4, "from": 3, "size": 9} == call("sendfile", 4, 3, NULL, 9)
    assert {"thread": True} == call("clone", 0x3D0F00)
    assert {"thread": False} == call("clone", 17)
    assert {"thread": True} == call("clone3", memory.put(struct.pack("<Q", 0x3D0F00)), 88)
    assert {} == call("fork") == call("vfork")


def test_open_flags_differ_between_machines(memory: Memory) -> None:
    """The same number means another flag on aarch64."""
    path = memory.put(b".\0")

    assert {"x86_64": "O_RDONLY|O_DIRECT", "aarch64": "O_RDONLY|O_DIRECTORY"} == {
        machine: memory.call("openat", -100, path, 0o40000, 0, machine=machine)["flags"]
        for machine in MACHINES
    }


def test_flags() -> None:
    """Flags stand in the order of their values; several bits may have one name, and those without one are a number."""
    table = constants.O_FLAGS["x86_64"]
    assert ("0", "O_CREAT|O_CLOEXEC") == (flags(0, table), flags(0o2000100, table))
    assert ("O_SYNC", "O_DSYNC") == (flags(0o4010000, table), flags(0o10000, table))
    assert "MSG_PEEK|0x10000000" == flags(0x10000002, constants.NAMES["MSG_"])
    assert ("AF_INET", "0x63") == (named(2, constants.NAMES["AF_"]), named(0x63, constants.NAMES["AF_"]))


def test_every_call_has_a_plan_and_a_number() -> None:
    """All system calls of the table have a number on x86-64, and on aarch64 all but those that it has not."""
    missing = {
        machine: {name for name in TRACED if name not in constants.NUMBERS[machine]} for machine in MACHINES
    }

    assert {
        "x86_64": set(), "aarch64": {"epoll_create", "epoll_wait", "poll", "select", "fork", "vfork"},
    } == missing  # fmt: skip
    assert set(capture.FORGET) == set(constants.NUMBERS["x86_64"]) - set(TRACED)


@pytest.mark.parametrize(
    ("machine", "header"),
    [("x86_64", "x86_64-linux-gnu/asm/unistd_64.h"), ("aarch64", "asm-generic/unistd.h")],
)
def test_numbers_are_those_of_the_headers(machine: str, header: str) -> None:
    """Each number is that of the kernel's own header; aarch64 uses the generic table."""
    path = Path("/usr/include", header)
    if not path.exists():
        pytest.skip(f"the kernel's headers are not installed: {path}")
    text = path.read_text()
    official = {
        name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)
    }

    assert {name: official.get(name) for name in constants.NUMBERS[machine]} == constants.NUMBERS[machine]


@pytest.mark.skipif(errno.EAGAIN != 11, reason="another system's errno numbers")
def test_errnos_are_those_of_this_machine() -> None:
    """Each name is the one that Python knows, or another name of the same errno."""
    assert [] == [
        (number, name) for number, name in constants.ERRNOS.items() if getattr(errno, name, number) != number
    ]
    assert set(errno.errorcode) <= set(constants.ERRNOS)


@pytest.mark.parametrize("machine", MACHINES)
def test_records_become_calls(machine: str, tmp_path: Path) -> None:
    """A record says what its numbers mean on its machine, and a whole call replaces what was written at its beginning."""
    numbers = constants.NUMBERS[machine]
    registers = (5, 0, 0, 0, 0, 0)
    writer = rawfile.Writer(str(tmp_path / "raw"))
    writer.write(
        [
            (rawfile.HEADER, machine, "1.2"),
            (numbers["close"], 8, 7, 30, None, None, registers, (), (), "socket:[1]"),
        ]
    )
    writer.write([
        (numbers["close"], 8, 7, 30, 40, -9, registers, (), (), "socket:[1]"),
        (numbers["close"], 7, 7, 10, 50, -512, registers, (), (), None),
        (numbers["close"], 7, 7, 60, 70, -4000, registers, (), (), None),
        (numbers["close"], 9, 7, 20, None, None, registers, (), (), None),
        (rawfile.END, 9, 0x0300), (rawfile.END, 7, 9), (rawfile.END, 8, 64), (rawfile.NOTE, "a note"), (rawfile.ENDED,),
    ])  # fmt: skip

    log = raw_log.parse((tmp_path / "raw").read_bytes())

    assert [
        ("close", 7, 10, 50, None, None, True),
        ("close", 9, 20, None, None, None, False),
        ("close", 8, 30, 40, None, "EBADF", False),
        ("close", 7, 60, 70, None, "E#4000", False),
    ] == [
        (call.name, call.tid, call.t0, call.t1, call.result, call.errno, call.restarted) for call in log.calls
    ]
    assert ({7}, {"fd": 5}) == ({call.pid for call in log.calls}, log.calls[0].args)
    assert {9: "exited with 3", 7: "killed by SIGKILL", 8: "killed by SIGRTMAX"} == log.ends
    assert ("1.2", ("a note",), []) == (log.version, log.notes, log.misread)


def test_bulky_frames_are_packed(tmp_path: Path) -> None:
    """Records of thousands of descriptors take little room, and come back as they were."""
    record = (7, 1, 1, 1, 2, 0, (0,) * 6, (bytes(32_000),), (bytes(32_000),), None)
    writer = rawfile.Writer(str(tmp_path / "raw"))
    writer.write([record] * 10)

    data = (tmp_path / "raw").read_bytes()
    assert len(data) < 64_000
    assert [record] * 10 == list(rawfile.records(data))


def test_tracer_that_gave_up(tmp_path: Path) -> None:
    """Its last words are a note, and say where it was."""
    writer = rawfile.Writer(str(tmp_path / "raw"))
    writer.write([(rawfile.FAILED, "seize", 1, "Operation not permitted")])
    data = (tmp_path / "raw").read_bytes()

    assert ("the tracer gave up: Operation not permitted",) == raw_log.parse(data).notes
    assert ("seize", 1, "Operation not permitted") == raw_log.failure(data)


NUMBER = st.one_of(st.integers(0, 20), st.integers(0, 1 << 16), st.integers(0, U64 - 1))


@given(
    st.sampled_from(TRACED), st.sampled_from(MACHINES), st.lists(NUMBER, min_size=6, max_size=6),
    st.integers(-600, 600) | st.none(), st.binary(max_size=600),
)  # fmt: skip
def test_whatever_a_program_hands_over(
    name: str, machine: str, registers: list[int], result: int | None, content: bytes
) -> None:
    """No registers and no memory make the decoding fail; each argument has its key."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        wanted = plan(name, machine)
        seen = read_all(wanted.entry, file.fileno(), registers)
        found = (
            read_all(wanted.exit, file.fileno(), registers, result)
            if result is not None and result >= 0
            else ()
        )

        args = decode(name, registers, seen, found, result, machine)

    keys = {arg.name for arg in SHAPES[name] if arg.name} - ({"value"} if name == "fcntl" else set())
    assert keys <= set(args)
    assert not any(isinstance(value, bytes) for value in args.values())


def test_every_kind_is_decoded() -> None:
    """No kind of argument has been forgotten."""
    from tracedemo.recorders.kernel.memory import _DECODERS

    assert set(Kind) - {Kind.SKIP} == set(_DECODERS)
