"""The command line as a shell sees it: what goes to stdout and stderr, and the exit code."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tracedemo.variants import VARIANTS

ROOT = Path(__file__).parents[1]
QUICK = ("--pace", "lockstep")


@pytest.fixture
def tracedemo(tmp_path: Path):
    """Runs `tracedemo` with a state folder of its own, in a folder of its own."""

    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        known = {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "100"}
        return subprocess.run(
            [sys.executable, "-m", "tracedemo", *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **known, **environment},
            check=False,
            timeout=60,
        )

    return call


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def rows(log: str) -> list[str]:
    """The lines of a log that begin with a time."""
    return [line for line in log.splitlines() if re.match(r" *\d+\.\d{3} ", line)]


BAD = [
    (("run", "nope"), 2, "selector"),
    (("run",), 2, "run selector"),
    (("run", "-m"), 2, "module"),
    (("run", "missing.py"), 2, "missing.py"),
    (("run", "."), 2, "folder"),
    (("nope",), 2, "compare"),
    (("missing.py",), 2, "run missing.py"),
    (("run", "selector", "-n", "0"), 2, "'0'"),
    (("run", "selector", "-n", "many"), 2, "'many'"),
    (("run", "selector", "--pieces", "0"), 2, "pieces"),
    (("run", "selector", "--gap", "nan"), 2, "gap"),
    (("run", "selector", "--url", "https://example.com/"), 2, "TLS"),
    (("run", "selector", "--url", "nonsense"), 2, "http://"),
    (("run", "selector", "--view", "nope"), 2, "timeline"),
    (("run", "selector", "--only", "nope"), 2, "nope"),
    (("run", "selector", "-o", "x.zip"), 2, ".jsonl"),
    (("run", "selector", "-o", "missing/x.jsonl"), 4, "x.jsonl"),
    (("run", "selector", "-n", "900000"), 3, "ulimit"),
    (("compare", "selector", "nope"), 2, "selector"),
    (("show",), 2, "run selector"),
    (("show", "missing.jsonl"), 4, "missing.jsonl"),
    (("show", "."), 4, "."),
    (("serve", "--port", "99999"), 2, "99999"),
    (("doctor", "--nope"), 2, "--nope"),
]


@pytest.mark.parametrize(
    ("words", "code", "hint"), BAD, ids=lambda value: " ".join(value) if isinstance(value, tuple) else None
)
def test_what_cannot_be_done_is_said_in_a_few_lines(
    tracedemo, words: tuple[str, ...], code: int, hint: str
) -> None:
    """A mistake gives its exit code, at most three lines on stderr, a hint, and no traceback."""
    done = tracedemo(*words)

    assert (code, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("tracedemo: ")
    assert hint in done.stderr
    assert len(lines(done.stderr)) <= 3
    assert "Traceback" not in done.stderr


def test_bare_tracedemo_names_three_commands(tracedemo) -> None:
    """Without a word it prints the three commands worth knowing, and that is no mistake."""
    done = tracedemo()

    assert (0, "") == (done.returncode, done.stderr)
    assert 3 == sum(line.startswith("  tracedemo ") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    "words", [(), ("run",), ("compare",), ("show",), ("variants",), ("serve",), ("doctor",)]
)
def test_help_fits_a_terminal(tracedemo, words: tuple[str, ...]) -> None:
    """Each help is there, and no line of it is wider than 80 columns."""
    done = tracedemo(*words, "--help", COLUMNS="80")

    assert (0, "") == (done.returncode, done.stderr)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_help_loads_nothing_heavy() -> None:
    """`tracedemo --help` needs neither rich nor the analysis, so that it is quick."""
    code = (
        "import sys; sys.argv = ['tracedemo', '--help']\nfrom tracedemo.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('rich', 'tracedemo.analysis', 'tracedemo.runner') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert "[]" == lines(done.stdout)[-1]


def test_all_variants_are_listed(tracedemo) -> None:
    """`tracedemo variants` names each with its title."""
    done = tracedemo("variants")

    assert 0 == done.returncode
    for variant in VARIANTS:
        assert variant.name in done.stdout
        assert variant.title in done.stdout


def test_a_variant_shows_its_log_and_its_summary(tracedemo) -> None:
    """`run` of a variant prints what it fetched, each call, the numbers, and what to type next."""
    done = tracedemo("run", *QUICK, "selector", "-n", "2")

    assert (0, "") == (done.returncode, done.stderr)
    for words in ("#2  200 OK", "EINPROGRESS", "wakeups", "lock-step", "Next:"):
        assert words in done.stdout


def test_the_last_run_is_kept_and_shown_again(tracedemo) -> None:
    """`show` without a file shows what `compare` ran last."""
    ran = tracedemo("compare", *QUICK, "blocking", "selector")
    shown = tracedemo("show")

    assert (0, 0) == (ran.returncode, shown.returncode)
    assert "All of them fetched the same bytes" in ran.stdout
    assert lines(shown.stdout)[:12] == lines(ran.stdout)[:12]


def test_saved_and_shown_are_the_same(tracedemo, tmp_path: Path) -> None:
    """A run saved with -o shows the same log as it did live, and the other endings are written, too."""
    live = tracedemo(
        "run", "selector", *QUICK, "--view", "log", "-o", "a.jsonl", "-o", "a.txt", "-o", "a.svg"
    )
    again = tracedemo("show", "a.jsonl", "--view", "log")

    assert 0 == again.returncode
    assert rows(live.stdout) == rows(again.stdout)
    assert len(rows(live.stdout)) > 20
    assert "EINPROGRESS" in (tmp_path / "a.txt").read_text()
    svg = (tmp_path / "a.svg").read_text()
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("format", ["plain", "jsonl"])
def test_other_formats_draw_nothing(tracedemo, format: str) -> None:
    """Plain sentences and JSON lines hold no drawing characters and no colours."""
    done = tracedemo("run", "selector", *QUICK, "--format", format)

    assert 0 == done.returncode
    assert not set("█▅▒▓─│◆▲\x1b") & set(done.stdout)


def test_an_ascii_terminal_gets_ascii(tracedemo) -> None:
    """Where only ASCII can be written, only ASCII is."""
    done = tracedemo("compare", *QUICK, PYTHONIOENCODING="ascii", LC_ALL="C")

    assert 0 == done.returncode
    assert done.stdout.isascii()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_a_screen_is_kept_within(tracedemo, width: int) -> None:
    """No line of a comparison is wider than the screen."""
    done = tracedemo("compare", *QUICK, "blocking", "selector", "--view", "comparison", COLUMNS=str(width))

    assert max(len(line) for line in done.stdout.splitlines() if "sha256" not in line) <= width


@pytest.mark.parametrize(
    ("body", "code"),
    [("pass", 0), ("raise SystemExit(7)", 7), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 15)", 143)],
)
def test_a_script_keeps_its_output_and_exit_code(tracedemo, tmp_path: Path, body: str, code: int) -> None:
    """Stdout is the program's alone, the report goes to stderr, and the exit code is the program's."""
    (tmp_path / "program.py").write_text(f"import socket, sys\nprint(sys.argv[1:], flush=True)\n{body}\n")

    done = tracedemo("run", "program.py", "--view", "its own", "-n")

    assert (code, "['--view', 'its own', '-n']\n") == (done.returncode, done.stdout)
    assert "program.py" in done.stderr


def test_a_refused_connection_is_the_variants_failure(tracedemo) -> None:
    """A variant that cannot connect fails with exit code 1, and what it did until then is shown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = tracedemo("run", "blocking", "--url", f"http://127.0.0.1:{port}/")

    assert 1 == done.returncode
    assert "ECONNREFUSED" in done.stdout
    assert "failed" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_shows_what_was_recorded(tmp_path: Path) -> None:
    """A script that is interrupted ends as it would, and what it did until then is shown."""
    # It says so when its main thread sleeps in recvfrom (number 45, on aarch64 207): the kernel tells, and no clock.
    (tmp_path / "program.py").write_text(
        "import socket, threading\n"
        "here, there = socket.socketpair()\n"
        "def tell(path):\n"
        "    while open(path).read().split()[0] not in ('45', '207'):\n"
        "        pass\n"
        "    print('now', flush=True)\n"
        "main = threading.get_native_id()\n"
        "threading.Thread(target=tell, args=(f'/proc/self/task/{main}/syscall',), daemon=True).start()\n"
        "here.recv(1)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tracedemo", "run", "program.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path / "state")},
        start_new_session=True,
    )
    assert process.stdout is not None
    assert "now\n" == process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, report = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert "recv" in report
    assert "interrupted" in report


