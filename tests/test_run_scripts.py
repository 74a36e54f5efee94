"""scripts/strace-run and scripts/dtruss-run: what they run, what they print, and what they say where they cannot.

There is no Mac here: dtruss, uname, csrutil, id and sudo are stand-ins on PATH.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLES = Path(__file__).parent / "recorders" / "kernel" / "dtruss"

pytestmark = [
    pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed"),
    pytest.mark.skipif(os.name != "posix", reason="shell scripts stand in for tools"),
]

SPLIT = """#!{python}
# Cuts its words as Apple's dtrace -c does: at white space, with backslashes and no quotes; the trap at the end, too.
import sys
line = " ".join(sys.argv[4:])
words, word, at = [], "", 0
while at < len(line):
    if line[at] == "\\\\":
        word, at = word + line[at + 1], at + 2
    elif line[at].isspace():
        words, word, at = [*words, word], "", at + 1
    else:
        word, at = word + line[at], at + 1
        if at == len(line):
            words.append(word)
open({told!r}, "w").write(repr(words))
sys.stderr.write(open({output!r}).read())
sys.exit({status})
"""


def script(path: Path, *lines: str) -> Path:
    """An executable of those lines."""
    path.write_text("\n".join(lines if lines[0].startswith("#!") else ("#!/bin/sh", *lines)))
    path.chmod(0o755)
    return path


def run(
    name: str, *args: str | Path, path: Path | None = None, cwd: Path | str = "/"
) -> subprocess.CompletedProcess[str]:
    """Run one of the two, with a folder of stand-ins before all others."""
    environ = os.environ | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})
    return subprocess.run(
        [ROOT / "scripts" / name, *args],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for stand-ins."""
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


@pytest.fixture
def mac(tools: Path, tmp_path: Path) -> Path:
    """Stand-ins of a Mac where all is well, and a program there that is Apple's not: `prog`."""
    script(tools / "uname", "echo Darwin")
    script(tools / "csrutil", "echo 'System Integrity Protection status: disabled.'")
    script(tools / "id", "echo 501")
    script(tools / "sudo", f'echo "$*" >>{tmp_path}/sudo', '[ "$1" = -v ] || exec "$@"')
    stand_in_dtruss(tools, tmp_path, (SAMPLES / "le.txt").read_text())
    (tools / "prog").write_bytes(b"\xcf\xfa\xed\xfe")
    (tools / "prog").chmod(0o755)
    return tools


def stand_in_dtruss(tools: Path, tmp_path: Path, output: str, status: int = 0) -> None:
    (tmp_path / "output").write_text(output)
    told, source = str(tmp_path / "words"), str(tmp_path / "output")
    script(tools / "dtruss", SPLIT.format(python=sys.executable, told=told, output=source, status=status))


# Both


