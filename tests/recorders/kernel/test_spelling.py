"""Arguments of strace's lines as the values of a trace: kind by kind, version by version, and whatever they may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recorders.kernel.by_hand import call, log, quoted
from tracedemo.recorders.kernel import values
from tracedemo.recorders.kernel.quoting import escaped
from tracedemo.recorders.kernel.shapes import SHAPES
from tracedemo.recorders.kernel.spelling import decode


def args(line: str) -> dict[str, Any]:
    return dict(call(line).args)


# Numbers and names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AF_INET", "AF_INET"),
        ("0x63 /* AF_??? */", "0x63"),
        ("MSG_PEEK|0x800000 /* MSG_??? */", "MSG_PEEK|0x800000"),
        ("0x5421 /* A_??? or B_??? */", "0x5421"),
        ("1 /* unfinished", "1 /* unfinished"),
    ],
)
def test_number_without_a_name_is_bare(text: str, name: str) -> None:
    """What strace says about a number in a comment is not kept, only the number."""
    assert name == values.name(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-1", -1),
        ("0", 0),
        ("0x1f", 31),
        ("0600", 0o600),
        ("[1]", 1),
        ("[0] => [5000]", 5000),
        ("[128 => 16]", 16),
        ("[128->16]", "128->16"),
        ("NULL", "NULL"),
        ("08", "08"),
        ("", ""),
        ("9" * 5000, "9" * 5000),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_integers(text: str, number: int | str) -> None:
    """Decimal, octal, hexadecimal, and the last of what the kernel changed; anything else stays a text."""
    assert number == values.integer(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3<socket:[1]>", 3),
        ("3</tmp/a, b>(deleted)", 3),
        ("-1", -1),
        ("AT_FDCWD</home/you>", "AT_FDCWD"),
        ("AT_FDCWD", "AT_FDCWD"),
    ],
)
def test_descriptors(text: str, number: int | str) -> None:
    """A descriptor is its number, whatever it stands for; that of no file is a name."""
    assert number == values.descriptor(text)


def test_flags_stand_in_order_of_their_values() -> None:
    """For some, strace has another order; ours is that of the kernel's numbers, with the nameless at the end."""
    assert (
        "SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC"
        == args("socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 3")["type"]
    )
    flags = "0x800000 /* MSG_??? */|MSG_DONTWAIT|MSG_PEEK"
    assert (
        "MSG_PEEK|MSG_DONTWAIT|0x800000"
        == args(f"recvmsg(3, NULL, {flags}) = -1 EFAULT (Bad address)")["flags"]
    )


# Addresses

IN6 = 'inet_pton(AF_INET6, "%s", &sin6_addr)'


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('{sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}', "127.0.0.1:8000"),
        (
            f"{{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), {IN6 % '::1'}, sin6_scope_id=0}}",
            "[::1]:80",
        ),
        (
            f"{{sa_family=AF_INET6, sin6_port=htons(80), {IN6 % 'fe80::1'}, sin6_flowinfo=htonl(0)}}",
            "[fe80::1]:80",
        ),
        ('{sa_family=AF_UNIX, sun_path="/run/a b"}', "unix:/run/a b"),
        ('{sa_family=AF_LOCAL, sun_path="/x"}', "unix:/x"),
        ('{sa_family=AF_UNIX, sun_path=@"abstract\\0\\377"}', r"unix:@abstract\x00\xff"),
        ("{sa_family=AF_UNIX}", "unix:"),
        ("{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}", "AF_NETLINK"),
        ('{sa_family=0x63 /* AF_??? */, sa_data="..."}', "0x63"),
        ("NULL", None),
        ("0x7ffd29398d40", None),
        (
            '{sa_family=AF_UNIX, sun_path="sin_port=htons(1), sin_addr=inet_addr("}',
            "unix:sin_port=htons(1), sin_addr=inet_addr(",
        ),
    ],
    ids=lambda text: str(text)[:50],
)
def test_addresses(text: str, address: str | None) -> None:
    """Each family has its spelling, and none is taken from inside of a path."""
    assert address == values.address(text)
    assert address == args(f"connect(3, {text}, 16) = 0")["address"]


# Waiting


