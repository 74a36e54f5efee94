"""The kernel's lane in the log: beside or below each call, what is hidden, what a filter brings out, and how it is said."""

from __future__ import annotations

import json
import re

import pytest

from tests.render.kernel_trace import kernel
from tests.render.looks import check_golden, lines, said, show, study, style_of, widest
from tests.render.traces import PID, US, Script
from tracedemo.analysis.filters import parse
from tracedemo.analysis.study import Study
from tracedemo.events import KERNEL, PYTHON, Event, Trace
from tracedemo.render import VIEWS, Options

WIDTHS = (60, 80, 100, 120, 139, 140, 160, 200, 250)


def without_kernel() -> Study:
    """The same run as the in-process recorder alone would have seen it."""
    trace = kernel()
    return Study(trace.replace(events=[event for event in trace if event.lane != KERNEL]))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, None])
def test_golden(width: int | None) -> None:
    """The log with system calls looks as it did when it was last looked at."""
    check_golden(f"log-kernel-{width or 'pipe'}", show("log", "kernel", width))


def test_golden_other_forms() -> None:
    """So does its form in ascii, aloud, with the start, without folding, and the summary."""
    check_golden("log-kernel-ascii", show("log", "kernel", 100, ascii=True))
    check_golden("log-kernel-plain", "\n".join(said("log", "kernel")) + "\n")
    check_golden(
        "log-kernel-startup", show("log", "kernel", 100, startup=True, only=parse("execve,openat,socket"))
    )
    check_golden(
        "log-kernel-unfold",
        show("log", "kernel", 120, unfold=True, only=parse("connect,poll,getsockopt,ioctl")),
    )
    check_golden("summary-kernel-100", show("summary", "kernel", 100))
    check_golden("summary-kernel-plain", "\n".join(said("summary", "kernel")) + "\n")


def test_below_or_beside() -> None:
    """Under 140 columns system calls stand on lines of their own under their call, from there on in a column."""
    for width in WIDTHS:
        text = show("log", "kernel", width)
        assert (width < 140) is ("└ " in text)
        assert (width >= 140) is bool(re.search(r"took +kernel", text))
    assert "└ " not in show("log", "kernel", None)


@pytest.mark.parametrize("width", [*range(40, 260, 13), None])
def test_answers_are_never_cut(width: int | None) -> None:
    """At any width every system call is there with its whole answer, every errno's name and every ready descriptor."""
    text = show("log", "kernel", width)
    found = squeezed(text) if width is None or width < 140 else squeezed_column(width)

    for answer in (
        "connect(5, 127.0.0.1:43555) = -1 EINPROGRESS",
        "poll([5 OUT|ERR], 5000 ms) = 1 (5 OUT)",
        "getsockopt(5, SO_ERROR, [0]) = 0",
        "epoll_wait(3, [4 OUT], -1) = 1",
        "socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, [6, 7]) = 0",
        "100 times recvfrom on fd 4: -1 EAGAIN each time",
        "looking up 'localhost', which blocks",
        "no system call: only Python takes note",
    ):
        assert answer in found or answer.replace(" ", "") in found.replace(" ", "")
    assert width is None or widest(text) <= width


def squeezed_column(width: int) -> str:
    """What stands in the kernel's column, read downwards."""
    head, *rows = show("log", "kernel", width).splitlines()[2:]
    start = head.index("kernel")
    end = next((head.index(title, start) for title in ("why", "line") if title in head[start:]), None)
    return squeezed(" ".join(row[start:end] for row in rows))


def test_each_call_has_its_line() -> None:
    """In the column, too, each system call begins a line, and has its own colour; in a pipe they share a line."""
    found = show("log", "kernel", 160).splitlines()
    place = next(number for number, line in enumerate(found) if "connect(5, " in line)

    assert "poll([5 OUT|ERR]" in found[place + 1]
    assert "getsockopt(5" in found[place + 2]
    assert "EINPROGRESS; poll([5 OUT|ERR], 5000 ms) = 1 (5 OUT); getsockopt" in show("log", "kernel", None)
    for width in (100, 160):
        assert "not-yet" == style_of(lines("log", "kernel", width), "-1 EINPROGRESS")
        assert "dim" == style_of(lines("log", "kernel", width), "getsockopt(5")


def test_errors_are_red() -> None:
    """A system call that failed stands out."""
    script = Script()
    script.call("connect", 20 * US, "a", 1, fd=4, errno="ECONNREFUSED", exc="ConnectionRefusedError")
    script.add(
        KERNEL, "connect", 5 * US, at=script.start + 2 * US, fd=4, args={"fd": 4}, errno="ECONNREFUSED"
    )

    assert "error" == style_of(
        list(VIEWS["log"].table([Study(script.trace())], Options(width=80))), "= -1 ECONN"
    )


