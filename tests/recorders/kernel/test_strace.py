"""strace's output as system calls: the same of four versions, and what the hard program did, told by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.recorders.kernel.by_hand import call as call_of
from tests.recorders.kernel.by_hand import log
from tests.recorders.kernel.fixtures import NASTY, VERSIONS, Fixture
from tracedemo.recorders.kernel.calls import REALTIME, Log, SystemCall
from tracedemo.recorders.kernel.shapes import SHAPES
from tracedemo.recorders.kernel.strace import KEPT, OPTIONAL, OUTPUT, command, parse, parse_version, read

IN_ORDER = ("blocking", "selector", "asyncio_streams")
"""Programs that did the same under each version, call by call."""
AT_ONCE = ("threads", "nonblocking")
"""Here two fetches ran at once, paced by a clock, and overtook each other."""

PORT = re.compile(r"(127\.0\.0\.1|\[::1\]):(?!8000\b)\d\d+")
TEMPORARY = re.compile(r"/tmp/[\w-]+")


def made(version: str, program: str, options: str = "ours") -> Log:
    return parse(Fixture(version, program, options).read().decode("latin-1"), version)


def told(value: Any) -> Any:
    """A value without what is another number in each run."""
    if isinstance(value, str):
        return TEMPORARY.sub("/tmp/T", PORT.sub(r"\1:?", value))
    return [told(item) for item in value] if isinstance(value, list) else value


def essence(call: SystemCall) -> tuple[Any, ...]:
    """A call without threads, processes, times, ports, inodes and temporary names."""
    result = "a process" if call.name in ("clone", "clone3", "vfork") and call.result else call.result
    what = re.sub(r"\[\d+\]", "[?]", told(call.what or ""))
    return (
        call.name,
        {key: told(value) for key, value in call.args.items()},
        result,
        call.errno,
        call.restarted,
        what,
    )


# Four versions, one program


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize("program", IN_ORDER)
def test_versions_agree(program: str, version: str) -> None:
    """Each version gives the same calls in the same order: names, arguments, results, errnos, descriptors."""
    assert list(map(essence, made(VERSIONS[0], program).calls)) == list(
        map(essence, made(version, program).calls)
    )


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize("program", AT_ONCE)
def test_versions_agree_about_what_was_done_at_once(program: str, version: str) -> None:
    """Of a program whose fetches overtake each other, each version gives the same calls in some order."""
    first, other = (
        sorted(map(repr, map(essence, made(each, program).calls))) for each in (VERSIONS[0], version)
    )

    assert first == other


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_versions_agree_about_each_descriptor(version: str) -> None:
    """Where waits fell together differently, each descriptor saw the same calls in the same order all the same."""

    def by_descriptor(log: Log) -> dict[Any, list[Any]]:
        calls: dict[Any, list[Any]] = {}
        for call in log.calls:
            if call.name != "epoll_wait":
                calls.setdefault((call.args.get("epfd"), call.args.get("fd")), []).append(essence(call))
        return calls

    def found(log: Log) -> set[tuple[Any, ...]]:
        waits = (call.args["ready"] for call in log.calls if call.name == "epoll_wait")
        return {tuple(each) for ready in waits for each in ready}

    first, other = made(VERSIONS[0], "asyncio_sock"), made(version, "asyncio_sock")
    assert by_descriptor(first) == by_descriptor(other)
    assert found(first) == found(other)
    assert {(6, "EPOLLIN"), (7, "EPOLLIN"), (6, "EPOLLOUT"), (7, "EPOLLOUT")} <= found(first)


DNS_ID = re.compile(r"^.*?(?=\\x01\\x00\\x00\\x01)")


def hard(version: str) -> list[tuple[Any, ...]]:
    """What the hard program did, but for its looking at /proc until a thread slept, and for what versions do not know.

    Of calls that differ in numbers only the files have five, and those that were in two halves: so one close more or less.
    """
    kept = []
    for one in made(version, NASTY).calls:
        name, args, *others, what = essence(one)
        known = name not in ("epoll_pwait2", "syscall_0x1b9") and (name, what) != ("close", "socket:[?]")
        if not known or "/proc/" in f"{what} {args.get('path')}":
            continue
        if name in ("poll", "pselect6") and args["timeout"] not in (None, 0, 1, 60000, 60.0):
            args["timeout"] = "what was left"
        if str(args.get("data")).endswith(r"\x00\x01"):
            args["data"] = DNS_ID.sub("", args["data"])
        kept.append((name, args, *others, what))
    return kept


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_versions_agree_about_the_hard_program(version: str) -> None:
    """Each version gives the same calls of the program that is hard to read, whoever overtook whom."""
    assert sorted(map(repr, hard(VERSIONS[0]))) == sorted(map(repr, hard(version)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("options", ["safe", "stderr"])
def test_options_change_what_is_told_but_not_what_was_done(options: str, version: str) -> None:
    """With the options of older versions, and on a terminal, a blocking fetch is made of the same network calls."""
    network = ("socket", "connect", "sendto", "recvfrom")

    def done(kind: str) -> list[Any]:
        calls = made(version, "blocking", kind).calls
        return [
            (call.name, call.result, call.errno, call.args.get("fd"))
            for call in calls
            if call.name in network
        ]

    assert done("ours") == done(options)


# The hard program


@pytest.fixture(params=VERSIONS)
def nasty(request: pytest.FixtureRequest) -> Log:
    return made(request.param, NASTY)


def of(log: Log, name: str, **args: Any) -> list[SystemCall]:
    """Calls by name that have these arguments."""
    return [call for call in log.calls if call.name == name and args.items() <= call.args.items()]


def test_log_says_where_it_comes_from(nasty: Log) -> None:
    """It names the engine and its version, and the clock of its times."""
    assert ("strace", REALTIME) == (nasty.engine, nasty.clock)
    assert nasty.version in VERSIONS


def test_data_that_looks_like_text_of_strace(nasty: Log) -> None:
    """What was sent is what was received, one call each, spelled with our escapes."""
    for data, size in (
        (r") = 99 <unfinished ...>", 23),
        (r'"quoted" \\ and \\" \n) = 99\r\n', 27),
        (r"<... recvfrom resumed>) = 5 <0.000001>", 38),
        (r"+++ exited with 0 +++\n--- SIGKILL {} ---", 40),
        (r"\x01\x00\x01\x7f\xff caf\xc3\xa9 /* x */ {[(", 23),
        (r"\x00", 1),
    ):
        (sent,), (received,) = of(nasty, "sendto", data=data), of(nasty, "recvfrom", data=data)
        assert (size, size) == (sent.result, received.result)
    assert [('"...' * 16 + "…", 160)] * 2 == [
        (call.args["data"], call.result)
        for call in nasty.calls
        if str(call.args.get("data")).startswith('"...')
    ]
    (nothing,) = (call for call in of(nasty, "sendto", data="", size=0) if call.tid == nasty.calls[0].tid)
    assert 0 == nothing.result


def test_names_of_files_are_those_of_the_program(nasty: Log) -> None:
    """Each name of a file is the text that the program opened, and each descriptor stands for that, deleted or not."""
    for name in ("café", 'a") = 3 <unfinished ...>', "a<b>c->d\n, e", "a, {b=[c], d}", "gone"):
        (opened,) = (call for call in of(nasty, "openat") if call.args["path"].endswith(f"/{name}"))
        assert opened.args["path"] == opened.what
        same = {call.name for call in nasty.calls if call.what == opened.what}
        assert {"openat", "write", "close"} == same


def test_addresses_of_all_families(nasty: Log) -> None:
    """Files, abstract and unnamed sockets, IPv6 and netlink have each their spelling."""
    addresses = [str(call.args.get("address")) for call in nasty.calls if "address" in call.args]

    assert 4 == addresses.count(r'unix:@abstract\x00\xff, sun_path="x"}, 9) = 0')
    assert {r"caf\xc3\xa9.sock", 'a"> = 3.sock'} <= {address.rpartition("/")[2] for address in addresses}
    assert {"unix:", "unix:/nowhere", "[::1]:0", "AF_NETLINK", "None"} <= set(addresses)
    assert [("unix:/nowhere", None, "ENOENT")] == [
        (call.args["address"], call.result, call.errno)
        for call in of(nasty, "connect", address="unix:/nowhere")
    ]
    (refused,) = (call for call in of(nasty, "accept4") if call.errno == "EAGAIN")
    assert {"fd": 3, "address": None, "flags": "SOCK_CLOEXEC"} == refused.args


def test_messages(nasty: Log) -> None:
    """Of a message there are address, joined data, size of its buffers and names of its control messages."""
    rights = {"address": None, "data": "two buffers", "control": ["SCM_RIGHTS"], "flags": "0"}
    (sent,), (received,) = of(nasty, "sendmsg", data="two buffers"), of(nasty, "recvmsg", data="two buffers")

    assert {"fd": 3, "size": 11, **rights} == sent.args
    assert {"fd": 4, "size": 104, **rights} == received.args
    assert [40, 100] == [call.args["size"] for call in nasty.calls if call.args.get("data") == "x" * 40]
    (empty,) = of(nasty, "sendmsg", size=0)
    assert {"fd": 3, "address": None, "data": None, "size": 0, "flags": "0"} == empty.args
    (part,) = of(nasty, "recvmsg", data="a da")
    assert ["SO_TIMESTAMP_OLD", "IP_PKTINFO"] == part.args["control"]
    assert [[32, None], [None, None]] == of(nasty, "sendmmsg")[0].args["messages"]


def test_options_of_sockets(nasty: Log) -> None:
    """Values are numbers, errnos, structures or texts, and what has no name keeps its number."""
    told = [(call.args["option"], call.args["value"]) for call in nasty.calls if "option" in call.args]

    assert {
        ("SO_LINGER", "{l_onoff=1, l_linger=0}"), ("TCP_NODELAY", 1), ("SO_BINDTODEVICE", r"lo\x00"), ("SO_ERROR", 0),
        ("SO_PEERCRED", "{pid=0, uid=-1, gid=-1}"), ("0x270f", None), ("1", None),
        ("SO_RCVTIMEO_OLD", r"\x02\x00\x00\x00\x00\x00\x00\x00 \xa1\x07\x00\x00\x00\x00\x00"),
    } <= set(told)  # fmt: skip
    assert "0x309" in {call.args["level"] for call in of(nasty, "getsockopt")}
    (unknown,) = of(nasty, "socket", family="0x63")
    assert {"family": "0x63", "type": "0x7777", "protocol": 5} == unknown.args
    assert [({"fd": -1, "how": "0x9"}, "EBADF")] == [
        (call.args, call.errno) for call in of(nasty, "shutdown")
    ]


def test_what_poll_and_select_find(nasty: Log) -> None:
    """All that was asked is there, however much, and of what was found only what is ready."""
    many = max(of(nasty, "poll"), key=lambda call: call.args["count"])
    assert [[fd, "POLLIN|POLLPRI"] for fd in range(3, 43)] + [[999, "POLLIN"]] == many.args["fds"]
    assert [[fd, "POLLIN"] for fd in range(3, 41)] + [[999, "POLLNVAL"]] == many.args["ready"]
    assert 39 == many.result

    assert {"fds": None, "count": 0, "timeout": 1, "ready": []} in [call.args for call in of(nasty, "poll")]
    both = {
        "fds": [[3, "POLLIN"], [42, "POLLIN|POLLOUT"]],
        "count": 2,
        "ready": [[3, "POLLIN"], [42, "POLLOUT"]],
    }
    assert [{**both, "timeout": 1.000005}, {**both, "timeout": None}] == [
        call.args for call in of(nasty, "ppoll")
    ]
    assert {
        "count": 8, "read": [3, 4, 5], "write": [5, 6, 7], "except": [3], "timeout": 1.5,
        "ready": [[3, "in"], [4, "in"], [5, "in"], [5, "out"], [6, "out"], [7, "out"]],
    } == of(nasty, "pselect6")[0].args  # fmt: skip


def test_what_epoll_finds(nasty: Log) -> None:
    """In all three spellings the descriptor is there, without the junk in the upper half of its data."""
    many = max(of(nasty, "epoll_wait", epfd=43), key=lambda call: call.result or 0)
    assert [[3, "EPOLLIN|EPOLLOUT"], *([fd, "EPOLLIN"] for fd in range(4, 41))] == many.args["ready"][
        : many.result
    ]
    assert [{"epfd": 43, "change": "EPOLL_CTL_DEL", "fd": 4, "events": None}] * 2 == [
        call.args for call in of(nasty, "epoll_ctl", epfd=43, fd=4, change="EPOLL_CTL_DEL")
    ]
    assert ["EPOLLIN|EPOLLRDHUP|EPOLLET", "0", "EPOLLIN|EPOLLOUT|EPOLLONESHOT"] == [
        call.args["events"] for call in of(nasty, "epoll_ctl", epfd=43, fd=3)
    ]
    assert {"epfd": 44, "ready": [[42, "EPOLLIN|EPOLLHUP"]], "maxevents": 2, "timeout": 0} == of(
        nasty, "epoll_pwait"
    )[0].args
    (interrupted,) = (call for call in of(nasty, "epoll_wait") if call.errno)
    assert ("EINTR", None, False) == (interrupted.errno, interrupted.args["ready"], interrupted.restarted)


def test_epoll_pwait2_where_strace_knows_it() -> None:
    """Its time is in seconds; a strace that is older than it gives a call without a name that we know."""
    assert [1.000005] == [call.args["timeout"] for call in of(made("6.1", NASTY), "epoll_pwait2")]
    assert [({}, 1)] == [(call.args, call.result) for call in of(made("5.10", NASTY), "syscall_0x1b9")]


@pytest.mark.parametrize("name", ["recvfrom", "poll", "pselect6"])
def test_signal_breaks_a_call_off_and_it_begins_again(nasty: Log, name: str) -> None:
    """It has no result and no errno, but an end, and is marked as restarted; the same call follows it."""
    (broken,) = (call for call in of(nasty, name) if call.restarted)
    after = next(call for call in of(nasty, name) if call.t0 > broken.t0)

    assert (None, None) == (broken.result, broken.errno)
    assert broken.t1 is not None
    assert 50_000_000 <= broken.t1 - broken.t0
    assert after.args.get("fd") == broken.args.get("fd")
    assert after.result == 1
    assert [] == broken.args.get("ready", [])
    assert broken.args.get("data") is None


def test_killed_and_outlived_calls_never_return(nasty: Log) -> None:
    """A process killed in recv, a thread whose process exits, and one that another's exec ends: none has an end."""
    never = [call for call in nasty.calls if call.t1 is None]

    assert ["recvfrom"] * 3 == [call.name for call in never]
    assert [({"fd": 4}, None, None, False)] * 3 == [(c.args, c.result, c.errno, c.restarted) for c in never]
    # The fixtures were made with -e signal=none, which hides a death by a signal, too; our command has it no more.
    assert [None, "exited with 5", "exited with 0"] == [nasty.ends.get(call.tid) for call in never]