@pytest.mark.parametrize(
    "event",
    [
        "{EPOLLIN|EPOLLHUP, {u32=5, u64=140338056396805}}",
        "{events=EPOLLIN|EPOLLHUP, data={u32=5, u64=140338056396805}}",
        "{events=EPOLLIN|EPOLLHUP, data=0x7fa300000005}",
        "{events=EPOLLIN|EPOLLHUP, data=140338056396805}",
    ],
    ids=["5.10", "6.1", "6.13", "decimal"],
)
def test_events_in_all_spellings(event: str) -> None:
    """The descriptor is the lower half of `data` in every version, for what is found as for what is asked."""
    found = args(f"epoll_wait(3<anon_inode:[eventpoll]>, [{event}, {event}], 8, -1) = 2")
    asked = args(f"epoll_ctl(3<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5<socket:[1]>, {event}) = 0")

    assert {"epfd": 3, "ready": [[5, "EPOLLIN|EPOLLHUP"]] * 2, "maxevents": 8, "timeout": -1} == found
    assert {"epfd": 3, "change": "EPOLL_CTL_ADD", "fd": 5, "events": "EPOLLIN|EPOLLHUP"} == asked


def test_waits_that_found_nothing() -> None:
    """An empty list is one, and what was never filled in is none."""
    assert [] == args("epoll_wait(3, [], 8, 0) = 0")["ready"]
    assert args("epoll_wait(3, 0x5574, 8, 0) = -1 EINTR (Interrupted system call)")["ready"] is None
    assert [] == args("poll([{fd=3, events=POLLIN}], 1, 0) = 0 (Timeout)")["ready"]
    assert [] == args("select(4, [3], [], NULL, {tv_sec=0, tv_usec=0}) = 0 (Timeout)")["ready"]


def test_polled_file_that_is_deleted() -> None:
    """What a descriptor in a list stands for may hold anything, and be deleted."""
    file = "{fd=3</a, {fd=9}>(deleted)"
    made = args(f"poll([{file}, events=POLLIN}}, {{fd=-1}}], 2, 0) = 1 ([{file}, revents=POLLIN}}])")

    assert ([[3, "POLLIN"], [-1, "0"]], [[3, "POLLIN"]]) == (made["fds"], made["ready"])


def test_sets_of_select() -> None:
    """Members are numbers, whatever they stand for; an empty set is one, and none is none."""
    made = args(
        "select(9, [4</tmp/5 6> 7], [], NULL, {tv_sec=1, tv_usec=500000}) = 2 (in [4 7], left {tv_sec=1, tv_usec=1})"
    )

    assert {
        "count": 9,
        "read": [4, 7],
        "write": [],
        "except": None,
        "timeout": 1.5,
        "ready": [[4, "in"], [7, "in"]],
    } == made


def test_times() -> None:
    """Microseconds and nanoseconds are parts of a second, and no time is for ever."""
    assert 0.25 == values.time("{tv_sec=0, tv_usec=250000}")
    assert 2.000000001 == values.time("{tv_sec=2, tv_nsec=1}")
    assert 2.5 == values.time("{tv_sec=2, tv_usec=500000} => {tv_sec=1, tv_usec=0}")
    assert values.time("NULL") is None


# Messages


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.binary(min_size=1, max_size=30))
def test_nothing_in_a_message_is_taken_for_a_part_of_it(buffers: list[bytes], path: bytes) -> None:
    """Whatever is in its buffers and its address: data, size and address are those of the message."""
    parts = ", ".join(f'{{iov_base="{quoted(each)}", iov_len={len(each)}}}' for each in buffers)
    named = f'{{sa_family=AF_UNIX, sun_path="{quoted(path)}"}}'
    text = (
        f"{{msg_name={named}, msg_namelen=9, msg_iov=[{parts}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}"
    )
    made = args(f"sendmsg(3, {text}, 0) = 1")

    size = sum(map(len, buffers))
    address = f"unix:{escaped(path)}"
    assert {
        "fd": 3,
        "address": address,
        "data": escaped(b"".join(buffers)),
        "size": size,
        "flags": "0",
    } == made
    assert [[7, address]] == args(f"sendmmsg(3, [{{msg_hdr={text}, msg_len=7}}], 1, 0) = 1")["messages"]


def test_words_of_a_message_inside_of_its_data() -> None:
    """Data that spells the members of a message changes nothing."""
    data = "iov_len=99 iov_base=x cmsg_type=X msg_name={sa_family=AF_INET} }], msg_len=7}"
    made = args(
        f'recvmsg(3, {{msg_name=NULL, msg_iov=[{{iov_base="{data}", iov_len=10}}], msg_iovlen=1}}, 0) = 5'
    )

    assert {"fd": 3, "address": None, "data": data, "size": 10, "flags": "0"} == made