@pytest.mark.parametrize("ascii_", [False, True])
def test_what_it_teaches(ascii_: bool) -> None:
    """What the lane is for can be seen by whoever just looks."""
    text = squeezed(show("log", "kernel", 100, ascii=ascii_))

    for lesson in (
        "looking up 'localhost', which blocks",  # inside connect(), on a non-blocking socket
        "EINPROGRESS",
        "40 times poll, sendto on fd 5: 8,000,000 bytes in all",
        "no system call: only Python takes note",
        "socketpair(AF_UNIX",
        "TLS: read(6, 5) = 5",
        "no system call: the TLS library had these bytes",
        "importing modules",
        "(no Python call) 3 system calls",
        "write 2, clone3",
    ):
        assert lesson in text


# What is hidden, and what brings it out


def test_start_and_tool_are_hidden_and_counted() -> None:
    """The interpreter's start and the tool's own system calls are not shown, and the last lines say how many."""
    text = squeezed(show("log", "kernel", 100))

    assert "execve" not in text
    assert "41 system calls of the interpreter's start hidden; --startup shows them." in text
    assert "Not shown: 1 of tracedemo itself." in text
    assert (
        "195 system calls on sockets, polls and epolls after the start lie under a Python call (100 %)"
        in text
    )


def test_startup() -> None:
    """With --startup they come, before the instant 0, and nothing is said of hiding."""
    text = show("log", "kernel", 100, startup=True)

    assert re.search(r"-20\.000 +execve\(", text)
    assert 40 == len(re.findall(r"openat\(.*-1 ENOENT", text))
    assert "--startup" not in text
    assert any(
        line.startswith("At 20 milliseconds before the start: ")
        for line in said("log", "kernel", startup=True)
    )


def test_startup_of_the_lane() -> None:
    """Whoever asks for the kernel's lane or one of its calls does not get the start by that."""
    for words in ("kernel", "openat", "execve"):
        text = show("log", "kernel", 100, only=parse(words))
        assert "-20.0" not in text
        assert "41 system calls of the interpreter's start hidden" in squeezed(text)
    assert "execve" in show("log", "kernel", 100, only=parse("kernel"), startup=True)


def test_tool_by_its_mark() -> None:
    """The tool's own are to be had by their mark."""
    assert "close(8)" in show("log", "kernel", 100, only=parse("mark=tracer"))
    assert "close(8)" not in show("log", "kernel", 100, only=parse("close"))


@pytest.mark.parametrize("words", ["recvfrom", "epoll_wait", "kernel", "lane=kernel", "getsockopt"])
def test_only_system_calls(words: str) -> None:
    """A filter that names system calls shows them as lines of their own, without any Python call."""
    text = show("log", "kernel", 100, only=parse(words))
    rows = [line for line in text.splitlines() if re.match(r" *\d+\.\d{3}  ", line)]

    assert rows
    assert "└" not in text
    assert all(re.search(r"\w+\(", row) for row in rows)
    assert "(no Python call)" not in text
    assert "setblocking(" not in text
    assert "--only leaves out" in squeezed(text)


def test_only_a_name_of_both() -> None:
    """Of a name that is a call and a system call, the call is shown with the system call beneath it, not again after it."""
    text = show("log", "kernel", 100, only=parse("connect"))

    assert 2 == len(re.findall(r"connect\(\d, 127", text))
    assert 2 == len(re.findall(r"connect\((localhost|127)", text))


def test_only_an_answer() -> None:
    """A system call that a filter wants, under a call that it does not, is shown by itself and not lost."""
    text = show("log", "kernel", 100, only=parse("EINPROGRESS"))

    assert "connect(localhost:43555)" in text
    assert re.search(r"fetch_data #2 +connect\(5, 127\.0\.0\.1:43555\) +◆ -1 EINPROGRESS", text)


def test_only_python() -> None:
    """Calls that a filter wants keep what lies beneath them."""
    assert "└ ioctl(4, FIONBIO, [1]) = 0" in show("log", "kernel", 100, only=parse("setblocking"))
    assert "└" in show("log", "kernel", 100, only=parse("python"))


def test_unfold() -> None:
    """Unfolded, each row is a line, system calls in their place in time, also the start and the tool's own."""
    text = show("log", "kernel", None, unfold=True)
    found = study("kernel")

    assert sum(bool(re.match(r" *-?\d+\.\d{3}  ", line)) for line in text.splitlines()) == len(found.events)
    assert re.search(r"fetch_data #1 +connect\(localhost:43555\).*\n.*openat\(\"/etc/nsswitch.conf\"", text)
    assert "hidden" not in text


def test_folded_calls_keep_their_sum() -> None:
    """Under a folded line all system calls of its calls are counted."""
    assert "100 times recvfrom on fd 4: -1 EAGAIN each time" in show("log", "kernel", 100)


# Outside of any call


def outside(*ops: str, python: bool = True) -> Study:
    script = Script()
    if python:
        script.call("socket", 10 * US, None, 1, fd=3, result=3)
    for number, op in enumerate(ops):
        script.add(KERNEL, op, 2 * US, at=script.now + number * 5 * US, fd=7, args={"fd": 7}, result=0)
    return Study(script.trace())


