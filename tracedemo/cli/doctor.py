"""`tracedemo doctor`: what this machine can do, and what to mend."""

from __future__ import annotations

import argparse

from tracedemo.cli.text import paragraph
from tracedemo.doctor import ENGINE_CHECKS, Check, Verdict, examine, exit_code

_WORDS = {Verdict.GOOD: "ok", Verdict.OPTIONAL: "--", Verdict.MEND: "MEND", Verdict.ADMIN: "ADMIN"}
_VERDICTS = {
    0: "\nReady.  Try: tracedemo compare",
    1: "\nNot ready yet: do what stands behind MEND.",
    3: "\nNot ready: what stands behind ADMIN needs an administrator.",
}
_ONLY_KERNEL = """
Ready, but for --kernel, for which one of the two engines is enough: see above.
Try: tracedemo compare"""
_INDENT = 25


def run(args: argparse.Namespace) -> int:
    """Print each check as it is done; exit 0 ready, 1 you can mend it, 3 it needs an administrator."""
    del args
    checks = []
    for check in examine():
        checks.append(check)
        _print(check)
    code = exit_code(checks)
    in_the_way = {check.name for check in checks if check.verdict in (Verdict.MEND, Verdict.ADMIN)}
    print(_ONLY_KERNEL if in_the_way and in_the_way <= ENGINE_CHECKS else _VERDICTS[code])
    return code


def _print(check: Check) -> None:
    print(paragraph(check.found, f"{_WORDS[check.verdict]:<6} {check.name:<18}", _INDENT))
    if check.remedy:
        print(paragraph(check.remedy, " " * _INDENT + "-> ", _INDENT + 3), flush=True)