def test_cut_message() -> None:
    """A buffer that was cut, and a list that was, end with the sign for that."""
    one = args('sendmsg(3, {msg_iov=[{iov_base="ab"..., iov_len=9}, {iov_base="cd", iov_len=2}]}, 0) = 11')
    many = args('sendmsg(3, {msg_iov=[{iov_base="ab", iov_len=2}, ...]}, 0) = 11')

    assert ("abcd…", 11) == (one["data"], one["size"])
    assert ("ab…", 2) == (many["data"], many["size"])


def test_failed_message_has_nothing() -> None:
    """What the kernel would have filled in is none."""
    made = args("recvmsg(3, {msg_namelen=0}, 0) = -1 EAGAIN (Resource temporarily unavailable)")

    assert {"fd": 3, "address": None, "data": None, "size": None, "flags": "0"} == made


# All shapes


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_call_that_has_not_told_all_has_what_it_told(name: str) -> None:
    """Of any traced call without arguments, or with too many, there is no error and no invented value."""
    assert decode(name, [], "", failed=False).keys() <= {"ready", "value", "thread"}
    assert isinstance(decode(name, ["?"] * 9, "", failed=True), dict)


@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(st.text(alphabet=st.characters(max_codepoint=255)), max_size=6),
    st.text(),
    st.booleans(),
)
def test_no_text_is_an_error(name: str, texts: list[str], notes: str, failed: bool) -> None:
    """Whatever stands in an argument, it becomes a value, none, or stays a text."""
    made = decode(name, texts, notes, failed=failed)

    assert all(isinstance(key, str) for key in made)


FROM_STRACE = st.sampled_from((
    *"{}[]<>\\-\xb2", '"', ", ", "fd=", "events=", "revents=", "EPOLLIN", "u32=", "u64=", "data=", "0x", "9" * 25, "5",
    "msg_iov=", "iov_base=", "iov_len=", "msg_hdr=", "msg_len=", "msg_name=", "sa_family=AF_INET", "htons(", "tv_sec=",
    "tv_nsec=", " => ", "/*", "*/", "...", "in [", "NULL",
))  # fmt: skip


@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(st.lists(FROM_STRACE, max_size=12).map("".join), max_size=6),
    st.booleans(),
)
def test_no_text_of_strace_s_words_is_an_error(name: str, texts: list[str], failed: bool) -> None:
    """Nor does any mixture of what strace does write."""
    decode(name, texts, "".join(texts), failed=failed)


def test_lists_of_two_calls_are_two() -> None:
    """Equal arguments are read once, but what one call's list becomes does not change another's."""
    line = "7 1.0 epoll_wait(3, [{events=EPOLLIN, data=0x5}], 8, -1) = 1 <0.1>"
    first, second = log(line, line).calls
    first.args["ready"][0].append("changed")
    first.args["ready"].append("changed")

    assert [[5, "EPOLLIN"]] == second.args["ready"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("ioctl(3, FIONBIO, [1]) = 0", 1),
        ("ioctl(3, FIONREAD, [0]) = 0", 0),
        ("ioctl(0, TCGETS, {c_iflag=ICRNL}) = 0", None),
        ("ioctl(3, 0x5421, [1]) = 0", None),
        ("ioctl(3, FIONBIO, 0x7ffd) = -1 EFAULT (Bad address)", None),
    ],
)
def test_value_of_ioctl(line: str, value: int | None) -> None:
    """The number of FIONBIO and FIONREAD is kept, of other requests nothing."""
    assert value == args(line)["value"]


@pytest.mark.parametrize(
    ("line", "thread"),
    [
        ("clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 9", False),
        ("clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 9", True),
        ("clone3({flags=CLONE_VM|CLONE_THREAD, stack_size=0x7f} => {parent_tid=[9]}, 88) = 9", True),
        ("clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 9", False),
    ],
)
def test_clone_makes_a_thread_or_a_process(line: str, thread: bool) -> None:
    """Of its flags there is only whether they make a thread."""
    assert {"thread": thread} == args(line)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("fcntl(3, F_DUPFD_CLOEXEC, 5) = 5", 5),
        ("fcntl(3, F_SETFD, FD_CLOEXEC) = 0", "FD_CLOEXEC"),
        ("fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0", "O_RDWR|O_NONBLOCK"),
        ("fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}) = 0", None),
        ("fcntl(3, F_SETLK, 0x7ffd) = -1 EFAULT (Bad address)", None),
    ],
)
def test_value_of_fcntl(line: str, value: int | str | None) -> None:
    """It is a number or flags; what a pointer points to is not kept, and the pointer even less."""
    assert value == args(line)["value"]
