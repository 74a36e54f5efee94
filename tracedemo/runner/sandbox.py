"""Limits of a program's own, in its process and nowhere else."""

from __future__ import annotations

import socket


def limited(*, files: int = 0, cpu_s: int = 0) -> tuple[str, ...]:
    """What stands before an interpreter that is to have few descriptors, or little processor time.

    Args:
        files: how many descriptors; 0: as many as we have.
        cpu_s: seconds of processor time, after which it is sent SIGXCPU, and killed a second later; 0: any.
    """
    # At a hard limit the kernel sends SIGKILL, which may have come from anybody (setrlimit(2)). No core is wanted.
    times = [f"ulimit -S -t {cpu_s}", f"ulimit -H -t {cpu_s + 1}", "ulimit -c 0"] if cpu_s else []
    limits = [f"ulimit -n {files}"] * bool(files) + times
    return ("/bin/sh", "-c", f'{" && ".join(limits)} && exec "$@"', "sh") if limits else ()


def small_buffers(size: int) -> str:
    """What the hook sets on the program's sockets, so that their send buffers are small (`inject`); 0: nothing."""
    return f"{socket.SOL_SOCKET}:{socket.SO_SNDBUF}:{size}" if size else ""
