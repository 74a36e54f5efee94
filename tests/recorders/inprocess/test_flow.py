"""The flow lane: steps of the program's own generators, and what becomes of those that have nothing to do with sockets."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.recorders.conftest import Record
from tracedemo.events import FLOW, Event
from tracedemo.runner import Run, RunOptions, Target, find_target, run
from tracedemo.server import ServerOptions

MONITORING = sys.version_info >= (3, 12)

for_scripts = pytest.mark.skipif(not MONITORING, reason="Python 3.11 watches the generators of variants only")


def steps(done: Run) -> list[Event]:
    assert done.exit_code == 0, done.complaints
    return list(done.trace.lane(FLOW))


def story(done: Run, owner: str) -> list[str]:
    """The steps of one generator: op, and the value where there is one."""
    return [
        " ".join(filter(None, (event.op, event.args.get("value"))))
        for event in steps(done)
        if event.owner == owner
    ]


@pytest.mark.parametrize("name", ["nonblocking", "selector"])
def test_generators_of_a_variant(name: str) -> None:
    """On every Python the steps of a variant's generators are there: one start and one return each, resumes between."""
    options = RunOptions(capture=True, server=ServerOptions(pace="lockstep"))
    done = run(find_target([name]), options)

    owners = {event.owner for event in steps(done)}
    assert {f"fetch_data #{number}" for number in (1, 2, 3)} == owners
    for owner in owners:
        ops = [event.op for event in steps(done) if event.owner == owner]
        assert ("start", "return") == (ops[0], ops[-1])
        assert ["yield", "resume"] * ((len(ops) - 2) // 2) == ops[1:-1]
        assert 1 == len({event.fd for event in steps(done) if event.owner == owner and event.op == "yield"})
    first = next(event for event in steps(done) if event.op == "yield")
    assert f"fd {first.fd}, {'WRITE' if name == 'selector' else 'write'}" == first.args["value"]
    assert first.site.function == "fetch_data"
    assert done.trace.sources[first.site.file].splitlines()[first.site.line - 1].strip().startswith("yield")


def test_a_generator_that_was_closed_is_not_taken_for_the_next(tmp_path: Path) -> None:
    """Each generator has a start of its own, also when its frame lies where that of a closed one lay."""
    script = tmp_path / "program.py"
    script.write_text(
        "import socket\ndef fetch_data():\n    yield 1\n"
        "for _ in range(50):\n    gen = fetch_data()\n    next(gen)\n    gen.close()\n    del gen\n"
    )
    # Told to be a variant's, since Python 3.11 watches no others.
    done = run(Target("variant", "sleepers", (str(script),)), RunOptions(capture=True))

    starts = [event.owner for event in steps(done) if event.op == "start"]
    assert [f"fetch_data #{number}" for number in range(1, 51)] == starts


def test_generators_of_a_variant_without_sockets() -> None:
    """Thousands of generators that only sleep are a variant's own, and are watched to their ends."""
    done = run(find_target(["sleepers"]), RunOptions(capture=True, requests=3000, own={"--sleep": "0.01"}))

    assert dict.fromkeys(("start", "yield", "resume", "return"), 3000) == Counter(
        event.op for event in steps(done)
    )


def test_a_task_that_makes_no_generator_has_no_steps() -> None:
    """Coroutines of asyncio are no generators of the program: their story is told by the loop's callbacks."""
    done = run(find_target(["asyncio_sock"]), RunOptions(capture=True, server=ServerOptions(pace="lockstep")))

    assert {"callback"} == {event.op for event in done.trace if event.lane == FLOW}


def test_python_3_11_says_what_it_cannot_see(record: Record) -> None:
    """The header names the means by which generators are watched, or why they are not."""
    done = record("import socket; print(sum(number for number in (yes for yes in [1])))")

    assert done.trace.header.flow.startswith("sys.monitoring" if MONITORING else "absent: Python 3.11")
    assert [] == steps(done)


@for_scripts
def test_generators_of_a_script(record: Record) -> None:
    """Start, yield with its value, resume, return: of every generator of the script, two of one name told apart."""
    done = record("""
        import socket
        left, right = socket.socketpair()
        def talk(word):
            left.send(word)
            got = yield left, 2
            yield "text", 5
            yield got
            yield None
            return right.recv(1)
        one, two = talk(b"a"), talk(b"b")
        never = talk(b"c")
        next(one), next(two), two.send(7)
        for _ in one:
            pass
        for _ in two:
            pass
        print([number for number in (one for one in "ab")], sorted(yes for yes in "ba"))
    """)

    assert {"talk #1", "talk #2"} == {event.owner for event in steps(done)}
    fd = next(event.fd for event in steps(done) if event.fd is not None)
    yields = [f"yield fd {fd}, WRITE", "yield text, 5"]
    rest = ["resume", "yield None", "resume", "return"]
    assert ["start", yields[0], "resume", yields[1], "resume", "yield None", *rest] == story(done, "talk #1")
    assert ["start", yields[0], "resume", yields[1], "resume", "yield 7", *rest] == story(done, "talk #2")
    assert [{"generator": "talk"}] == [event.args for event in steps(done) if event.op == "start"][:1]
    assert all(event.t0 == event.t1 for event in steps(done))
    assert () == done.trace.header.notes or MONITORING


@for_scripts
def test_every_end_is_a_return(record: Record) -> None:
    """A generator that fails, is closed, collected, or thrown into, is finished; its number is not used again."""
    done = record("""
        import socket
        left, right = socket.socketpair()
        def fails():
            yield 1
            left.send(b"x")
            raise ValueError
        def closed():
            yield 1
        def caught():
            try:
                yield 1
            except KeyError:
                yield 2
        for maker, ending in ((fails, next), (closed, lambda gen: gen.close()), (fails, lambda gen: gen.throw(KeyError))):
            for _ in range(2):
                gen = maker()
                next(gen)
                try:
                    ending(gen)
                except (ValueError, KeyError):
                    pass
        gen = closed()
        next(gen)
        del gen
        gen = caught()
        next(gen), gen.throw(KeyError), next(gen, None)
    """)

    # On 3.13 a generator that stands outside of any `try` is closed without being run again: nothing can be seen.
    closing = [] if sys.version_info[:2] == (3, 13) else ["return"]
    for number in (1, 2):
        assert ["start", "yield 1", "resume", "return"] == story(done, f"fails #{number}")
        assert ["start", "yield 1", *closing] == story(done, f"closed #{number}")
        assert ["start", "yield 1", "resume", "return"] == story(done, f"fails #{number + 2}")
    assert ["start", "yield 1", *closing] == story(done, "closed #3")
    assert ["start", "yield 1", "resume", "yield 2", "resume", "return"] == story(done, "caught #1")
    ends = Counter(event.op for event in steps(done))
    assert (8, 5 + 3 * len(closing)) == (ends["start"], ends["return"])


@for_scripts
def test_generators_of_others_are_not_watched(record: Record) -> None:
    """Generators of the standard library, and generator expressions, leave no steps."""
    done = record("""
        import contextlib, os, socket
        @contextlib.contextmanager
        def mine():
            yield socket.socket()
        with mine() as sock:
            sock.close()
        print(len(list(os.walk("."))) >= 0, any(yes for yes in range(3)))
    """)

    assert {"mine #1"} == {event.owner for event in steps(done)}


@for_scripts
def test_a_generator_without_sockets_is_given_up(record: Record) -> None:
    """After 1,000 steps without a single call a generator is watched no longer, and the header says so; others go on."""
    done = record("""
        import socket
        left, right = socket.socketpair()
        def count():
            number = 0
            while True:
                yield number
                number += 1
        def talk():
            while True:
                left.send(b"x"), right.recv(1)
                yield
        counting, talking = count(), talk()
        for _ in range(3000):
            next(talking)
        for _ in range(5000):
            next(counting)
        next(talking), next(talking)
        left.close(), right.close()
    """)

    made = Counter((event.owner, event.op) for event in steps(done))
    assert 3002 == made["talk #1", "yield"]
    assert 1001 >= made["count #1", "yield"] >= 1000
    (note,) = done.trace.header.notes if sys.version_info < (3, 15) else [
        note for note in done.trace.header.notes if "stand-ins" not in note
    ]  # fmt: skip
    assert "count" in note
    assert "1,000" in note


@for_scripts
def test_two_that_take_turns_are_not_taken_for_idle(record: Record) -> None:
    """Each generator is judged by the calls that were made during its own thousand steps, not since another was judged."""
    done = record("""
        import socket
        left, right = socket.socketpair()
        def one():
            while True:
                left.send(b"x"), right.recv(1)
                yield
        def two():
            while True:
                yield
        first, second = one(), two()
        for _ in range(2500):
            next(first), next(second)
    """)

    made = Counter((event.owner, event.op) for event in steps(done))
    assert {("one #1", "yield"): 2500, ("two #1", "yield"): 2500} == {
        key: count for key, count in made.items() if key[1] == "yield"
    }


@for_scripts
def test_tools_of_the_program_are_left_alone(record: Record) -> None:
    """A program that uses sys.monitoring itself keeps its tool and its events; when it holds every id, that is said."""
    done = record("""
        import sys
        for tool in range(6):
            sys.monitoring.use_tool_id(tool, f"mine {tool}")
        import socket
        def gen():
            yield 1
        print(list(gen()), [sys.monitoring.get_tool(tool) for tool in range(6)])
    """)

    assert "[1] ['mine 0', 'mine 1', 'mine 2', 'mine 3', 'mine 4', 'mine 5']\n" == done.output
    assert done.trace.header.flow.startswith("absent: other tools")
    assert [] == steps(done)


@for_scripts
def test_fork_knows_the_generators_of_the_parent(record: Record) -> None:
    """A generator that was begun before a fork has its name in the child, too."""
    done = record("""
        import os, socket
        left, right = socket.socketpair()
        def talk():
            while True:
                left.send(b"x")
                yield
        gen = talk()
        next(gen)
        if os.fork() == 0:
            next(gen), next(gen)
            os._exit(0)
        os.wait()
        next(gen)
    """)

    assert {"talk #1"} == {event.owner for event in steps(done)}
    by_process = Counter((event.pid == done.trace.header.pid, event.op) for event in steps(done))
    assert {(True, "yield"): 2, (False, "yield"): 2} == {
        key: by_process[key] for key in by_process if key[1] == "yield"
    }


def test_a_generator_that_was_led_on_elsewhere_goes_on_where_it_stands(tmp_path: Path) -> None:
    """A resume names the line at which the generator stands, also when send() or throw() has led it there meanwhile."""
    script = tmp_path / "program.py"
    script.write_text(
        "import socket\nleft, right = socket.socketpair()\ndef talk():\n    try:\n"
        "        yield left, 1\n        yield left, 1\n    except OSError:\n        yield right, 2\n"
        "    yield right, 1\n    yield None\n    yield left, 2\n"
        "for _ in range(3):\n"
        "    gen = talk()\n    next(gen)\n    gen.send(None)\n    gen.throw(OSError())\n"
        "    next(gen), next(gen), next(gen)\n"
    )
    # As above.
    done = run(Target("variant", "sleepers", (str(script),)), RunOptions(capture=True))

    for number in (1, 2, 3):
        mine = [event for event in steps(done) if event.owner == f"talk #{number}" and event.op == "resume"]
        assert [8, 9, 10] == [event.site.line for event in mine if event.site][-3:]