def test_exec_from_a_thread_ends_as_its_process(nasty: Log) -> None:
    """It is the thread's that has called it, though it returns under the number of the process, which goes on."""
    (execution,) = of(nasty, "execve", path="/bin/true")
    process = next(call for call in of(nasty, "clone3") if call.result == execution.tid).tid
    (clone,) = (call for call in of(nasty, "clone") if call.result == process)

    assert clone.args == {"thread": False}
    assert 0 == execution.result
    assert not [call for call in nasty.calls if call.tid == execution.tid and call.t0 > execution.t0]
    assert [call for call in nasty.calls if call.tid == process and call.t0 > execution.t0]
    assert [({"path": "/nowhere/program"}, "ENOENT")] == [
        (call.args, call.errno) for call in of(nasty, "execve", path="/nowhere/program")
    ]


def test_calls_of_threads_interleave(nasty: Log) -> None:
    """Three threads that waited at once have each their whole call."""
    (received,) = of(nasty, "recvfrom", data=") = 7 <unfinished ...>")
    (accepted,) = (call for call in of(nasty, "accept4", fd=5) if call.result == 6)
    (selected,) = of(nasty, "pselect6", **{"except": [4]})

    assert {
        "fd": 4,
        "data": ") = 7 <unfinished ...>",
        "size": 100,
        "flags": "0",
        "address": None,
    } == received.args
    assert re.fullmatch(r"127\.0\.0\.1:\d+", accepted.args["address"])
    assert [[4, "in"]] == selected.args["ready"]
    assert 3 == len({received.tid, accepted.tid, selected.tid})


