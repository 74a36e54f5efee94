"""`--kernel` at the command line: what is shown, in every view and width, what is saved, and what happens where nobody can
trace.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import ROOT, Shell, said
from tracedemo import tracefile
from tracedemo.analysis.join import join
from tracedemo.events import KERNEL, LANES
from tracedemo.render import VIEWS
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions

QUICK = ("--delay", "0", "--gap", "0", "--pieces", "1")
SENTENCE = r"All [\d,]+ system calls on sockets, polls and epolls after the start lie under a Python call \(100 %\)\."
WIDTHS = (60, 80, 100, 120, 160)

PAIR = """
import socket, sys
a, b = socket.socketpair()
a.send(b"x")
print(b.recv(1))
a.close()
b.close()
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fetches of the selector variant, by name and paced by cause, with the kernel's lane, saved."""
    server = ServerOptions(pace="lockstep", nonce="n")
    options = RunOptions(capture=True, requests=2, server=server, host="localhost", kernel="strace")
    path = tmp_path_factory.mktemp("kernel") / "seen.jsonl"
    tracefile.write(run(find_target(["selector"]), options).trace, path)
    return path


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# What is shown


@pytest.mark.strace
def test_run(shell: Shell) -> None:
    """The log has system calls under their calls, a lookup inside connect, and says how well the two lanes fit."""
    done = shell("run", "selector", "--kernel", "--host", "localhost", "-n", "2", *QUICK)

    assert (0, "") == (done.returncode, done.stderr)
    text = flat(done.stdout)
    assert 2 == len(re.findall(SENTENCE, text))  # under the log, and in the summary
    assert re.search(r"connect\(localhost:\d+\) ◆ EINPROGRESS", text)
    assert re.search(r"\d+ system calls, [\d.]+ [mµ]s: looking up 'localhost', which blocks", text)
    assert re.search(r"connect\(\d+, 127\.0\.0\.1:\d+\) = -1 EINPROGRESS", text)
    assert re.search(r"[\d,]+ system calls of the interpreter's start hidden; --startup shows them\.", text)
    assert re.search(r"System calls were recorded by strace \d+\.\d+", text)
    assert [] == shell.left_behind()


@pytest.mark.strace
def test_option_behind_the_variant(typed: Typed) -> None:
    """--kernel may stand before or behind a variant's name, and never takes a value."""
    for words in (("--kernel", "blocking"), ("blocking", "--kernel")):
        done = typed("run", *words, "--view", "summary", *QUICK)
        assert re.search(r"system calls +\d+ ", done.stdout)


@pytest.mark.strace
def test_compare(typed: Typed) -> None:
    """Runs that are compared are traced each, and their system calls fit their calls."""
    done = typed("compare", "blocking", "selector", "--kernel", "-n", "1", *QUICK, "--view", "comparison,log,summary",
                 "-o", "both.jsonl")  # fmt: skip

    assert 0 == done.returncode
    assert 4 == len(re.findall(SENTENCE, flat(done.stdout)))
    for name in ("blocking", "selector"):
        trace = tracefile.read(Path(f"both-{name}.jsonl")).trace
        assert "strace" == trace.header.engine
        assert trace.header.recorded[KERNEL]


@pytest.mark.strace
def test_without_kernel_nothing_is_traced(typed: Typed) -> None:
    """Who does not ask for it, has no tracer, no kernel lane and not a word about it."""
    done = typed("run", "blocking", *QUICK, "-o", "run.jsonl")

    assert "system call" not in done.stdout
    trace = tracefile.read(Path("run.jsonl")).trace
    assert (None, False) == (trace.header.engine, KERNEL in trace.header.recorded)