def test_outside() -> None:
    """System calls under no Python call are one line for those in a row, with their names beneath; not those on sockets."""
    view = VIEWS["log"]
    text = str(view.table([outside("connect", "write", "write")], Options(width=100)))

    assert re.search(r"\(no Python call\) +1 system call +2\.0 µs\n +└ connect\(7\) = 0\n", text)
    assert re.search(r"\(no Python call\) +2 system calls +4\.0 µs\n +└ write 2\n", text)
    assert "0 of 1 system calls on sockets" in text
    assert "1 of them: made in C, outside of Python's socket and selector interface." in text
    aloud = list(view.plain([outside("connect", "write", "write")], Options()))
    assert "At 21 microseconds: 2 system calls under no Python call: write 2; 4 microseconds in all." in aloud


def test_one_outside() -> None:
    """A single one is shown whole."""
    view = VIEWS["log"]

    assert re.search(r"1 system call +2\.0 µs\n +└ connect\(7\) = 0\n",
                     str(view.table([outside("connect")], Options(width=100))))  # fmt: skip
    assert "At 16 microseconds: 1 system call under no Python call: connect of fd 7." in list(
        view.plain([outside("connect")], Options())
    )


def test_other_processes() -> None:
    """System calls of a process that makes no call of Python are told apart by its number."""
    script = Script()
    script.call("socket", 10 * US, None, 1, fd=3, result=3)
    script.add(KERNEL, "execve", 2 * US, pid=PID + 3, tid=PID + 3, args={"path": "/bin/true"}, result=0)
    text = str(VIEWS["log"].table([Study(script.trace())], Options(width=100)))

    assert re.search(rf" {PID} +conn 1 +socket", text)
    assert re.search(rf" {PID + 3} +\(no Python call\)", text)


def test_nothing_but_system_calls() -> None:
    """A program of which no call of Python was recorded has a log, too."""
    text = str(VIEWS["log"].table([outside("connect", "recvfrom", python=False)], Options(width=100)))

    assert ["connect(7) = 0", "recvfrom(7) = 0"] == re.findall(r"└ (.*)", text)
    assert "0 of 2 system calls" in text


# Read aloud, and for programs


def test_plain_reads_well() -> None:
    """Aloud there is no bracket, no sign and no mask of a system call, and one sentence tells what lies beneath."""
    found = said("log", "kernel")
    below = [line for line in found if line.startswith("Beneath it")]

    assert 23 == len(below)
    for line in below:
        assert line == line.strip()
        assert line.endswith(".")
        assert not set('|()[]=└×…"') & set(line)
    three = (
        "Beneath it are 3 system calls: connect of fd 5 to 127.0.0.1:43555: EINPROGRESS;"
        " poll of fd 5 for OUT and ERR, at most 5 seconds: fd 5 ready for OUT; getsockopt of SO_ERROR on fd 5: 0."
    )
    assert three in below
    assert "Beneath it is no system call: only Python takes note." in below
    assert "Beneath it, 100 times recvfrom on fd 4: EAGAIN each time." in below


def test_jsonl_holds_all() -> None:
    """For programs every row comes out, those of the start and of the tool included."""
    found = [json.loads(line) for line in VIEWS["log"].jsonl([study("kernel")], Options())]

    assert len(study("kernel").events) == len(found)
    assert {"python", "kernel", "flow"} == {row["lane"] for row in found}


# The other views


@pytest.mark.parametrize("view", ["timeline", "phases", "wakeups", "connections"])
def test_other_views_are_the_same(view: str) -> None:
    """A view of the program's own calls does not change by what the kernel's lane adds."""
    options = Options(width=100)

    assert str(VIEWS[view].table([without_kernel()], options)) == show(view, "kernel", 100)
    assert list(VIEWS[view].plain([without_kernel()], options)) == list(
        VIEWS[view].plain([study("kernel")], options)
    )


def test_comparison() -> None:
    """Runs with and without the lane stand side by side, and none is given the other's numbers."""
    text = show("comparison", "kernel, selector", 120)

    assert "lookup.py" in text
    assert "selector" in text


def test_without_the_lane_nothing_is_added() -> None:
    """A trace without system calls says nothing of them."""
    for width in (60, 100, 160, None):
        text = show("log", "selector", width)
        assert "system call" not in text
        assert "└" not in text


def test_hostile_names() -> None:
    """A system call that would like to rule the terminal is text."""
    event = Event(
        0, KERNEL, "x\x1b[2J\n", 10, 12, 1, 1, args={"path": "\x1b]0;t\x07", "data": "\u202e"}, errno="\x1bE"
    )
    call = Event(0, PYTHON, "connect", 5, 20, 1, 1, fd=3, args={"address": "\x1b[31m:1"})
    for only in (None, parse("kernel")):
        for width in (60, 100, 160, None):
            for line in VIEWS["log"].table(
                [Study(Trace(events=[call, event]))], Options(width=width, only=only)
            ):
                assert all(text.isprintable() for text, _ in line)