# Lines by hand


def test_injected_and_delayed_calls() -> None:
    """A fault put in by strace is marked; a call that it only delayed is the kernel's own."""
    fault = call_of(
        "connect(3, {sa_family=AF_UNIX}, 2) = -1 ECONNREFUSED (Connection refused) (INJECTED) <0.1>"
    )
    value = call_of('sendto(3, "abcd", 4, 0, NULL, 0) = 2 (INJECTED) <0.1>')
    slow = call_of(
        "connect(3, {sa_family=AF_UNIX}, 2) = -1 EINPROGRESS (Operation now in progress) (DELAYED) <0.1>"
    )
    late = call_of("poll([{fd=3, events=POLLIN}], 1, 9) = 1 ([{fd=3, revents=POLLIN}]) (DELAYED) <0.1>")

    assert ("ECONNREFUSED", True) == (fault.errno, fault.injected)
    assert (2, True) == (value.result, value.injected)
    assert ("EINPROGRESS", False) == (slow.errno, slow.injected)
    assert ([[3, "POLLIN"]], False) == (late.args["ready"], late.injected)


@pytest.mark.parametrize(
    ("text", "result", "errno", "restarted"),
    [
        ("= 0", 0, None, False),
        ("= 0 (Timeout)", 0, None, False),
        ("= 0x8002 (flags O_RDWR|O_LARGEFILE)", 0x8002, None, False),
        ("= 08", 8, None, False),
        ("= 0xffffffffffffffff", -1, None, False),
        ("= -1 EAGAIN (Resource temporarily unavailable)", None, "EAGAIN", False),
        ("= -1 (errno 999)", None, "E#999", False),
        ("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", None, None, True),
        ("= ? ERESTART_RESTARTBLOCK (Interrupted by signal)", None, None, True),
        ("= -1 ERESTARTNOHAND (To be restarted if no handler)", None, None, True),
        ("= -1 EINTR (Interrupted system call)", None, "EINTR", False),
    ],
)
def test_results(text: str, result: int | None, errno: str | None, restarted: bool) -> None:
    """What stands behind the sign of equality is a result, an errno, or a call that begins again."""
    made = call_of(f"fcntl(3, F_GETFL) {text} <0.000001>")

    assert (result, errno, restarted) == (made.result, made.errno, made.restarted)
    assert 1_500_001_000 == made.t1


