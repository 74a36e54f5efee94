"""Why a machine does not let us trace: by a made-up /proc, by fake straces, and by a kernel that refuses for real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tracedemo.recorders.kernel import refusals, strace
from tracedemo.recorders.kernel.refusals import Refusal, container, emulated, refused_by_kernel

DENIED = "Operation not permitted"
ENVIRONMENT = ("CODESPACES", "REMOTE_CONTAINERS", "KUBERNETES_SERVICE_HOST")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make the root folder of a machine that runs Linux, with these files."""

    def make(**files: str) -> Path:
        for name, text in {"proc/self/status": "Name:\tpython\nTracerPid:\t0\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(refusals.sys, "platform", "linux")
    monkeypatch.setattr(refusals.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(refusals.os, "geteuid", lambda: 1000)
    return make


def scope(value: int) -> dict[str, str]:
    return {"proc/sys/kernel/yama/ptrace_scope": f"{value}\n"}


# A made-up machine


def test_tracer_is_named(machine: Callable[..., Path]) -> None:
    """Who is traced already is told by whom, before anything else."""
    root = machine(
        **{"proc/self/status": "TracerPid:\t42\n", "proc/42/comm": "gdb\n", ".dockerenv": ""}, **scope(3)
    )
    no = refused_by_kernel(DENIED, root)

    assert "this process is traced already, by gdb (pid 42), and a process has one tracer" == no.why
    assert ("Run tracedemo outside of the debugger or strace.", False) == (no.remedy, no.admin)


def test_tracer_without_a_name(machine: Callable[..., Path]) -> None:
    """A tracer that /proc does not show is another program."""
    assert (
        "by another program (pid 42)"
        in refused_by_kernel(DENIED, machine(**{"proc/self/status": "TracerPid:\t42\n"})).why
    )


@pytest.mark.parametrize("status", ["", "TracerPid:\n", "TracerPid:\tx\n", "Name:\tTracerPid:\n"])
def test_status_without_a_tracer(machine: Callable[..., Path], status: str) -> None:
    """Whatever /proc says instead of a number is no tracer."""
    assert "traced already" not in refused_by_kernel(DENIED, machine(**{"proc/self/status": status})).why


@pytest.mark.parametrize(
    ("setting", "user", "words", "admin"),
    [
        (0, 1000, "the kernel does not allow ptrace here (Operation not permitted)", True),
        (1, 1000, "the kernel does not allow ptrace here (Operation not permitted)", True),
        (2, 1000, "Yama lets only administrators trace (ptrace_scope is 2)", True),
        (2, 0, "the kernel does not allow ptrace here (Operation not permitted)", True),
        (3, 1000, "Yama forbids all tracing (ptrace_scope is 3)", True),
        (3, 0, "Yama forbids all tracing (ptrace_scope is 3)", True),
    ],
)
def test_yama(
    machine: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    setting: int,
    user: int,
    words: str,
    admin: bool,
) -> None:
    """0 and 1 let a process trace its children; 2 only an administrator; 3 nobody, until the machine starts again."""
    monkeypatch.setattr(refusals.os, "geteuid", lambda: user)
    no = refused_by_kernel(DENIED, machine(**scope(setting)))

    assert no.why.startswith(words)
    assert admin == no.admin
    assert ("ptrace_scope" in words) == ("kernel.yama.ptrace_scope" in no.remedy)


@pytest.mark.parametrize(
    ("files", "variables", "name", "remedy"),
    [
        ({".dockerenv": ""}, {}, "Docker", "--cap-add=SYS_PTRACE"),
        ({"run/.containerenv": ""}, {}, "Podman", "--cap-add=SYS_PTRACE"),
        (
            {".dockerenv": ""},
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
            "Kubernetes",
            "securityContext.capabilities.add: [SYS_PTRACE]",
        ),
        ({".dockerenv": ""}, {"CODESPACES": "true"}, "Codespaces", '"capAdd": ["SYS_PTRACE"]'),
        ({".dockerenv": ""}, {"REMOTE_CONTAINERS": "true"}, "this dev container", "devcontainer.json"),
        ({"proc/1/cgroup": "0::/docker/abc\n"}, {}, "this container", "SYS_PTRACE"),
        ({"proc/1/cgroup": "0::/kubepods/x\n"}, {}, "this container", "SYS_PTRACE"),
        ({"proc/1/environ": "PATH=/bin\0container=lxc\0"}, {}, "this container", "SYS_PTRACE"),
    ],
)
def test_containers(
    machine: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    variables: dict[str, str],
    name: str,
    remedy: str,
) -> None:
    """Each kind of container has its name, and what to write where."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    root = machine(**files)
    no = refused_by_kernel(DENIED, root)

    assert name == container(root)
    assert f"{name} does not allow ptrace (Operation not permitted)" == no.why
    assert remedy in no.remedy
    assert not no.admin


@pytest.mark.parametrize(
    "files", [{}, {"proc/1/cgroup": "0::/init.scope\n"}, {"proc/1/environ": "my_container=x\0A=container=\0"}]
)
def test_no_container(machine: Callable[..., Path], files: dict[str, str]) -> None:
    """A machine of its own is none, and its kernel is what refuses."""
    root = machine(**files)

    assert container(root) is None
    assert "a seccomp filter or a security module forbids it" in refused_by_kernel(DENIED, root).why


@pytest.mark.parametrize(
    ("machine_name", "words", "emulator"),
    [
        ("x86_64", "vendor_id\t: VirtualApple\n", True),
        ("x86_64", "processor\t: 0\nCPU implementer\t: 0x61\n", True),
        ("aarch64", "processor\t: 0\nCPU implementer\t: 0x61\n", False),
        ("x86_64", "vendor_id\t: AuthenticAMD\n", False),
        ("x86_64", "", False),
    ],
)
def test_emulated_processor(
    machine: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    machine_name: str,
    words: str,
    emulator: bool,
) -> None:
    """Rosetta makes up a processor, and qemu shows the real one's words, to a program for another."""
    monkeypatch.setattr(refusals.platform, "machine", lambda: machine_name)
    root = machine(**{"proc/cpuinfo": words, ".dockerenv": ""})
    no = refused_by_kernel("Function not implemented", root)

    assert emulator == emulated(root)
    assert emulator == no.why.startswith("this processor is emulated, and the emulator has no ptrace")
    assert emulator == ("--platform linux/arm64" in no.remedy)


def test_machine_without_proc(tmp_path: Path, machine: Callable[..., Path]) -> None:
    """Where nothing can be read, the kernel's own words are what there is."""
    no = refused_by_kernel("Permission denied", tmp_path / "nowhere")

    assert "the kernel does not allow ptrace here (Permission denied)" in no.why


def test_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """On another system than Linux both engines are out of place, and dtruss is named."""
    monkeypatch.setattr(refusals.sys, "platform", "darwin")
    monkeypatch.setattr(refusals.platform, "system", lambda: "Darwin")

    assert Refusal(
        "ptrace as we use it is Linux's, and this is Darwin", "See docs/dtruss.md."
    ) == refused_by_kernel(DENIED)
    assert Refusal("strace is Linux's, and this is Darwin", "See docs/dtruss.md.") == strace.refusal()


# Fake straces


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a strace first, and alone, on the path: what its -V says, and what else it does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(version: str, does: str, shell: str = "/bin/sh") -> None:
        program = folder / "strace"
        program.write_text(f'#!{shell}\nif [ "$1" = -V ]; then echo "{version}"; exit; fi\n{does}\n')
        program.chmod(0o755)
        strace.version.cache_clear()
        strace.version_text.cache_clear()

    strace.version.cache_clear()
    strace.version_text.cache_clear()
    yield make
    strace.version.cache_clear()
    strace.version_text.cache_clear()


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is Linux's")


@on_linux
def test_strace_is_missing(fake: Callable[..., None]) -> None:
    """Without one on the path there is how to install it, on each family of systems."""
    no = strace.refusal()

    assert no is not None
    assert "strace is not installed" == no.why
    for words in ("apt install strace", "dnf install strace", "apk add strace", "pacman -S strace"):
        assert words in no.remedy
    assert ((0, 0), "") == (strace.version(), strace.version_text())


@on_linux
@pytest.mark.parametrize(
    ("version", "complaint"),
    [
        ("5.3", "strace: unrecognized option '--seccomp-bpf'"),
        ("4.15", "strace: invalid system call '?epoll_wait'"),
        ("4.5", "strace: invalid option -- 'y'"),
    ],
)
def test_strace_is_too_old(fake: Callable[..., None], version: str, complaint: str) -> None:
    """What it does not know is told with its version, and a newer one, or our own engine, is the remedy."""
    fake(
        f"strace -- version {version}",
        f'echo "{complaint}" >&2; echo "Try \'strace -h\' for more information." >&2; exit 1',
    )
    no = strace.refusal()

    assert no is not None
    assert f"strace {version} does not know what we ask of it: {complaint.removeprefix('strace: ')}" == no.why
    assert "Install strace 5.6 or newer, or use --engine ptrace." == no.remedy


@on_linux
@pytest.mark.parametrize(
    ("does", "why"),
    [
        (
            "echo \"strace: Can't fopen '/dev/null': No space left on device\" >&2; exit 1",
            "strace gave up: Can't fopen '/dev/null': No space left on device",
        ),
        ("exit 1", "strace gave up: it said nothing"),
    ],
)
def test_strace_gives_up(fake: Callable[..., None], does: str, why: str) -> None:
    """For a reason that we do not know it is told in its own words."""
    fake("strace -- version 6.1", does)

    assert Refusal(why, "Try it by hand: strace true") == strace.refusal()


@on_linux
def test_strace_cannot_be_started(fake: Callable[..., None]) -> None:
    """A program that does not start is as good as none."""
    fake("", "", shell="/nowhere/sh")
    no = strace.refusal()

    assert no is not None
    assert re.match("/.*/strace does not run: ", no.why)
    assert "apt install strace" in no.remedy


@on_linux
def test_strace_works(fake: Callable[..., None]) -> None:
    """One that ends well can trace; what it says about a filter that is refused is told apart."""
    writes = 'while [ "$1" != -o ]; do shift; done; echo "1 1.0 execve(\\"x\\") = 0" > "$2"'
    fake("strace -- version 6.8", f"{writes}\necho 'strace: seccomp filter is requested but unavailable' >&2")

    assert strace.refusal() is None
    assert strace.without_filter()
    assert (6, 8) == strace.version()


@on_linux
@pytest.mark.parametrize("does", ["exit 0", r"printf '\377\376\n'"])
def test_no_strace_at_all(does: str, fake: Callable[..., None]) -> None:
    """What is called strace, ends well and has written nothing, or prints no text, is none."""
    fake("strace -- version 6.8", does)
    no = strace.refusal()

    assert no is not None
    assert "wrote down no system call: it may be no strace" in no.why


# Machines that refuse for real

FORBID = """
import ctypes, os, struct
number = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
# Load the system call's number; ptrace fails with this errno; all else is allowed (linux/filter.h, linux/seccomp.h).
program = b"".join(struct.pack("=HBBI", *each) for each in (
    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | %d), (0x06, 0, 0, 0x7FFF0000),
))
held = ctypes.create_string_buffer(program)
fprog = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(held)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, ctypes.byref(fprog), 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP, a filter
"""
TELL = """
from tracedemo.errors import MachineError
from tracedemo.recorders.kernel import choose, strace
print(strace.refusal())
try:
    choose("strace")
except MachineError as error:
    print(error.exit_code, error)
print(choose("auto"))
"""
ROOT = Path(__file__).parents[3]


def told(*before: str, script: str) -> list[str]:
    """What a Python of its own tells about the engines."""
    words = [*before, sys.executable, "-c", script]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "" == done.stderr
    return done.stdout.splitlines()


@pytest.mark.strace
@pytest.mark.parametrize("number", [1, 38, 13], ids=["EPERM", "ENOSYS", "EACCES"])
def test_ptrace_is_forbidden_by_a_filter(number: int) -> None:
    """Under a seccomp filter strace is refused in the kernel's words, with exit code 3 if asked for; auto has no engine."""
    refusal, error, auto = told(script=FORBID % number + TELL)

    words = f"({os.strerror(number)})"
    assert "does not allow ptrace" in refusal
    assert words in refusal
    assert error.startswith("3 strace cannot trace here: ")
    assert words in error
    assert re.match(r"\(None, .no system calls can be shown here \(strace: ", auto)
    assert "; ptrace: " in auto
    assert "tracedemo doctor tells the remedies" in auto


@pytest.mark.strace
def test_traced_already() -> None:
    """Under strace a second one is refused, and the first is named."""
    refusal, error, auto = told("strace", "-f", "-o", os.devnull, script=TELL)

    for text in (refusal, error, auto):
        assert "this process is traced already, by strace (pid " in text


@pytest.mark.strace
def test_tracing_is_allowed() -> None:
    """On this machine strace can trace, and is what auto takes."""
    refusal, auto = told(script=TELL)

    assert "None" == refusal
    assert "tracedemo.recorders.kernel.strace" in auto
