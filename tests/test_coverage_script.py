"""scripts/coverage: what it counts, what it promises, and how it tells; the runs themselves are CI's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts" / "coverage_programs"
sys.path.insert(0, str(SCRIPTS))
try:
    import environments
    import measure
    import page
    from catalogue import BEYOND, GROUPS, PROGRAMS, STDLIB, Program
    from measure import Measured, Report
finally:
    sys.path.remove(str(SCRIPTS))

from tracedemo.analysis.join import join
from tracedemo.events import KERNEL, PYTHON, Event, Header, Trace
from tracedemo.recorders.kernel.calls import SystemCall

PROGRAM = Program("one", STDLIB, "one.py")
REACHLESS = Program("two", BEYOND, "two.py", (), (), None, "it lives in C.")


def call(name: str, what: str | None, t: int = 0, **args: object) -> SystemCall:
    return SystemCall(1, t, t + 1, name, args, result=0, what=what)


@pytest.mark.parametrize(
    ("name", "what", "counts"),
    [
        ("read", "socket:[12]", True),
        ("close", "anon_inode:[eventpoll]", True),
        ("close", "anon_inode:[eventpoll:4]", True),
        ("read", "/etc/hosts", False),
        ("write", "pipe:[7]", False),
        ("fcntl", None, False),
        ("poll", None, True),
        ("socket", None, True),
        ("io_uring_enter", "anon_inode:[io_uring]", True),
    ],
)
def test_what_is_counted(name: str, what: str | None, counts: bool) -> None:
    """A system call counts when its descriptor is a socket or an epoll, or when it can be about nothing else."""
    assert counts == measure.concerns_sockets(call(name, what))


def event(lane: str, op: str, t0: int, t1: int, seq: int, **more: object) -> Event:
    return Event(seq, lane, op, t0, t1, 1, 1, **more)


def sorted_out(*events: Event) -> tuple[int, dict[str, int]]:
    trace = Trace(Header(pid=1, kind="code"), events).sorted()
    joined = join(trace)
    wanted = {(each.pid, each.seq): call(each.op, "socket:[1]") for each in events if each.lane == KERNEL}
    assert joined is not None
    inside, outside, _ = measure.sort_out(list(trace), joined, wanted)
    return inside, outside


def test_inside_and_outside() -> None:
    """What lies in a Python call of its thread is inside; what comes after it is outside, and told by name."""
    found = sorted_out(
        event(PYTHON, "send", 10, 20, 0, fd=3),
        event(KERNEL, "sendto", 12, 13, 0, fd=3),
        event(KERNEL, "write", 30, 31, 1, fd=3),
    )

    assert (1, {"write": 1}) == found


def test_our_own_look_is_not_the_programs() -> None:
    """The fstat that the recorder makes right before os.sendfile is counted nowhere; any other fstat is."""
    found = sorted_out(
        event(PYTHON, "socket", 1, 2, 0, fd=3),
        event(KERNEL, "newfstatat", 5, 6, 0, fd=3),
        event(KERNEL, "newfstatat", 8, 9, 1, fd=3),
        event(PYTHON, "sendfile", 10, 20, 1, fd=3),
        event(KERNEL, "sendfile", 12, 13, 2, fd=3),
    )

    assert (1, {"newfstatat": 1}) == found


@pytest.mark.parametrize(
    ("rate", "text"), [(1.0, "100 %"), (0.9999, "99.9 %"), (0.98, "98 %"), (0.985, "98.5 %"), (0.0, "0 %")]
)
def test_a_share_is_rounded_down(rate: float, text: str) -> None:
    """100 % is said of all and of nothing less."""
    assert text == page.percent(rate)


def test_what_is_promised() -> None:
    """A promise is broken by one call outside, by changed output, and by nothing to count; not by what is absent."""
    assert Measured("one", 5).keeps(PROGRAM)
    assert not Measured("one", 5, {"read": 1}).keeps(PROGRAM)
    assert not Measured("one", 5, trouble="other output").keeps(PROGRAM)
    assert not Measured("one").keeps(PROGRAM)
    assert Measured("one", without="no such library").keeps(PROGRAM)
    assert Measured("two", 5, {"read": 9}).keeps(REACHLESS)


def test_page() -> None:
    """The page has a cell for each program and Python, the reason for what is missing, and what was changed."""
    reports = [
        Report("3.11.7", "6.1", (Measured("one", 9), Measured("two", 1, {"read": 2, "write": 1}))),
        Report(
            "3.15.2", "7.2", (Measured("one", 8, trouble="it said more"), Measured("two", without="no wheel"))
        ),
    ]

    text = page.page(reports, [PROGRAM, REACHLESS], {"lib": "1.2"}, "2026-01-02", "Redis 7")

    assert "| one | 100 % of 9 | 100 % of 8 |" in text
    assert "| two | 25 % of 4 | – |" in text
    assert "* **two** (on 3.11.7 `read` ×2, `write` ×1): it lives in C." in text
    assert "* two on 3.15.2: no wheel" in text
    assert "* one on 3.15.2: it said more" in text
    assert (
        "2026-01-02: CPython with strace 6.1 under 3.11.7; strace 7.2 under 3.15.2; Redis 7; lib 1.2." in text
    )


def test_a_report_survives_json() -> None:
    """What is measured in another root comes back as it was."""
    report = Report("3.15.2", "7.2", (Measured("one", 9, {"read": 1}, ("read",)),))
    told = {
        "python": "3.15.2",
        "strace": "7.2",
        "measured": [{"program": "one", "inside": 9, "outside": {"read": 1}, "where": ("read",)}],
    }

    assert report == Report.of(told)


def test_libraries_are_held_at_one_version() -> None:
    """Each line of the requirements names one version, and each module that a program needs comes from one of them."""
    pins = environments.pins(environments.REQUIREMENTS.read_text(encoding="utf-8"))

    assert all(pins.values())
    assert set() == {name for program in PROGRAMS for name in program.needs} - pins.keys()


def test_catalogue() -> None:
    """Names are told apart, files are there and shadow no module of Python, and what is not promised has a reason."""
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
    assert [] == [program.name for program in PROGRAMS if not program.path.is_file()]
    assert set() == {program.path.stem for program in PROGRAMS} & sys.stdlib_module_names
    assert {path.name for path in SCRIPTS.glob("programs/*.py")} == {program.file for program in PROGRAMS}
    assert all(program.why for program in PROGRAMS if program.least is None)
    assert {program.group for program in PROGRAMS} == set(GROUPS)
    assert all(program.least == 1.0 for program in PROGRAMS if program.group == STDLIB)