def test_exit_never_returns() -> None:
    """A result that nobody sees is none."""
    made = call_of("exit_group(0) = ?")

    assert (None, None, None) == (made.t1, made.result, made.errno)


def test_unmeasured_call_ends_with_its_line() -> None:
    """Without a duration a call in one line takes no time, and one in two lines takes the time between them."""
    made = log(
        "7 1.0 close(3) = 0",
        "7 2.0 recvfrom(3,  <unfinished ...>",
        '7 3.5 <... recvfrom resumed>"", 1, 0, NULL, NULL) = 0',
    )

    assert [0, 1_500_000_000] == [call.t1 - call.t0 for call in made.calls if call.t1 is not None]


def test_new_descriptor_tells_what_it_stands_for() -> None:
    """A call without a descriptor among its arguments has what its result stands for; another that of its first."""
    opened = call_of(
        'openat(AT_FDCWD</home/you>, "x", O_RDONLY) = 3</home/you/caf\\303\\251 \\74x\\76> <0.1>'
    )
    accepted = call_of("accept4(3<socket:[1]>, NULL, NULL, 0) = 4<socket:[2]> <0.1>")
    gone = [
        call_of(f"close(3</tmp/x{spelling}) = 0 <0.1>").what
        for spelling in (">", ">(deleted)", " (deleted)>")
    ]

    assert "/home/you/café <x>" == opened.what
    assert "socket:[1]" == accepted.what
    assert ["/tmp/x"] * 3 == gone


