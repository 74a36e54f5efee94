"""What the whole suite agrees on: tests that need something of the machine say so by a marker.

Where that something is missing such a test is skipped, and the reason printed. Under TRACEDEMO_CI=1 (.ci/run) nothing
may be missing, and the same skip is a failure: a witness that silently stays away proves nothing.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

# No clock decides about a test: a busy machine is no fault of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What decides about a change draws the same examples each time; new ones are for those who run the tests by hand.
settings.register_profile("repeatable", settings.get_profile("unhurried"), derandomize=True, database=None)
settings.load_profile("repeatable" if os.environ.get("TRACEDEMO_CI") == "1" else "unhurried")

# A shell starts what runs in the background with Ctrl-C ignored, which programs inherit: those of tests are to hear it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

CI = os.environ.get("TRACEDEMO_CI") == "1"

TRY_PTRACE = (
    "import ctypes; raise SystemExit(ctypes.CDLL(None, use_errno=True).ptrace(0, 0, None, None) != 0)"
)
"""PTRACE_TRACEME, in a process that ends at once: refused in some containers and by hardened kernels."""

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first of these is the quickest by far: it can do nothing but be headless."""


@functools.cache
def kernel_refuses() -> str:
    """Why no process can be traced on this machine; empty: it can."""
    if not sys.platform.startswith("linux"):
        return "ptrace as we use it is Linux's"
    tried = subprocess.run([sys.executable, "-I", "-c", TRY_PTRACE], capture_output=True, check=False)
    return "this kernel or container does not allow ptrace" if tried.returncode else ""


def no_strace() -> str:
    return "strace is not installed" if shutil.which("strace") is None else kernel_refuses()


def no_ptrace() -> str:
    return (
        "python-ptrace is not installed" if importlib.util.find_spec("ptrace") is None else kernel_refuses()
    )


def find_browser() -> str | None:
    """The path of a Chromium that the system has."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def no_browser() -> str:
    for package in ("playwright", "axe_playwright_python"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed"
    return "" if find_browser() else f"no Chromium is installed ({', '.join(BROWSERS)})"


NEEDS: dict[str, Callable[[], str]] = {"strace": no_strace, "ptrace": no_ptrace, "browser": no_browser}
"""Marker -> why what it stands for is missing; empty: it is there."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs what this machine has not."""
    for name, missing in NEEDS.items():
        if item.get_closest_marker(name) and (reason := missing()):
            pytest.skip(f"{name}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Under CI, make a failure of any skip of a marked test, wherever the skip was asked for."""
    report = yield
    marked = [name for name in NEEDS if item.get_closest_marker(name)]
    if CI and marked and report.skipped and not hasattr(report, "wasxfail"):
        _, _, reason = report.longrepr
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} is marked {', '.join(marked)} and may not be skipped under CI: {reason}"
        )
    return report
