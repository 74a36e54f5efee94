"""The lines of strace: all fixtures, halves, notices, cut files, and whatever else may stand in a file."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.recorders.kernel.by_hand import log, quoted
from tests.recorders.kernel.fixtures import Fixture, fixtures
from tracedemo.events import Header, Trace
from tracedemo.recorders.kernel.calls import Log
from tracedemo.recorders.kernel.lane import Clock, kernel_lane
from tracedemo.recorders.kernel.strace import parse

BEGINS = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?[\d:.]+ [a-z]\w*\(", re.MULTILINE)
NEVER = re.compile(r" = \?$", re.MULTILINE)
END = re.compile(r"^(?:\[pid +(\d+)\] |(\d+) +)?[\d:.]+ \+\+\+ (exited|killed)", re.MULTILINE)

PIECES = (
    "7 1.5 ", "8 1.6 ", "[pid  9] ", "12:00:00.5 ", "close(", "recvfrom(3<socket:[1]>, ", "poll([{fd=3, events=POLLIN}], ",
    "<... recvfrom resumed>", "<unfinished ...>", ") = 0", ") = ?", " = -1 EAGAIN (Resource temporarily unavailable)",
    " <0.000001>", "+++ exited with 0 +++", "+++ superseded by execve in pid 8 +++", "--- SIGINT {} ---", "\n", '"', "\\",
    "<", ">", "(", ")", "[", "]", "{", "}", ", ", " ", "=", "strace: Process 9 attached", "sendmsg(3, {msg_iov=[{iov_base=",
    "epoll_wait(4, [{events=EPOLLIN, data=0x7", "9" * 30, "0x", "/*", "*/", "\xb2", "\xff", "\0", "execve(", "clone(",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.binary(max_size=300).map(
    lambda data: data.decode("latin-1")
)


def text_of(fixture: Fixture) -> str:
    return fixture.read().decode("latin-1")


def lane_of(made: Log) -> Trace:
    """All that is done to a log before anybody sees it: 64 bits have to hold each number."""
    lane = kernel_lane(made, Clock((10**9, 10**18), (10**9, 10**18)), root=7, threads={})
    return Trace(Header(), lane.events)


# What four versions have written


@pytest.mark.parametrize("fixture", fixtures(), ids=str)
def test_every_line_is_understood(fixture: Fixture) -> None:
    """Of no version, program and set of options a line is misread, and each line that begins a call gives one."""
    text = text_of(fixture)
    made = parse(text)

    assert [] == made.misread
    assert len(BEGINS.findall(text)) == len(made.calls)


@pytest.mark.parametrize("fixture", fixtures(), ids=str)
def test_every_half_finds_its_other_half(fixture: Fixture) -> None:
    """Only calls of which the file says so never return, and all threads that end have an end."""
    text = text_of(fixture)
    made = parse(text)

    assert len(NEVER.findall(text)) == sum(call.t1 is None for call in made.calls)
    assert {int(one or other or 0) for one, other, _ in END.findall(text)} == set(made.ends)
    assert all(call.t1 is None or call.t0 <= call.t1 for call in made.calls)


@pytest.mark.parametrize("fixture", fixtures(options=("ours",)), ids=str)
def test_calls_stand_in_order_of_their_entry(fixture: Fixture) -> None:
    """Entries ascend, and each lies between the stamps of the first line and the last."""
    text = text_of(fixture)
    stamps = [int(whole + part) for whole, part in re.findall(r"^\d+ +(\d+)\.(\d+) ", text, re.MULTILINE)]
    entries = [call.t0 for call in parse(text).calls]

    assert sorted(entries) == entries
    assert stamps[0] <= entries[0]
    assert entries[-1] <= stamps[-1]


@pytest.mark.parametrize("fixture", fixtures(("5.10", "7.2"), ("threads",), ("safe",)), ids=str)
def test_cut_file_tells_nothing_that_the_whole_does_not(fixture: Fixture) -> None:
    """Wherever a file ends, its calls that returned are those of the whole file, and at most its last line is misread."""
    text = text_of(fixture)
    whole = parse(text)
    known = set(map(repr, whole.calls))
    begun = {(call.t0, call.name) for call in whole.calls}

    for size in range(len(text)):
        made = parse(text[:size])
        returned = [call for call in made.calls if call.t1 is not None]
        assert [] == [call for call in returned if repr(call) not in known], size
        assert {(call.t0, call.name) for call in made.calls} <= begun, size
        assert len(made.misread) <= 1, size
        missing = text[:size].rpartition("\n")[2]
        assert made.misread in ([], [missing]) or missing.endswith("<unfinished ...>"), size


# Halves


def test_halves_are_joined_in_both_spellings() -> None:
    """Wherever the comma between two halves stands, the call has all its arguments."""
    old = log(
        "7 1.5 recvfrom(3<socket:[1]>,  <unfinished ...>", '7 2.0 <... recvfrom resumed>"ab", 9, 0, NULL, NULL) = 2 <0.25>'
    )  # fmt: skip
    new = log(
        "7 1.5 recvfrom(3<socket:[1]> <unfinished ...>", '7 2.0 <... recvfrom resumed>, "ab", 9, 0, NULL, NULL) = 2 <0.25>'
    )  # fmt: skip

    assert old.calls == new.calls
    (call,) = old.calls
    assert (1_500_000_000, 1_750_000_000) == (call.t0, call.t1)
    assert {"fd": 3, "data": "ab", "size": 9, "flags": "0", "address": None} == call.args


def test_halves_of_threads_are_told_apart() -> None:
    """Two threads inside the same system call get each their own return."""
    made = log(
        "7 1.0 recvfrom(3,  <unfinished ...>", "8 1.1 recvfrom(4,  <unfinished ...>",
        '8 1.2 <... recvfrom resumed>"b", 1, 0, NULL, NULL) = 1 <0.1>',
        '7 1.3 <... recvfrom resumed>"a", 1, 0, NULL, NULL) = 1 <0.3>',
    )  # fmt: skip

    assert [(7, 3, "a"), (8, 4, "b")] == [
        (call.tid, call.args["fd"], call.args["data"]) for call in made.calls
    ]


def test_half_of_another_call_is_misread() -> None:
    """A second half that fits no first half is kept as it stands, and the first half has no return."""
    made = log("7 1.0 recvfrom(3,  <unfinished ...>", "7 1.1 <... sendto resumed>) = 1 <0.1>")

    assert ["7 1.1 <... sendto resumed>) = 1 <0.1>"] == made.misread
    assert [("recvfrom", None)] == [(call.name, call.t1) for call in made.calls]


def test_half_that_does_not_fit_is_kept() -> None:
    """Where both halves make no call, both are kept."""
    made = log("7 1.0 recvfrom(3,  <unfinished ...>", "7 1.1 <... recvfrom resumed>}) = 1 <0.1>")

    assert [] == list(made.calls)
    assert ["recvfrom(3,", "7 1.1 <... recvfrom resumed>}) = 1 <0.1>"] == made.misread


def test_no_half_is_lost() -> None:
    """A thread that begins another call, or ends, without a word about its first, has never returned from that."""
    again = log("7 1.0 recvfrom(3,  <unfinished ...>", "7 1.1 recvfrom(4,  <unfinished ...>")
    ended = log(
        "7 1.0 recvfrom(3,  <unfinished ...>", "7 1.1 +++ killed by SIGKILL +++", "7 9.0 close(3) = 0 <0.1>"
    )

    assert [(3, None), (4, None)] == [(call.args["fd"], call.t1) for call in again.calls]
    assert [("recvfrom", None), ("close", 9_100_000_000)] == [(call.name, call.t1) for call in ended.calls]
    assert {7: "killed by SIGKILL"} == ended.ends


def test_trace_that_ends_in_calls_has_them_all() -> None:
    """Calls that are begun when a file ends have no return, and their arguments as far as they were told."""
    made = log(
        "7 1.0 poll([{fd=3, events=POLLIN}], 1, 5000 <unfinished ...>",
        '8 1.1 sendto(4, "a) = 1", 7, 0, NULL, 0 <unfinished ...>',
    )

    assert [] == made.misread
    assert [None, None] == [call.t1 for call in made.calls]
    assert 5000 == made.calls[0].args["timeout"]
    assert "a) = 1" == made.calls[1].args["data"]


def test_exec_moves_a_call_to_the_process() -> None:
    """What a thread has called ends under the id of the process, whose own call has never returned."""
    made = log(
        "7 1.0 recvfrom(3,  <unfinished ...>", '8 1.1 execve("/bin/true", ["true"], 0x1 /* 5 vars */ <unfinished ...>',
        "7 1.2 +++ superseded by execve in pid 8 +++", "7 1.3 <... execve resumed>) = 0 <0.2>", "7 1.4 close(3) = 0 <0.1>",
    )  # fmt: skip

    assert [] == made.misread
    assert [("recvfrom", 7, None), ("execve", 8, 0), ("close", 7, 0)] == [
        (call.name, call.tid, call.result) for call in made.calls
    ]
    assert 1_100_000_000 == made.calls[1].t0
    assert {} == made.ends


def test_exec_from_a_thread_as_61_tells_it() -> None:
    """With strace 6.1 it breaks off in the first half, tells nonsense in the second, and is whole all the same."""
    made = log(
        '8 1.1 execve("/bin/true", ["true"], 0x1 /* 5 vars */ <pid changed to 7 ...>',
        "7 1.2 +++ superseded by execve in pid 8 +++",
        "7 1.3 <... execve resumed>) = -1 (errno 18446744073709551563)",
        "7 1.4 close(3) = 0 <0.1>",
    )

    assert [] == made.misread
    assert [("execve", 8, 0, None), ("close", 7, 0, None)] == [
        (call.name, call.tid, call.result, call.errno) for call in made.calls
    ]


# What strace says between calls


@pytest.mark.parametrize("name", ["strace", "/usr/bin/strace", "../strace"])
def test_notice_in_the_middle_of_a_call_breaks_nothing(name: str) -> None:
    """On a terminal a line that is broken off by a notice goes on in the next, whatever strace is called."""
    made = log(
        f"12:00:00.5 clone3({{flags=CLONE_THREAD}}{name}: Process 9 attached",
        " => {parent_tid=[9]}, 88) = 9 <0.1>",
        f"[pid     9] {name}: Process 10 attached",
        f"{name}: Process 11 attached",
        f"7 {name}: [ Process PID=7 runs in 32 bit mode. ]",
    )

    assert [] == made.misread
    assert [("clone3", True, 9)] == [(call.name, call.args["thread"], call.result) for call in made.calls]


def test_data_that_looks_like_a_notice_is_data() -> None:
    """A notice inside of a string ends no line."""
    made = log(
        '7 1.0 sendto(3, "strace: Process 9 attached", 26, 0, NULL, 0) = 26 <0.1>',
        "strace: Process 9 attached",
    )

    assert ["strace: Process 9 attached"] == [call.args["data"] for call in made.calls]
    assert [] == made.misread


def test_signals_are_no_calls() -> None:
    """A signal is neither a call nor misread."""
    made = log(
        "7 1.0 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---", "7 1.1 --- stopped by SIGSTOP ---"
    )

    assert ([], []) == (list(made.calls), list(made.misread))


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "7 1.0 close(3)",
        "7 1.0 close(3) = ",
        "7 1.0 close(3) = x",
        "7 1.0 close(3 = 0 <0.1>",
        "7 1.0 close(3} = 0 <0.1>",
        '7 1.0 write(3, "abc) = 0 <0.1>',
        "7 1.0 close(3) = 0 <0.1> and more",
        "7 1.0 +++ something new",
        "7 99999999999.0 close(3) = 0 <0.1>",
        "7 1.0 close(3) = 9999999999999999999 <0.1>",
        f"{'7' * 5000} 1.0 close(3) = 0 <0.1>",
        f"7 1.0 close(3) = {'7' * 5000} <0.1>",
        f"7 1.0 close(3) = 0 <{'7' * 5000}.1>",
    ],
    ids=lambda line: line[:40],
)
def test_line_that_is_not_understood_is_kept(line: str) -> None:
    """It is misread as it stands, and the lines around it are read."""
    made = log("7 0.1 close(3) = 0 <0.1>", line, "7 2.0 close(4) = 0 <0.1>")

    assert [line] == made.misread
    assert [3, 4] == [call.args["fd"] for call in made.calls]


def test_shift_in_an_argument_is_no_descriptor() -> None:
    """The < of a shift opens nothing, with and without a duration behind it."""
    shift = "7 1.0 mmap(NULL, 9, PROT_READ, MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = 0x7f0000000000"
    made = log(shift, f"{shift} <0.000001>")

    assert [] == made.misread
    assert [0x7F0000000000] * 2 == [call.result for call in made.calls]


def test_connections_of_a_user_s_own_options_are_read() -> None:
    """With -yy, which is never ours, a descriptor has an arrow in what it stands for."""
    made = log(
        '7 1.0 sendto(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, "a->b>", 5, 0, NULL, 0) = 5',
        "7 1.1 close(3</tmp/a->, 4) = 0",
    )

    assert ("TCP:[127.0.0.1:1->127.0.0.1:2]", "a->b>") == (made.calls[0].what, made.calls[0].args["data"])
    assert "/tmp/a-" == made.calls[1].what


# Anything at all


@given(st.binary(max_size=200))
@example(b") = 99 <unfinished ...>")
@example(b'", 99, 0, NULL, 0) = 99 <0.1>\n7 1.0 close(3) = 0')
@example(b"<... recvfrom resumed>")
@example(b"+++ exited with 0 +++")
@example(b"\\")
def test_no_data_fools(data: bytes) -> None:
    """Whatever goes over a socket, or is the name of a file, a line or two halves with it are one call."""
    text, path = quoted(data), quoted(data.replace(b"\0", b""), also=b"<>")
    made = log(
        f'7 1.0 sendto(3<{path}>, "{text}", 9, 0, NULL, 0) = 99 <0.1>',
        f"7 1.2 recvfrom(3<{path}>,  <unfinished ...>",
        f'7 1.3 <... recvfrom resumed>"{text}", 9, 0, NULL, NULL) = 98 <0.1>',
        f'7 1.4 sendto(3<{path}>, "{text}", 9 <unfinished ...>',
        "7 1.5 <... sendto resumed>, 0, NULL, 0) = 97 <0.1>",
        f'7 1.6 sendto(3<{path}>, "{text}", 9 <unfinished ...>',
    )

    assert [] == made.misread
    assert [99, 98, 97, None] == [call.result for call in made.calls]
    assert 1 == len({call.args["data"] for call in made.calls})


@given(TEXTS)
def test_no_bytes_break_it(text: str) -> None:
    """Whatever is in a file, it is read to its end, and its calls fit into a trace."""
    lane_of(parse(text))


@given(st.data())
def test_no_change_breaks_it(data: st.DataObject) -> None:
    """A real output with something taken out and something put in is read to its end; nothing but its lines is misread."""
    text = text_of(data.draw(st.sampled_from(fixtures(programs=("nasty", "threads")))))
    start = data.draw(st.integers(0, len(text)))
    text = text[start : start + 2000]
    for _ in range(data.draw(st.integers(1, 4))):
        at, size = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 30))
        text = text[:at] + data.draw(TEXTS) + text[at + size :]
    made = parse(text)

    lane_of(made)
    assert len(made.misread) <= 2 * (text.count("\n") + 1)


LONG = 200_000
HOSTILE = {
    "brackets": "7 1.0 close(" + "(" * LONG,
    "closed": "7 1.0 close(" + "([{" * LONG + ")]}" * LONG,
    "quotes": "7 1.0 close(" + '"' * (LONG + 1),
    "escaped quotes": '7 1.0 close("' + '\\"' * LONG,
    "backslashes": "7 1.0 close(" + '"\\' * LONG,
    "pairs": "7 1.0 close(3) = 0" + " ()" * LONG,
    "angles": "7 1.0 close(" + "<" * LONG,
    "arrows": "7 1.0 close(3) = 3<" + "->" * LONG,
    "arrows and pairs": "7 1.0 close(3) = 3<" + "-> (" * LONG,
    "sockets": "7 1.0 close(" + "<a:[->" * LONG,
    "errors": "7 1.0 close(3) = -1 EAGAIN" + " (a" * LONG,
    "blanks": "7 1.0 close(3)" + " " * LONG,
    "digits": "7" * LONG,
    "paths": "/" * LONG + "strace: Process 9 attached",
    "path names": "7 1.0 close(" + "a/" * LONG + "strace: Process 9 attached",
    "notices": ("x" + "strace: Process 9 attached\n") * (LONG // 20),
    "halves": "".join(f"{tid} 1.0 close(3 <unfinished ...>\n" for tid in range(1, LONG // 10)),
    "second halves": "".join(f"{tid} 1.0 close(3 <unfinished ...>\n" for tid in range(1, LONG // 10))
    + "<... recvfrom resumed>) = 0\n" * (LONG // 10),
    "commas": "7 1.0 close(" + "," * LONG + ") = 0",
    "comments": "7 1.0 socket(" + "/*" * LONG + ") = 0",
    "polled": "7 1.0 poll([" + "{fd=1, revents=" * (LONG // 10) + ")" * (LONG // 10 + 2) + " = 0",
    "poll notes": "7 1.0 poll([]) = 0 (" + "{fd=1, revents=" * (LONG // 10) + ")",
    "sets": "7 1.0 select([" + "1<" * LONG + "]) = 0",
    "set notes": "7 1.0 select([]) = 0 (" + "in [" * LONG + ")",
    "events": "7 1.0 epoll_wait(3, [" + "{events=" * (LONG // 8) + ")" * (LONG // 8 + 2) + " = 0",
    "vectors": "7 1.0 sendmsg(3, {msg_iov=[" + "{iov_base=" * (LONG // 10) + ")" * (LONG // 10 + 3) + " = 0",
    "messages": "7 1.0 sendmmsg(3, [" + "{msg_hdr={" * (LONG // 10) + "}" * (LONG // 5) + "]) = 0",
    "addresses": "7 1.0 connect(3, {sa_family=AF_INET6, " + "sin6_port=htons(1), " * (LONG // 10) + "}) = 0",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_no_line_takes_long(text: str) -> None:
    """A line of hundreds of thousands of signs, made to be hard, takes seconds of the processor at most, not minutes."""
    start = time.process_time()
    parse(text + "\n")

    assert 10 > time.process_time() - start