def test_environment_is_never_kept() -> None:
    """Of execve the path is kept, even where strace was told to show all."""
    made = call_of('execve("/bin/true", ["true", "--key=S3CRET"], ["HOME=/", "TOKEN=S3CRET"]) = 0 <0.1>')

    assert {"path": "/bin/true"} == made.args
    assert "S3CRET" not in repr(made)


def test_content_of_files_is_never_kept() -> None:
    """Of read and write the size is kept: they move files' contents and what TLS has encrypted."""
    made = log('7 1.0 read(3</x>, "S3CRET", 9) = 6 <0.1>', '7 1.1 write(3</x>, "S3CRET", 6) = 6 <0.1>')

    assert [{"fd": 3, "size": 9}, {"fd": 3, "size": 6}] == [call.args for call in made.calls]


# The command


@pytest.mark.parametrize(
    ("version", "filtered", "precise"),
    [((0, 0), False, False), ((5, 2), False, False), ((5, 3), True, False), ((5, 5), True, False), ((5, 6), True, True),
     ((6, 1), True, True), ((7, 2), True, True)],
)  # fmt: skip
def test_options_by_version(version: tuple[int, int], filtered: bool, precise: bool) -> None:
    """The filter is asked for since 5.3, nanoseconds since 5.6, before which there are -ttt and -T."""
    words = command(version, "/run/strace.txt")

    assert filtered == ("--seccomp-bpf" in words)
    assert precise == ("--absolute-timestamps=format:unix,precision:ns" in words)
    assert precise == ("--syscall-times=ns" in words)
    assert (not precise) == ({"-ttt", "-T"} <= set(words))


