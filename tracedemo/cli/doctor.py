"""`tracedemo doctor`: what this machine can do, and what to mend."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from pathlib import Path

from tracedemo import __version__
from tracedemo.cli.text import paragraph
from tracedemo.doctor import Check, Verdict, examine, exit_code, no_engine

_WORDS = {Verdict.GOOD: "ok", Verdict.OPTIONAL: "--", Verdict.MEND: "MEND", Verdict.ADMIN: "ADMIN"}
_VERDICTS = {
    0: "Ready.  Try: tracedemo compare",
    1: "Not ready yet: do what stands behind MEND.",
    3: "Not ready: what stands behind ADMIN needs an administrator.",
}
_BUT_KERNEL = """\
Ready, but for --kernel: one of the two engines would do.
Try: tracedemo compare"""
_INDENT = 25


def run(args: argparse.Namespace) -> int:
    """Print each check as it is done; exit 0 ready, 1 you can mend it, 3 it needs an administrator."""
    given = vars(args)
    if given.get("json") or given.get("report"):
        checks = list(examine())
        print(_json(checks) if given.get("json") else report(checks))
        return exit_code(checks)
    checks = []
    for check in examine():
        checks.append(check)
        _print(check)
    print(f"\n{_closing(checks)}")
    return exit_code(checks)


def _closing(checks: list[Check]) -> str:
    code = exit_code(checks)
    return _BUT_KERNEL if not code and no_engine(checks) else _VERDICTS[code]


def _print(check: Check) -> None:
    # A path may be longer than the screen is wide; a remedy is there to be copied.
    print(paragraph(check.found, f"{_WORDS[check.verdict]:<6} {check.name:<18}", _INDENT, breaks=True))
    if check.remedy:
        print(paragraph(check.remedy, " " * _INDENT + "-> ", _INDENT + 3), flush=True)


def _json(checks: list[Check]) -> str:
    """One object, whose names do not change: `state` is ok, optional, mend or admin."""
    items = {
        check.name: {"state": check.verdict.value, "found": check.found, "remedy": check.remedy}
        for check in checks
    }
    return json.dumps({"tracedemo": __version__, "exit_code": exit_code(checks), "checks": items}, indent=1)


def report(checks: list[Check]) -> str:
    """A block to paste: what was found, but no folder, no user and no name of the machine."""
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}"
    lines = [f"tracedemo {__version__}, Python {platform.python_version()}, {machine}"]
    for check in checks:
        begin = f"{_WORDS[check.verdict]:<6} {check.name:<18}"
        lines.append(paragraph(_anonymous(check.found), begin, _INDENT, breaks=True))
    return "\n".join([*lines, _closing(checks)])


_ABSOLUTE = re.compile(r"(?<![\w.])(?:/|[A-Za-z]:\\)[^\s,;:]+")
_OF_ALL = re.compile(r"127\.0\.0\.1|root")
"""Names that everybody has tell nothing."""


def _anonymous(text: str) -> str:
    """Without paths, and without what user and machine are called."""
    home = os.path.expanduser("~")  # noqa: PTH111  # it never fails, as Path.home() does where nobody has a home
    places = {sys.executable, home, os.environ.get("TMPDIR", "")}
    places |= {str(Path(folder)) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder}
    for place in sorted(places - {"/", ""}, key=len, reverse=True):
        text = text.replace(place, "/PATH")
    text = _ABSOLUTE.sub("<path>", text)
    for name in {Path(home).name, platform.node(), *map(os.environ.get, ("USER", "LOGNAME", "USERNAME"))}:
        if name and not _OF_ALL.fullmatch(name):
            text = re.sub(rf"\b{re.escape(name)}\b", "<name>", text)
    return text
