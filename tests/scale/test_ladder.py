"""The steps of the ladder, and what a plan makes of a machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.errors import UsageError
from tracedemo.scale import catalogue
from tracedemo.scale.catalogue import Program, choose, known
from tracedemo.scale.climb import Plan, fits, met
from tracedemo.scale.ladder import delay_ms, rounded, steps
from tracedemo.scale.limits import Machine

MACHINE = Machine(
    files_soft=1024,
    files_hard=20_000,
    ports=(32_768, 60_999),
    backlog=4096,
    threads=32_768,
    threads_limit="kernel.pid_max",
)


def plan(*names: str, **settings: object) -> Plan:
    return Plan(
        **{"programs": [known()[name] for name in names or ("selector",)], "machine": MACHINE, **settings}
    )


def test_steps():
    """The ladder goes up by tens, and ends where it is asked to."""
    assert [10, 100, 1000, 10_000, 19_500] == steps(19_500)
    assert [10, 100, 1000] == steps(1000)
    assert [7] == steps(7)


@given(st.integers(1, 10**6))
def test_steps_ascend(last: int):
    """Steps ascend, and the last one is what was asked for."""
    found = steps(last)

    assert found == sorted(set(found))
    assert last == found[-1]


@given(st.integers(1, 10**6))
def test_rounded_fits(most: int):
    """A number that is easy to say is never more than what fits, and hardly less."""
    assert most * 0.6 <= rounded(most) <= most


def test_delay_grows():
    """Few answers come after 30 ms, many only when all can have connected."""
    assert (30.0, 30.0, 2000.0) == (delay_ms(1), delay_ms(100), delay_ms(10_000))


def test_plan_ends_at_the_wall():
    """Without a number the ladder ends a round number below the lowest wall, for threads at theirs."""
    both = plan("selector", "threads")

    assert [10, 100, 1000, 10_000, 19_500] == both.ladder()
    assert 16_000 == both.last(known()["threads"])
    assert ("threads", 19_500) not in [(program.name, step) for program, step in both.rows()]


def test_plan_says_what_ended_it():
    """What did not fit is named, with its value and the remedy."""
    (said,) = met(plan(to=100_000))

    assert said.startswith("selector: not more than 19,936 fit. open files: 20,000 for a process")
    assert "ulimit -Hn" in said
    assert 19_936 == plan(to=100_000).ladder()[-1]


def test_plan_that_fits_says_nothing():
    """Where all fits, no limit is named but in what is known of the machine."""
    assert [] == list(met(plan(to=1000)))
    assert any("20,000 for a process" in text for text in fits(plan(to=1000)))


def test_processes_share_alike():
    """Each step can be shared out among the processes."""
    assert [9, 99, 999, 9999, 59_499] == plan(processes=3).ladder()
    assert all(step % 3 == 0 for step in plan(processes=3, to=1000).ladder())


def test_unknown_program():
    """A program that there is not is a mistake, and those that there are are named."""
    with pytest.raises(UsageError, match="there is no program 'selectr'") as caught:
        choose(["selectr"])
    assert "selector" in caught.value.remedy


def test_one_after_another_is_no_program():
    """What makes one fetch after another has nothing at once."""
    with pytest.raises(UsageError, match="one after another"):
        choose(["blocking"])


def test_missing_library(monkeypatch: pytest.MonkeyPatch):
    """A library that is missing is said in one line where nobody asked for it, and is a mistake where somebody did."""
    monkeypatch.setattr(Program, "missing", property(lambda program: program.library == "uvloop"))
    programs, absent = choose([])

    assert ["uvloop is not installed, and left out"] == absent
    assert "uvloop" not in [program.name for program in programs]
    with pytest.raises(UsageError, match="uvloop is not installed") as caught:
        choose(["uvloop"])
    assert "pip install uvloop" in caught.value.remedy


def test_usual_programs():
    """When nobody says, the selector is measured against asyncio and threads."""
    names = [program.name for program in choose([])[0]]

    assert {"selector", "asyncio_streams", "threads"} <= set(names)
    assert [name for name in catalogue.DEFAULT if name in names] == names


def test_options_of_its_own():
    """A program with options of its own is named by one word, and gets them in both runs."""
    (program,), _ = choose(["selector --path '/a b'"])

    assert ("selector --path '/a b'", ("--path", "/a b")) == (program.name, program.own)
    assert ["-n", "5", "--path", "/a b"] == program.words(["127.0.0.1:1"], 5)[-4:]
    with pytest.raises(UsageError, match="cannot split"):
        choose(["selector 'x"])


def test_sleepers_need_no_server():
    """What only sleeps is told how long, and no address."""
    program = known()["selector"]._replace(sockets=False)

    assert ["--sleep", "0.5", "-n", "5"] == program.words(["127.0.0.1:1"], 10, 2, 0.5)[-4:]
    assert ["several.py", "2"] == [
        program.words([], 10, 2)[0].rpartition("/")[2],
        program.words([], 10, 2)[1],
    ]
