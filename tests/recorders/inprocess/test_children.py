"""Programs that a program starts are recorded when that was asked for, and named when they were not."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.recorders.conftest import Record, WriteScript
from tracedemo.events import PYTHON, Trace
from tracedemo.recorders.inprocess.children import MOST_WORDS, words_of
from tracedemo.runner import STARTUP
from tracedemo.server import ServerOptions

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes of POSIX")

TALKS = "import socket; left, right = socket.socketpair(); left.send(b'x'); left.close(); right.close()"
"""A program that makes calls."""

SPAWNS = f"""
    import os, subprocess, sys
    TALKS = {TALKS!r}
    def run(*command, **settings):
        process = subprocess.Popen(command, **settings)
        process.wait()
        print(process.pid)
"""


def talkers(trace: Trace) -> list[int]:
    """Processes that sent something, in order of time."""
    return [event.pid for event in trace.lane(PYTHON) if event.op == "send"]


def unrecorded(trace: Trace) -> dict[int, str]:
    """Processes that are named as not recorded, and their commands."""
    found = (re.fullmatch(r"not recorded: process (\d+): (.*)", note) for note in trace.header.notes)
    return {int(match[1]): match[2] for match in found if match}


def gapless(trace: Trace) -> bool:
    """Whether the rows of each process are numbered from 0, each number once."""
    rows: dict[int, list[int]] = {}
    for event in trace.lane(PYTHON):
        rows.setdefault(event.pid, []).append(event.seq)
    return all(sorted(seqs) == list(range(len(seqs))) for seqs in rows.values())


def test_children_are_recorded(record: Record) -> None:
    """With --children a Python that the program starts is recorded, whatever copy of the environment it is given."""
    done = record(
        SPAWNS
        + """
    run(sys.executable, "-c", TALKS)
    run(sys.executable, "-c", TALKS, env=dict(os.environ, OWN="1"))
    run(sys.executable, "-P", "-c", TALKS)
    run(sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TALKS!r}])")
    """,
        children=True,
    )

    pids = list(map(int, done.output.split()))
    seen = talkers(done.trace)
    assert pids[:3] == seen[:3]
    assert 4 == len(seen), "a grandchild is recorded, too"
    assert {} == unrecorded(done.trace)
    assert () == done.trace.header.notes
    assert gapless(done.trace)


def test_without_asking_they_are_named(record: Record) -> None:
    """By default no child is recorded, its environment holds nothing of ours, and it is named with what would help."""
    done = record(
        SPAWNS
        + """
    run(sys.executable, "-c", "import os; assert not [name for name in os.environ if 'TRACEDEMO_HOOK' in name]")
    run("true", "with", "words")
    """
    )

    first, second = map(int, done.output.split())
    assert {first, second} == set(unrecorded(done.trace))
    assert "true with words" == unrecorded(done.trace)[second]
    assert "--children records those of them that are Python" == done.trace.header.notes[-1]
    assert "" == done.complaints


def test_children_out_of_reach_are_named(record: Record) -> None:
    """Other programs, and a Python that does not hear of us, are named, and what keeps a program out is said."""
    done = record(
        SPAWNS
        + """
    run(sys.executable, "-c", TALKS)
    run(sys.executable, "-I", "-c", TALKS)
    run(sys.executable, "-E", "-c", TALKS)
    run(sys.executable, "-S", "-c", TALKS)
    run(sys.executable, "-c", TALKS, env={})
    run("true")
    """,
        children=True,
    )

    pids = list(map(int, done.output.split()))
    assert pids[:1] == talkers(done.trace)
    assert pids[1:] == list(unrecorded(done.trace))
    assert "-I, -E or -S" in done.trace.header.notes[-1]


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing(method: str, record: Record) -> None:
    """Workers of multiprocessing are recorded, in whatever way they are started."""
    done = record(
        f"""
        import multiprocessing, os, socket

        def talk():
            left, right = socket.socketpair()
            with left, right:
                left.send(b"x")
            print(os.getpid(), flush=True)

        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            for _ in range(2):
                worker = context.Process(target=talk)
                worker.start()
                worker.join()
        """,
        children=True,
    )

    workers = list(map(int, done.output.split()))
    assert 2 == len(workers)
    # The machinery of multiprocessing sends, too.
    assert set(workers) <= set(talkers(done.trace))
    assert {} == unrecorded(done.trace)
    assert gapless(done.trace)


WAYS = {
    "posix_spawn": "os.posix_spawn(sys.executable, [sys.executable, '-c', TALKS], os.environ)",
    "posix_spawnp": "os.posix_spawnp(sys.executable, [sys.executable, '-c', TALKS], os.environ)",
    "subprocess by posix_spawn": "subprocess.Popen([sys.executable, '-c', TALKS], close_fds=False).pid",
    "spawnv": "os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, '-c', TALKS])",
    "fork and exec": "os.fork() or os.execl(sys.executable, sys.executable, '-c', TALKS)",
    "preexec_fn": "subprocess.Popen([sys.executable, '-c', TALKS], preexec_fn=lambda: None).pid",
}


@pytest.mark.parametrize("children", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_ways_to_start_a_process(way: str, children: bool, record: Record) -> None:
    """Whatever way it is started: a child is recorded, or is named."""
    done = record(
        f"{SPAWNS}\n    pid = {WAYS[way]}\n    os.waitpid(pid, 0)\n    print(pid)", children=children
    )

    pid = int(done.output)
    assert ([pid] if children else []) == talkers(done.trace)
    assert ([] if children else [pid]) == list(unrecorded(done.trace))


def test_commands_that_could_not_be_started(record: Record) -> None:
    """A command that is not there has had a process for a moment, and is not named."""
    done = record("""
        import os, subprocess
        for close_fds in (True, False):
            try:
                subprocess.run(["no-such-command"], close_fds=close_fds)
            except FileNotFoundError:
                pass
        try:
            os.execvp("no-such-command", ["no-such-command"])
        except FileNotFoundError:
            print("all of them failed")
    """)

    assert "all of them failed\n" == done.output
    assert () == done.trace.header.notes


def test_commands_of_a_shell(record: Record) -> None:
    """What os.system starts has no number that we could know: the commands are counted, and the first is named."""
    done = record("""
        import os
        print(os.system("exit 3") >> 8, os.system("true"))
    """)

    assert "3 0\n" == done.output
    assert (
        "os.system ran 2 commands, whose process numbers are not known: these were not recorded: exit 3 ..."
        == done.trace.header.notes[0]
    )


@pytest.mark.parametrize("children", [False, True])
def test_exec(children: bool, record: Record) -> None:
    """A program that becomes another one goes on under its number: recorded as one process, or said not to be."""
    done = record(
        f"""
        import os, socket, sys
        left, right = socket.socketpair()
        left.send(b"x")
        os.execv(sys.executable, [sys.executable, "-c", {TALKS!r}])
        """,
        children=children,
    )

    pid = done.trace.header.pid
    assert [pid] * (2 if children else 1) == talkers(done.trace)
    assert gapless(done.trace)
    (note, *_) = done.trace.header.notes
    assert note.startswith(f"process {pid} became another program (exec): {sys.executable} -c import socket;")
    assert note.endswith("; that was recorded, too" if children else "; what it did then was not recorded")
    conns = [event.conn for event in done.trace.lane(PYTHON) if event.op == "send"]
    assert len(set(conns)) == len(conns), "what the new program opens is no connection of the old one"


def test_descriptors_that_outlive_exec(record: Record) -> None:
    """A socket that is handed on to the next program stays the same connection."""
    done = record(
        """
        import os, socket, sys
        left, right = socket.socketpair()
        left.set_inheritable(True)
        right.set_inheritable(True)
        left.send(b"x")
        code = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).send(b'y')"
        os.execv(sys.executable, [sys.executable, "-c", code, str(left.fileno())])
        """,
        children=True,
    )

    conns = [event.conn for event in done.trace.lane(PYTHON) if event.op == "send"]
    assert 2 == len(conns)
    assert 1 == len(set(conns))


def test_child_of_a_lockstep_run(record: Record) -> None:
    """A child may talk to our server in lock-step: it asks for steps over a line of its own, as a forked one does."""
    done = record(
        """
        import subprocess, sys
        fetch = (
            "import sys, urllib.request as request;"
            "request.urlopen(f'http://{sys.argv[1]}/').read(); print('fetched')"
        )
        subprocess.run([sys.executable, "-c", fetch, sys.argv[1]], check=True)
        """,
        "{address}",
        children=True,
        server=ServerOptions(pace="lockstep", nonce="n"),
    )

    assert ("fetched\n", 0) == (done.output, done.exit_code)
    assert {"lockstep"} & {event.op for event in done.trace if event.pid != done.trace.header.pid}


def test_what_it_sees_is_what_it_would_see(record: Record, script: WriteScript) -> None:
    """What is set in the place of os.execv and the others has their nature, their texts, and leaves no frame of ours."""
    program = """
        import os, pickle, subprocess, sys, traceback
        import _posixsubprocess
        for call in (os.execv, os.execve, os.posix_spawn, os.system, _posixsubprocess.fork_exec):
            print(call.__name__, call.__module__, pickle.loads(pickle.dumps(call)) is call)
            for args in ((), ("a",), ("no-such-program", ["x"], {}), ("no-such-program", [])):
                if call is os.system and args:
                    continue
                try:
                    call(*args)
                except Exception:
                    traceback.print_exc(file=sys.stdout)
        for settings in ({"args": ["no-such-program"]}, {"args": 3}, {"args": ["true"], "cwd": "/no-such-folder"}):
            try:
                subprocess.Popen(**settings)
            except Exception:
                traceback.print_exc(file=sys.stdout)
        def fail():
            raise ValueError
        try:
            subprocess.Popen(["true"], preexec_fn=fail)
        except Exception:
            traceback.print_exc(file=sys.stdout)
        print(subprocess.run(["sh", "-c", "echo hello; exit 3"], preexec_fn=lambda: os.write(1, b"before\\n")))
    """

    bare = subprocess.run([sys.executable, str(script(program))], capture_output=True, text=True, check=False)
    for children in (False, True):
        done = record(program, children=children)
        assert (bare.stdout, bare.returncode) == (done.output, done.exit_code)


def test_many_children_are_counted(record: Record) -> None:
    """Of many processes a few are named, and the rest is counted."""
    done = record("""
        import subprocess
        for _ in range(11):
            subprocess.run(["true"])
    """)

    assert 8 == len(unrecorded(done.trace))
    assert "not recorded: 3 more processes that the program started" in done.trace.header.notes


def test_secrets_in_commands_are_hidden(record: Record) -> None:
    """A password in the words of a command does not come into the trace."""
    done = record("""
        import subprocess
        subprocess.run(["true", "https://me:hunter2@example.com/"])
    """)

    assert ["true https://me:[hidden]@example.com/"] == list(unrecorded(done.trace).values())


def test_words_of_a_command() -> None:
    """A command is told in one line of limited length, and nothing of the program's own is called for it."""

    class Odd:
        def __fspath__(self) -> str:
            raise AssertionError

    assert "a b c\udcff" == words_of(["a", b"b", b"c\xff"])
    assert "a <Odd> /x" == words_of(("a", Odd(), Path("/x")))
    assert "? ?" == f"{words_of(count())} {words_of('text')}"
    assert "one line" == words_of(["one\n\n  line"])
    assert MOST_WORDS == len(words_of(["x" * 99, "y" * 99]))


def test_every_python_can_read_the_start_up_file() -> None:
    """A Python of any age may meet our sitecustomize: it holds no syntax that came after Python 2.7 and 3.0."""
    tree = ast.parse((STARTUP / "sitecustomize.py").read_text(encoding="utf-8"), feature_version=(3, 4))
    kinds = Counter(type(node) for node in ast.walk(tree))

    assert 0 == sum(
        kinds[new] for new in (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Starred)
    )
    arguments = [node for node in ast.walk(tree) if isinstance(node, ast.arg)]
    assert [None] * len(arguments) == [node.annotation for node in arguments]