@pytest.mark.parametrize("name", ["strace-run", "dtruss-run"])
@pytest.mark.parametrize("args", [[], ["-o"], ["-x", "true"], ["-o", "file"]], ids=" ".join)
def test_wrong_usage(name: str, args: list[str]) -> None:
    """Without a command, or with an option that is none, it says how to call it and ends with 2."""
    done = run(name, *args)

    assert (2, f"usage: scripts/{name} [-o FILE] COMMAND [ARGUMENTS...]\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize("name", ["strace-run", "dtruss-run"])
def test_help(name: str) -> None:
    """Asked for help it tells its usage on standard output, and all is well."""
    done = run(name, "-h")

    assert (0, "", f"usage: scripts/{name}") == (
        done.returncode,
        done.stderr,
        done.stdout[: 14 + len(name) + 1],
    )


@pytest.mark.parametrize("name", ["strace-run", "dtruss-run"])
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    """No fault that shellcheck knows is in it."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(
        ["shellcheck", ROOT / "scripts" / name], capture_output=True, text=True, check=False
    )

    assert "" == done.stdout


# strace-run


@pytest.mark.strace
def test_strace_writes_the_story(tmp_path: Path) -> None:
    """Socket and selector calls are in the file, reads of files are not, and the exit code is the command's."""
    code = (
        "import selectors, socket; a, b = socket.socketpair(); a.setblocking(False); b.send(b'x');"
        "s = selectors.DefaultSelector(); s.register(a, 1); s.select(); raise SystemExit(7)"
    )
    done = run("strace-run", "-o", tmp_path / "a file", sys.executable, "-c", code)

    assert 7 == done.returncode, done.stderr
    called = set(re.findall(r"^\d+ +[\d.]+ (\w+)\(", (tmp_path / "a file").read_text(), re.MULTILINE))
    assert {"socketpair", "sendto", "ioctl", "close"} <= called
    assert set() == called & {"read", "openat", "mmap", "fstat"}


@pytest.mark.strace
@pytest.mark.parametrize("word", ["a b", "it's", "two\nlines", "", "$HOME", "*", "back\\slash", "é"])
def test_strace_command_can_be_pasted(word: str, tmp_path: Path) -> None:
    """What it prints is one line, which a shell takes for the command that was run."""
    show = "import sys; print(ascii(sys.argv[1:]))"
    done = run("strace-run", "-o", tmp_path / "o'o", sys.executable, "-c", show, word)

    assert [ascii([word])] == done.stdout.splitlines(), done.stderr
    assert 1 == len(done.stderr.splitlines())
    again = subprocess.run(["bash", "-c", done.stderr], capture_output=True, text=True, check=False)
    assert (done.stdout, "") == (again.stdout, again.stderr)


def stand_in_strace(tools: Path, version: str, *more: str) -> None:
    script(
        tools / "strace",
        *more,
        f'if [ "$1" = -V ]; then echo "strace -- version {version}"; exit; fi',
        'for word; do [ "$word" != none ] || exit 0; printf "%s\\n" "$word"; done',
    )
    script(tools / "uname", "echo Linux")


@pytest.mark.parametrize(
    ("version", "has", "has_not"),
    [
        ("5.2", {"-ttt", "-T"}, {"--seccomp-bpf", "--syscall-times=ns"}),
        ("5.3", {"-ttt", "--seccomp-bpf"}, {"--syscall-times=ns"}),
        ("5.6", {"--absolute-timestamps=format:unix,precision:ns", "--seccomp-bpf"}, {"-ttt"}),
        ("5.10", {"--absolute-timestamps=format:unix,precision:ns", "--seccomp-bpf"}, {"-ttt"}),
        ("7.2", {"--absolute-timestamps=format:unix,precision:ns", "--seccomp-bpf"}, {"-T"}),
        ("UNKNOWN", {"-ttt", "-T"}, {"--seccomp-bpf"}),
    ],
)
def test_strace_gets_the_options_that_it_knows(
    version: str, has: set[str], has_not: set[str], tools: Path
) -> None:
    """Options follow the version, and -yy is never among them."""
    stand_in_strace(tools, version)
    words = set(run("strace-run", "true", path=tools).stdout.splitlines())

    assert has | {"-f", "-y"} <= words
    assert set() == words & (has_not | {"-yy"})


def test_shim_is_seen_through_by_strace_run(tools: Path) -> None:
    """Where a script stands in Python's place, the interpreter behind it is traced; another script is not touched."""
    stand_in_strace(tools, "6.1")
    script(tools / "python3.99", f'exec {shlex.quote(sys.executable)} "$@"')
    other = script(tools / "tool", "exit 0")

    for name, traced in (("python3.99", sys.executable), ("tool", "tool"), (str(other), str(other))):
        words = run("strace-run", "--", name, "x", path=tools).stdout.splitlines()
        assert [traced, "x"] == words[words.index("--") + 1 :]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["-o", "|cat", "true"], 2, r"would run '\|cat' as a command.*-o './\|cat'"),
        (["-o", "!cat", "true"], 2, r"would run '!cat' as a command"),
        (["-o", "/proc/nosuch/file", "true"], 4, r"cannot write '/proc/nosuch/file': name one in a folder"),
        (["-o", "/", "true"], 4, r"cannot write '/'"),
        (["/nosuch/program"], 127, r"there is no command '/nosuch/program'"),
    ],
)
def test_strace_run_refuses(args: list[str], code: int, message: str, tools: Path) -> None:
    """What cannot go well is not begun: one line says why and what to do."""
    stand_in_strace(tools, "6.1")
    done = run("strace-run", *args, path=tools)

    assert (code, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
    assert re.match(f"strace-run: .*{message}", done.stderr), done.stderr


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ("Darwin", r"scripts/dtruss-run"),
        ("FreeBSD", r"strace is Linux's"),
        ("Linux", r"not installed.*apt install.*dnf install.*apk add.*pacman"),
    ],
)
def test_strace_run_without_strace(system: str, message: str, tools: Path) -> None:
    """Where there is no strace it ends with 3, and says what to install or to use in its place."""
    script(tools / "uname", f"echo {system}")
    for name in ("bash", "env"):
        (tools / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [ROOT / "scripts" / "strace-run", "x"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 3 == done.returncode
    assert re.match(f"strace-run: .*{message}", done.stderr), done.stderr


def test_strace_run_that_may_not_trace(tools: Path) -> None:
    """Where the kernel refuses, strace's last words and a remedy are told, nothing is run, and the exit code is 3."""
    stand_in_strace(
        tools, "6.1", "echo first >&2; echo 'PTRACE_TRACEME: Operation not permitted' >&2; exit 1"
    )
    done = run("strace-run", "echo", "ran", path=tools)

    assert (3, "") == (done.returncode, done.stdout)
    assert re.match(
        r"strace-run: strace may not trace here: PTRACE_TRACEME: Operation not permitted\nstrace-run: .*\n\Z",
        done.stderr,
    ), done.stderr


@pytest.mark.strace
def test_strace_run_inside_strace() -> None:
    """Traced already, it says that, and not that a container is to blame."""
    done = subprocess.run(
        ["strace", "-f", "-o", os.devnull, ROOT / "scripts" / "strace-run", "true"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 3 == done.returncode
    assert "being traced already" in done.stderr, done.stderr


# dtruss-run


def test_dtruss_run_elsewhere(tools: Path) -> None:
    """On another system it names strace-run and ends with 3."""
    script(tools / "uname", "echo Linux")
    done = run("dtruss-run", "true", path=tools)

    assert (3, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "scripts/strace-run" in done.stderr


def test_dtruss_run_shows_rows(mac: Path, tmp_path: Path) -> None:
    """Rows are in the file and counted, the command is printed as it is run, root comes by sudo."""
    done = run("dtruss-run", "-o", tmp_path / "a file", "prog", "a b", path=mac)

    assert 0 == done.returncode, done.stderr
    assert (SAMPLES / "le.txt").read_text() == (tmp_path / "a file").read_text()
    printed, told = done.stderr.splitlines()[:2]
    assert f"sudo dtruss -f -l -e {mac}/prog 'a\\ b' 2>'{tmp_path}/a file'" == printed
    assert f"dtruss-run: 16 system calls in {tmp_path}/a file, 0 lines not understood" == told
    assert ["-v", f"dtruss -f -l -e {mac}/prog a\\ b"] == (tmp_path / "sudo").read_text().splitlines()


@pytest.mark.parametrize(
    "words",
    [
        ["a b"],
        ["print('x  y')\n", "z"],
        ["", "x"],
        ["a\\", "b"],
        ["\t", "x"],
        ["it's", '"q"'],
        ["é\\ü", "$x", "*"],
    ],
    ids=ascii,
)
def test_words_arrive_whole(words: list[str], mac: Path, tmp_path: Path) -> None:
    """However dtruss cuts the command line, the program gets the words that it was given."""
    done = run("dtruss-run", "prog", *words, path=mac, cwd=tmp_path)

    assert 0 == done.returncode, done.stderr
    assert repr([f"{mac}/prog", *words]) == (tmp_path / "words").read_text()


@pytest.mark.parametrize("last", ["", "x ", "x\n", "x\\"], ids=ascii)
def test_last_word_that_would_be_lost(last: str, mac: Path, tmp_path: Path) -> None:
    """A last word that dtruss would lose is refused, rather than run without."""
    done = run("dtruss-run", "prog", last, path=mac, cwd=tmp_path)

    assert (2, False) == (done.returncode, (tmp_path / "words").exists())
    assert "dtruss loses a last argument" in done.stderr


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("\tPID/THRD   ELAPSD SYSCALL(args) \t\t = return\n", 0, "System Integrity Protection .*hides"),
        ("", 1, "System Integrity Protection .*hides"),
        ("dtrace: failed to initialize dtrace: DTrace requires additional privileges\n", 1, "needs root"),
    ],
    ids=["header only", "nothing", "not root"],
)
def test_hidden_calls_are_told_by_rows(
    output: str, status: int, message: str, mac: Path, tmp_path: Path
) -> None:
    """Without rows the exit code is 3 whatever dtruss said of itself, and ways that work are named."""
    stand_in_dtruss(mac, tmp_path, output, status)
    done = run("dtruss-run", "prog", path=mac, cwd=tmp_path)

    assert 3 == done.returncode
    assert re.search(rf"dtruss-run: .*{message}.*\n.+", done.stderr), done.stderr


def test_rows_with_a_failing_dtruss(mac: Path, tmp_path: Path) -> None:
    """Where there are rows, the exit code is that of dtruss."""
    stand_in_dtruss(mac, tmp_path, (SAMPLES / "plain.txt").read_text(), 5)

    assert 5 == run("dtruss-run", "prog", path=mac, cwd=tmp_path).returncode


@pytest.mark.parametrize("enabled", ["enabled.", "unknown (Custom Configuration)."])
def test_protection_is_told_before(enabled: str, mac: Path, tmp_path: Path) -> None:
    """With System Integrity Protection on it says so first, and tries all the same."""
    script(mac / "csrutil", f"echo 'System Integrity Protection status: {enabled}'")
    done = run("dtruss-run", "prog", path=mac, cwd=tmp_path)

    assert (0, True) == (done.returncode, "Protection is on" in done.stderr.splitlines()[0])


def test_root_needs_no_sudo(mac: Path, tmp_path: Path) -> None:
    """Run as root it asks sudo for nothing."""
    script(mac / "id", "echo 0")
    done = run("dtruss-run", "prog", path=mac, cwd=tmp_path)

    assert (0, False) == (done.returncode, (tmp_path / "sudo").exists())
    assert f"dtruss -f -l -e {mac}/prog 2>dtruss.txt" == done.stderr.splitlines()[0]


def test_sudo_says_no(mac: Path, tmp_path: Path) -> None:
    """Where sudo refuses, nothing is run and the exit code is 3."""
    script(mac / "sudo", "exit 1")
    done = run("dtruss-run", "prog", path=mac, cwd=tmp_path)

    assert (3, False) == (done.returncode, (tmp_path / "words").exists())
    assert "Ask an administrator" in done.stderr


def test_apples_programs_are_refused(mac: Path, tmp_path: Path) -> None:
    """What Apple has signed is not tried, nor is a link to it: a Python that works is named."""
    (mac / "linked").symlink_to("/bin/sh")
    for name in ("/bin/sh", "linked"):
        done = run("dtruss-run", name, path=mac, cwd=tmp_path)

        assert (3, False) == (done.returncode, (tmp_path / "words").exists())
        assert re.search(r"/bin/\w+ is signed by Apple.*brew install python.*uv python install", done.stderr)


def test_shim_is_seen_through_by_dtruss_run(mac: Path, tmp_path: Path) -> None:
    """A shim of Python gives way to the interpreter behind it; for another script its interpreter is asked for."""
    behind = mac / "prog"
    script(mac / "python3.99", f"echo {behind}")
    script(mac / "tool", "exit 0")

    done = run("dtruss-run", "python3.99", "x", path=mac, cwd=tmp_path)
    assert (0, repr([str(behind), "x"])) == (done.returncode, (tmp_path / "words").read_text())
    done = run("dtruss-run", "tool", path=mac, cwd=tmp_path)
    assert (2, True) == (done.returncode, "scripts/dtruss-run python3" in done.stderr)


def test_dtruss_run_says_what_is_missing(mac: Path, tmp_path: Path) -> None:
    """No such command, or a file that cannot be written: each has its line and its exit code."""
    assert 127 == run("dtruss-run", "/nosuch/program", path=mac, cwd=tmp_path).returncode
    done = run("dtruss-run", "-o", "/proc/nosuch/file", "prog", path=mac)
    assert (4, True) == (done.returncode, "cannot write '/proc/nosuch/file'" in done.stderr)
    (mac / "dtruss").unlink()
    done = run("dtruss-run", "prog", path=mac)
    assert (3, True) == (done.returncode, "no dtruss" in done.stderr)


@pytest.mark.parametrize(("sample", "code"), [("le.txt", 0), ("", 3)], ids=["rows", "none"])
def test_rows_are_counted_without_python(sample: str, code: int, mac: Path, tmp_path: Path) -> None:
    """Where no Python is new enough for the parser, rows alone decide."""
    stand_in_dtruss(mac, tmp_path, (SAMPLES / sample).read_text() if sample else "dtrace: no\n")
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 15))):
        script(mac / name, "exit 1")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "dtruss-run", tmp_path / "scripts")
    done = subprocess.run(
        [tmp_path / "scripts" / "dtruss-run", "prog"],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{mac}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (code, code == 3) == (done.returncode, "hides them" in done.stderr), done.stderr
