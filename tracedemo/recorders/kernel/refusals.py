"""Why a machine does not let one process trace another, and what to do about it.

A tracer sees little of the reason: EPERM, EACCES or ENOSYS from ptrace(2). The machine tells the rest: Yama's setting, who
traces us already, in what kind of container we are, which emulator stands in for the processor. Everything here reads
/proc and the environment, and changes nothing.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/")


class Refusal(NamedTuple):
    """Why not, and the remedy."""

    why: str
    remedy: str
    admin: bool = False
    """Only an administrator can mend it."""


def refused_by_kernel(error: str, root: Path = ROOT) -> Refusal:  # noqa: PLR0911  # one for each reason
    """What stands behind a ptrace() that failed.

    Args:
        error: the kernel's answer in words, such as "Operation not permitted".
        root: the folder that everything is looked for in.
    """
    proc = root / "proc"
    if not sys.platform.startswith("linux"):
        return Refusal(
            f"ptrace as we use it is Linux's, and this is {platform.system()}", "See docs/dtruss.md."
        )
    tracer = _number(proc / "self/status", "TracerPid:")
    if tracer:
        name = _text(proc / f"{tracer}/comm").strip() or "another program"
        return Refusal(
            f"this process is traced already, by {name} (pid {tracer}), and a process has one tracer",
            "Run tracedemo outside of the debugger or strace.",
        )
    scope = _text(proc / "sys/kernel/yama/ptrace_scope").strip()
    if scope == "3":
        return Refusal("Yama forbids all tracing (ptrace_scope is 3) until the machine is started again",
                       "An administrator can set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and restart.",
                       admin=True)  # fmt: skip
    if scope == "2" and os.geteuid() != 0:
        return Refusal("Yama lets only administrators trace (ptrace_scope is 2)",
                       "As root: sysctl kernel.yama.ptrace_scope=1", admin=True)  # fmt: skip
    if emulated(root):
        return Refusal("this processor is emulated, and the emulator has no ptrace",
                       "Use an image for this machine's own processor, such as --platform linux/arm64.")  # fmt: skip
    if (where := container(root)) is not None:
        return Refusal(f"{where} does not allow ptrace ({error})", _CONTAINER_REMEDIES[where])
    return Refusal(f"the kernel does not allow ptrace here ({error}): a seccomp filter or a security module forbids it",
                   "Run outside of the sandbox that has set it, or ask an administrator.", admin=True)  # fmt: skip


_DEV_CONTAINER = (
    'In devcontainer.json: "capAdd": ["SYS_PTRACE"], "securityOpt": ["seccomp=unconfined"]; then rebuild.'
)
_CONTAINER_REMEDIES = {
    "Docker": "Start it with --cap-add=SYS_PTRACE, or --security-opt seccomp=unconfined.",
    "Podman": "Start it with --cap-add=SYS_PTRACE, or --security-opt seccomp=unconfined.",
    "Kubernetes": "Give the container securityContext.capabilities.add: [SYS_PTRACE].",
    "Codespaces": _DEV_CONTAINER,
    "this dev container": _DEV_CONTAINER,
    "this container": "Give it the capability SYS_PTRACE, or a seccomp profile that allows ptrace.",
}


def container(root: Path = ROOT) -> str | None:
    """In what kind of container this process runs; None: in none that we know of."""
    if os.environ.get("CODESPACES") == "true":
        return "Codespaces"
    if os.environ.get("REMOTE_CONTAINERS") == "true":
        return "this dev container"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "Kubernetes"
    if (root / "run/.containerenv").exists():
        return "Podman"
    if (root / ".dockerenv").exists():
        return "Docker"
    groups = _text(root / "proc/1/cgroup")
    grouped = any(word in groups for word in ("/docker", "/lxc", "/containerd", "kubepods"))
    # What systemd, LXC and others put into the environment of their first process.
    first = _text(root / "proc/1/environ").split("\0")
    return "this container" if grouped or any(word.startswith("container=") for word in first) else None


def emulated(root: Path = ROOT) -> bool:
    """Whether the processor is played by Rosetta or qemu's user mode: they translate system calls, but not ptrace.

    Rosetta makes up a processor. qemu shows /proc/cpuinfo of the real one (its linux-user/syscall.c), in Arm's words.
    """
    words = _text(root / "proc/cpuinfo")
    return "VirtualApple" in words or (platform.machine() == "x86_64" and "CPU implementer" in words)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(path: Path, key: str) -> int:
    values = [line.removeprefix(key).strip() for line in _text(path).splitlines() if line.startswith(key)]
    return int(values[0]) if values and values[0].isdecimal() else 0


def environment(place: Path | None) -> dict[str, str] | None:
    """The environment of a trial, by which those are found whom it leaves when it is killed; None: our own.

    strace tries out at its start, in children, what ptrace can do. When it is killed just before such a child says
    PTRACE_TRACEME, that is traced by whoever adopts it, and stands still (state t) for ever.

    Args:
        place: the folder of the run that it is for.
    """
    return None if place is None else os.environ | {"TRACEDEMO_HOOK_FOLDER": str(place)}