@pytest.mark.strace
@pytest.mark.parametrize("view", VIEWS)
def test_every_view(view: str, seen: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every view of such a trace can be shown at every width, in ascii, without colour, in a pipe and in each format."""
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        done = typed("show", seen, "--view", view)
        assert (0, "") == (done.returncode, done.stderr)
        assert "\x1b" not in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= width
    monkeypatch.delenv("COLUMNS")
    assert done.stdout
    for words in (("--format", "plain"), ("--format", "jsonl"), ("--startup",), ("--unfold",)):
        done = typed("show", seen, "--view", view, *words)
        assert (0, "") == (done.returncode, done.stderr)
        if "jsonl" in words:
            assert all(isinstance(json.loads(line), dict) for line in done.stdout.splitlines())


@pytest.mark.strace
@pytest.mark.parametrize("view", ["log", "summary"])
def test_ascii_and_no_color(view: str, seen: Path, shell: Shell) -> None:
    """On a terminal of ascii letters nothing else comes out, and NO_COLOR is obeyed."""
    for environ in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
                    {"NO_COLOR": "1", "FORCE_COLOR": "1"}):  # fmt: skip
        done = shell("show", seen, "--view", view, environ=environ)
        assert 0 == done.returncode
        if "LC_ALL" in environ:
            assert done.stdout.isascii()
        assert not re.search(r"\x1b\[[\d;]*3[0-7]", done.stdout)


@pytest.mark.strace
def test_saved_and_shown_again(typed: Typed) -> None:
    """What was saved is shown later as it was shown at once, in every form."""
    first = typed(
        "run", "selector", "--kernel", *QUICK, "--view", "log,summary", "-o", "a.jsonl", "-o", "a.txt"
    )
    again = typed("show", "a.jsonl", "--view", "log,summary", "-o", "b.jsonl", "-o", "b.txt")

    shown = first.stdout.partition("\nNext: ")[0]
    assert shown == again.stdout
    assert Path("a.txt").read_bytes() == Path("b.txt").read_bytes()
    assert Path("a.jsonl").read_bytes() == Path("b.jsonl").read_bytes()
    assert shown == typed("show", "--view", "log,summary").stdout  # the last run


@pytest.mark.strace
def test_picture(seen: Path, typed: Typed) -> None:
    """A picture of it can be written."""
    assert 0 == typed("show", seen, "--view", "log", "-o", "log.svg").returncode

    assert "epoll_wait" in Path("log.svg").read_text(encoding="utf-8")


@pytest.mark.strace
def test_only(seen: Path, typed: Typed) -> None:
    """Names of system calls and of the lane can be asked for."""
    for words in ("recvfrom", "epoll_wait", "kernel"):
        done = typed("show", seen, "--view", "log", "--only", words)
        rows = [line for line in done.stdout.splitlines() if re.match(r" *\d+\.\d{3}  ", line)]
        assert rows
        assert all(words in row for row in rows) or words == "kernel"
        assert "socket.socket" not in done.stdout
    lines = typed("show", seen, "--only", "kernel", "--format", "jsonl", "--view", "log").stdout.splitlines()
    assert {"kernel"} == {json.loads(line)["lane"] for line in lines}


@pytest.mark.strace
def test_startup(seen: Path, typed: Typed) -> None:
    """The start of the interpreter is hidden and counted, and shown when asked for."""
    assert "execve(" not in typed("show", seen, "--view", "log").stdout

    done = typed("show", seen, "--view", "log", "--startup")
    assert re.search(r"^-\d+\.\d{3} .* execve\(", done.stdout, re.MULTILINE)
    assert "hidden" not in done.stdout


@pytest.mark.strace
def test_unfold(seen: Path, typed: Typed) -> None:
    """Unfolded, each system call has a line of its own."""
    done = typed("show", seen, "--view", "log", "--unfold")
    rows = [line for line in done.stdout.splitlines() if re.match(r" *-?\d[\d,]*\.\d{3}  ", line)]

    assert len(tracefile.read(seen).trace) == len(rows)


@pytest.mark.strace
def test_pace_by_cause_is_kept(seen: Path) -> None:
    """Under lock-step, too, every system call fits, and the run made the calls that it always makes."""
    trace = tracefile.read(seen).trace
    found = join(trace)

    assert trace.header.lockstep
    assert found is not None
    assert () == found.unmatched
    assert set(LANES) == set(trace.header.recorded)


@pytest.mark.strace
def test_secrets(shell: Shell) -> None:
    """What may be a secret is hidden in what goes over sockets, unless --no-redact asks for it; no environment is there."""
    shell.write("pair.py", PAIR.replace('b"x"', 'b"GET / HTTP/1.1\\r\\nCookie: swordfish\\r\\n\\r\\n"'))
    environ = {"MY_PASSWORD": "opensesame"}
    hidden = shell("run", "--kernel", "-o", "a.jsonl", "pair.py", environ=environ)
    shown = shell("run", "--kernel", "--no-redact", "-o", "b.jsonl", "pair.py", environ=environ)

    kernel = [[line for line in shell.folder.joinpath(name).read_text().splitlines() if '"lane":"kernel"' in
               line.replace(" ", "")] for name in ("a.jsonl", "b.jsonl")]  # fmt: skip
    assert all(kernel)
    assert ["swordfish" in "".join(lines) for lines in kernel] == [False, True]
    assert "opensesame" not in str(kernel)
    assert "--no-redact shows" in hidden.stderr
    assert "--no-redact shows" not in shown.stderr


# Programs of one's own


@pytest.mark.strace
@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("", 0),
        ("sys.exit(7)", 7),
        ("1 / 0", 1),
        ("import os; os._exit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("print(sys.argv, sys.path[0], __name__)", 0),
        ("sys.stderr.write('a complaint')", 0),
    ],
)
def test_as_if_alone(program: str, code: int, shell: Shell) -> None:
    """Under --kernel, too, output and exit code are those of the bare program, and the report follows its stderr."""
    path = shell.write("program.py", PAIR + program)
    bare = shell.run([sys.executable, str(path)])
    done = shell("run", "--kernel", path)

    assert code == done.returncode
    assert bare.stdout == done.stdout
    assert done.stderr.startswith(bare.stderr)
    assert re.search(SENTENCE, flat(done.stderr))
    assert [] == shell.left_behind()


@pytest.mark.strace
def test_killed(shell: Shell) -> None:
    """Of a program that was killed, what there was is shown, and the exit code says so."""
    path = shell.write("killed.py", PAIR + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    done = shell("run", "--kernel", "--view", "log,summary", path)

    assert 137 == done.returncode
    assert re.search(r'recvfrom\(\d, "x", 1\) = 1', done.stderr)
    assert "The program was ended: signal SIGKILL." in flat(done.stderr).replace(
        "signal KILL", "signal SIGKILL"
    )
    assert re.search(SENTENCE, flat(done.stderr))


@pytest.mark.strace
def test_killed_while_it_waits(shell: Shell) -> None:
    """The call in which it was killed is there, and the system call in which it slept beneath it."""
    path = shell.write(
        "waits.py",
        """
        import os, signal, socket
        a, b = socket.socketpair()
        pid = os.fork()
        if not pid:
            # The parent sleeps in recv() when the kernel says so.
            while "S" != open(f"/proc/{os.getppid()}/stat").read().rpartition(") ")[2][0]:
                pass
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(0)
        b.recv(1)
        """,
    )
    done = shell("run", "--kernel", "--view", "log", path)

    assert 137 == done.returncode
    assert re.search(r"recv\(1\) +never returned", done.stderr)
    assert re.search(r"recvfrom\(\d(, 1)?\) = \? \(it never returned\)", flat(done.stderr))


@pytest.mark.strace
def test_lessons(shell: Shell) -> None:
    """What the lane teaches is there to see: three calls for one, many for sendall, none for register, TLS apart."""
    path = shell.write(
        "lessons.py",
        """
        import selectors, socket, threading
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            for one, buffer in ((server, socket.SO_RCVBUF), (client, socket.SO_SNDBUF)):
                one.setsockopt(socket.SOL_SOCKET, buffer, 1 << 16)  # an accepted socket has that of its server
            client.settimeout(5)
            client.connect(server.getsockname())
            peer, _ = server.accept()
            got = []
            def drain():
                while data := peer.recv(1 << 16):
                    got.append(len(data))
            thread = threading.Thread(target=drain)
            thread.start()
            client.sendall(bytes(8_000_000))
            with selectors.PollSelector() as selector:
                selector.register(client, selectors.EVENT_WRITE)
                selector.select()
            client.shutdown(socket.SHUT_WR)
            thread.join()
            peer.close()
            assert sum(got) == 8_000_000
        """,
    )
    done = shell("run", "--kernel", "--view", "log", path)
    text = flat(done.stderr)

    assert 0 == done.returncode, done.stderr
    three = r"connect\(\d+, [\d.:]+\) = -1 EINPROGRESS . poll\(\[\d+ OUT\|ERR\], \d+ ms\) = 1 \(\d+ OUT\) . getsockopt\("
    assert re.search(three, text) or re.search(three.replace(" . ", "; "), text)
    assert re.search(
        r"sendall\(8,000,000 bytes\) 8,000,000 bytes.*\d+ times poll, sendto on fd \d+: [\d,]+ bytes in all",
        text,
    )
    assert "no system call: only Python takes note" in text
    assert "poll([" in text


# Where nobody can trace


def blind(shell: Shell, *words: str | Path) -> CompletedProcess[str]:
    """Type a command on a machine without strace and without python-ptrace."""
    folder = shell.folder / "blind"
    (folder / "ptrace").mkdir(parents=True, exist_ok=True)
    (folder / "ptrace" / "__init__.py").write_text("raise ImportError('not here')")
    environ = {"PATH": str(folder), "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    return shell(*words, environ=environ)


@pytest.mark.parametrize("engine", ["strace", "ptrace"])
def test_engine_by_name_that_cannot(engine: str, shell: Shell) -> None:
    """With an engine asked for by name that cannot trace here, nothing runs: code 3, the reason and the remedy."""
    path = shell.write("program.py", "open('it-ran', 'w')")
    done = blind(shell, "run", "--kernel", "--engine", engine, path)

    lines = said(done, 3)
    assert lines[0].startswith(f"tracedemo: {engine} cannot trace here: ")
    assert 2 == len(lines)
    assert "" == done.stdout
    assert not (shell.folder / "it-ran").exists()
    said(blind(shell, "compare", "--kernel", "--engine", engine, "blocking"), 3)


def test_auto_without_engine(shell: Shell) -> None:
    """Where none can, the in-process lane is shown all the same, and the report says why there is no other."""
    path = shell.write("program.py", PAIR)
    done = blind(shell, "run", "--kernel", "--view", "log,summary", path)

    assert (0, "b'x'\n") == (done.returncode, done.stdout)
    text = flat(done.stderr)
    assert "socketpair(" in text
    assert "no system calls can be shown here (strace: " in text
    assert "; ptrace: " in text
    assert "tracedemo doctor tells the remedies" in text
    assert "└" not in text
    assert "under a Python call" not in text


def test_auto_without_engine_for_a_variant(shell: Shell) -> None:
    """So it is for a variant, and for several."""
    assert "no system calls can be shown here" in flat(
        blind(shell, "run", "--kernel", "blocking", *QUICK).stdout
    )
    done = blind(shell, "compare", "--kernel", "blocking", "selector", "-n", "1", *QUICK, "--view", "summary")
    assert (0, 2) == (done.returncode, flat(done.stdout).count("no system calls can be shown here"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("run", "--engine", "strace", "selector"),
            "--engine says what records system calls, and --kernel asks for them",
        ),
        (
            ("compare", "--engine", "auto"),
            "--engine says what records system calls, and --kernel asks for them",
        ),
        (("run", "--no-redact", "selector"), "--no-redact is about what --kernel records"),
        (("run", "--kernel", "--engine", "dtrace", "selector"), "dtrace"),
        (("run", "--kernel=strace", "selector"), "--kernel"),
        (("show", "--kernel"), "--kernel"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], complaint: str, shell: Shell) -> None:
    """What has no meaning is a mistake of the one who typed it: code 2, and nothing runs."""
    assert complaint in said(shell(*words), 2)[0]


@pytest.mark.parametrize("command", ["run", "compare"])
def test_help(command: str, typed: Typed, capfd: pytest.CaptureFixture[str]) -> None:
    """The options are in the help."""
    done = typed(command, "--help")

    assert all(option in done.stdout for option in ("--kernel", "--engine", "--no-redact", "--startup"))
