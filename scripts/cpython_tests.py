#!/usr/bin/env python3
"""CPython's own network tests, bare and traced, compared test by test.

Each module of tests runs three times: bare, traced, and bare again (with --quick only where something differs). A test
that does not end alike in the two bare runs says nothing about us: it is named, and left out. What differs under the
tracer is tried once more by itself, bare and traced, since a clock may have decided; what differs again is a difference,
and the exit code is 1.

Tests that can only differ stand in IN_PRINCIPLE, each with its reason.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

QUICK = ("test_select", "test_selectors", "test_poll", "test_epoll", "test_socketserver", "test_httplib",
         "test_asyncio.test_sock_lowlevel", "test_asyncio.test_streams", "test_asyncio.test_selector_events",
         "test_asyncio.test_base_events")  # fmt: skip
"""What `--quick` takes: test_asyncio.test_tasks alone would take as long again, and opens few sockets."""
ALL = ("test_socket", "test_select", "test_selectors", "test_poll", "test_epoll", "test_ssl", "test_socketserver",
       "test_httplib", "test_httpservers", "test_urllib", "test_urllib2", "test_urllib2_localnet",
       "test_ftplib", "test_poplib", "test_smtplib", "test_imaplib", "test_xmlrpc", "test_docxmlrpc", "test_wsgiref",
       "test_robotparser", "test_logging", "test_signal", "test_eintr", "test_context",
       "test_asyncore", "test_asynchat", "test_smtpd", "test_telnetlib", "test_nntplib", "test_asyncio")  # fmt: skip
"""Those that are not in this Python are passed over; test_asyncio is taken apart into its modules."""

IN_PRINCIPLE: dict[str, str] = {}
"""Test (the end of its name) -> why it can only differ. As few as possible."""

ON_LOOPBACK = ("test_socketserver",)
"""Modules that ask for a network, and stay on this machine."""

NOT_HERE = {
    "*VSOCK*": "waits for a virtual machine's host, without an end",
}
"""Pattern -> why a test is not run at all, bare or traced."""

NO_TESTS = "no report, exit code 0"
"""How a module ends that is for another system."""
LIMIT = 600
"""Seconds that one run of a module may take."""


class Ran(NamedTuple):
    """One run of a module of tests."""

    outcomes: dict[str, str]
    """Test -> passed, skipped, failed; of subtests all of them."""
    ended: str
    """Its exit code: 2 when a test failed, 3 when something was left behind."""
    seconds: float
    calls: int
    """Recorded of it; 0 if it was not traced."""


def present(names: Sequence[str]) -> Iterator[str]:
    """The modules that this Python has, packages taken apart."""
    for name in names:
        spec = importlib.util.find_spec(f"test.{name}")
        if spec is None:
            continue
        for folder in spec.submodule_search_locations or ():
            yield from sorted(f"{name}.{path.stem}" for path in Path(folder).glob("test_*.py"))
        if not spec.submodule_search_locations:
            yield name


def run(module: str, *, traced: bool, only: Iterable[str] = ()) -> Ran:
    """Run a module of tests in an interpreter of its own."""
    with tempfile.TemporaryDirectory(prefix="cpython-tests-") as name:
        folder = Path(name)
        tracer = (
            ["-m", "tracedemo", "run", "--max-events", "16384", "-o", str(folder / "t.jsonl")]
            if traced
            else []
        )
        words = ["-u", "network"] if module in ON_LOOPBACK else []
        words += [word for test in only for word in ("-m", test)]
        words += [word for pattern in NOT_HERE for word in ("-i", pattern)]
        command = [
            sys.executable,
            *tracer,
            "-m",
            "test",
            "--junit-xml",
            str(folder / "junit.xml"),
            *words,
            module,
        ]
        environment = {**os.environ, "XDG_STATE_HOME": name, "PYTHONHASHSEED": "0"}
        start = time.monotonic()
        with (folder / "out").open("wb") as out:
            try:
                code = subprocess.run(command, cwd=name, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=out, timeout=LIMIT, check=False).returncode  # fmt: skip
            except subprocess.TimeoutExpired:
                code = None
        seconds = time.monotonic() - start
        report = folder / "junit.xml"
        ended = (
            f"exit code {code}"
            if report.exists()
            else f"no report, {'took too long' if code is None else f'exit code {code}'}"
        )
        return Ran(outcomes(report) if report.exists() else {}, ended, seconds, calls(folder / "t.jsonl"))


def outcomes(report: Path) -> dict[str, str]:
    """What became of each test, by its name."""
    found: dict[str, list[str]] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314  # it was written a moment ago
        words = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found.setdefault(case.get("name", "?"), []).extend(words or [case.get("result", "?")])
    return {name: " ".join(words) for name, words in found.items()}


def calls(trace: Path) -> int:
    """How many calls and steps the recorder wrote down."""
    if not trace.exists():
        return 0
    with trace.open(encoding="utf-8") as file:
        header = json.loads(file.readline())
    return sum(header.get("recorded", {}).values())


class Compared(NamedTuple):
    """A module, run bare, traced, and bare."""

    module: str
    tests: int
    equal: int
    unsteady: list[str]
    """Did not end alike when they ran bare twice, or differed only once."""
    differ: list[str]
    excused: list[str]
    runs: tuple[Ran, Ran, Ran]


def compare(module: str, *, quick: bool) -> Compared:
    """Run a module bare, traced, and bare again (when quick: only if the first two differ), and what differs once more."""
    bare, traced = run(module, traced=False), run(module, traced=True)
    alike = bare.outcomes == traced.outcomes and bare.ended == traced.ended
    again = bare if quick and alike else run(module, traced=False)
    names = bare.outcomes.keys() | traced.outcomes.keys() | again.outcomes.keys()
    unsteady = [name for name in names if bare.outcomes.get(name) != again.outcomes.get(name)]
    unlike = [name for name in names - set(unsteady) if bare.outcomes.get(name) != traced.outcomes.get(name)]
    excused = [name for name in unlike if name.endswith(tuple(IN_PRINCIPLE))]
    unlike = [name for name in unlike if name not in excused]
    differ = {name: f"{name}: {bare.outcomes.get(name, 'not run')}, traced: {traced.outcomes.get(name, 'not run')}"
              for name in tried_again(module, unlike)}  # fmt: skip
    unsteady += [name for name in unlike if name not in differ]
    equal = len(names) - len(unsteady) - len(excused) - len(differ)
    told = sorted(differ.values()) or ([] if unsteady or excused else whole(module, bare, traced, again))
    return Compared(module, len(names), equal, sorted(unsteady), told, sorted(excused), (bare, traced, again))


def tried_again(module: str, unlike: Sequence[str]) -> list[str]:
    """Those of the tests that end otherwise under the tracer for a second time, when they run by themselves."""
    if not unlike:
        return []
    alone, with_us = (run(module, traced=how, only=unlike) for how in (False, True))
    return [name for name in unlike if alone.outcomes.get(name) != with_us.outcomes.get(name)]


def whole(module: str, bare: Ran, traced: Ran, again: Ran) -> list[str]:
    """What is to be said of a module of which each test ended alike."""
    if bare.ended == again.ended != traced.ended:
        return [f"the whole of {module}: {bare.ended}, traced: {traced.ended}"]
    if "no report" in bare.ended and bare.ended != NO_TESTS:
        return [f"the whole of {module} could not be run: {bare.ended}"]
    return [] if traced.calls else [f"the whole of {module}: nothing was recorded"]


def show(one: Compared) -> None:
    """A line of the table, and the names of what is not equal."""
    seconds = "".join(f"{ran.seconds:8.1f}" for ran in one.runs)
    counts = Counter(" ".join(sorted(set(words.split()))) for words in one.runs[0].outcomes.values())
    skipped = sum(count for words, count in counts.items() if words == "skipped")
    print(f"{one.module:40}{one.tests:6}{skipped:8}{one.equal:7}{len(one.unsteady):9}{len(one.differ):8}"
          f"{seconds}{one.runs[1].calls:9}", flush=True)  # fmt: skip
    for heading, names in (
        ("DIFFERS", one.differ),
        ("unsteady", one.unsteady),
        ("in principle", one.excused),
    ):
        for name in names:
            print(f"    {heading}: {name}")


def main() -> int:
    """Compare them all; the exit code is 1 if anything differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a choice of them, and bare once more only where something differs: a minute or two",
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="such as test_socket, test_asyncio.test_tasks"
    )
    args = parser.parse_args()
    if importlib.util.find_spec("test.libregrtest") is None:
        print("cpython-tests: this Python comes without its tests (Debian: apt install libpython3-testsuite)",
              file=sys.stderr)  # fmt: skip
        return 3
    modules = list(present(args.modules or (QUICK if args.quick else ALL)))
    if not modules:
        print("cpython-tests: this Python has none of these modules", file=sys.stderr)
        return 2
    print(f"CPython {platform.python_version()}; seconds: bare, traced, bare again")
    print(f"{'':40}{'tests':>6}{'skipped':>8}{'equal':>7}{'unsteady':>9}{'differ':>8}"
          f"{'bare':>8}{'traced':>8}{'bare':>8}{'recorded':>9}")  # fmt: skip
    done = []
    for module in modules:
        done.append(compare(module, quick=args.quick))
        show(done[-1])
    tests, equal, differ = (
        sum(numbers)
        for numbers in zip(*((one.tests, one.equal, len(one.differ)) for one in done), strict=True)
    )
    print(f"{len(done)} modules, {tests} tests: {equal} end alike, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