def test_a_port_in_use_is_said(tracedemo) -> None:
    """`serve` on a port that somebody has ends with exit code 3 and a remedy."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = tracedemo("serve", "--port", str(server.getsockname()[1]))

    assert 3 == done.returncode
    assert "in use" in done.stderr


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: b"", "empty"),
        (lambda data: b"\x00\x01\x02", "not a trace"),
        (lambda data: data.replace(b'"tracedemo":1', b'"tracedemo":99', 1), "format"),
    ],
)
def test_what_is_no_trace_is_refused(tracedemo, tmp_path: Path, damage, said: str) -> None:
    """An empty file, another file and a file of a newer format are refused, each in words of its own."""
    tracedemo("run", "selector", *QUICK, "-o", "a.jsonl")
    path = tmp_path / "a.jsonl"
    path.write_bytes(damage(path.read_bytes()))

    done = tracedemo("show", "a.jsonl")

    assert (4, "") == (done.returncode, done.stdout)
    assert said in done.stderr


def test_what_stands_before_the_damage_is_shown(tracedemo, tmp_path: Path) -> None:
    """Of a broken trace the rows before the broken line are shown, and the line is named; exit code 4."""
    tracedemo("run", "selector", *QUICK, "-o", "a.jsonl")
    path = tmp_path / "a.jsonl"
    kept = path.read_bytes().splitlines(keepends=True)[:12]
    path.write_bytes(b"".join([*kept, b"{nonsense\n"]))

    done = tracedemo("show", "a.jsonl", "--view", "log")

    assert 4 == done.returncode
    assert "EpollSelector" in done.stdout
    assert "line 13" in done.stderr