@pytest.mark.parametrize("version", [(0, 0), (5, 2), (5, 3), (5, 5), (5, 6), (6, 1), (7, 2)])
def test_command_asks_for_what_we_read(version: tuple[int, int]) -> None:
    """It follows children, never asks for connections (-yy), hides the environment, and names all that we decode."""
    words = command(version, "/run/strace.txt")

    assert ("strace", "-f") == words[:2]
    assert ("-o", "/run/strace.txt", "--") == words[-3:]
    assert "-y" in words
    assert not [word for word in words if word.startswith(("-yy", "--decode-fds", "-v"))]
    assert "abbrev=execve" in words
    assert ("-s", str(KEPT)) == words[words.index("-s") : words.index("-s") + 2]
    (traced,) = (word.removeprefix("trace=") for word in words if word.startswith("trace="))
    assert set(SHAPES) == {name.lstrip("?") for name in traced.split(",")}
    assert OPTIONAL == {name[1:] for name in traced.split(",") if name.startswith("?")}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("strace -- version 5.10", (5, 10)), ("strace -- version 7.2", (7, 2)), ("strace -- version 6.8.0.21.abcdef", (6, 8)),
     ("strace -- version UNKNOWN", (0, 0)), ("", (0, 0))],
)  # fmt: skip
def test_version_is_two_numbers(text: str, numbers: tuple[int, int]) -> None:
    """Of what strace says about itself two numbers are taken; none are the oldest of all."""
    assert numbers == parse_version(text)


def test_file_of_a_run_is_read(tmp_path) -> None:
    """What is in the folder of a run becomes a log, whatever bytes it holds; without a file there is an OSError."""
    (tmp_path / OUTPUT).write_bytes(b"7 1.0 close(3) = 0 <0.1>\n\xff\n")

    assert (1, ["\xff"]) == (len(read(tmp_path).calls), read(tmp_path).misread)
    with pytest.raises(OSError, match=r"strace\.txt"):
        read(tmp_path / "nowhere")
