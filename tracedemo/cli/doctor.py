"""`tracedemo doctor`: what this machine can do, and what to mend."""

from __future__ import annotations

import argparse
import textwrap

from tracedemo.doctor import Check, Verdict, examine, exit_code

_WORDS = {Verdict.GOOD: "ok", Verdict.OPTIONAL: "--", Verdict.MEND: "MEND", Verdict.ADMIN: "ADMIN"}


def prepare(parser: argparse.ArgumentParser) -> None:
    """It takes no options yet."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Print each check as it is done; exit 0 ready, 1 you can mend it, 3 it needs an administrator."""
    del args
    checks = []
    for check in examine():
        checks.append(check)
        _print(check)
    code = exit_code(checks)
    print(_VERDICTS[code])
    return code


_VERDICTS = {
    0: "\nReady.  Try: tracedemo compare",
    1: "\nNot ready yet: do what stands behind MEND.",
    3: "\nNot ready: what stands behind ADMIN needs an administrator.",
}


def _print(check: Check) -> None:
    indent = " " * 25
    first = f"{_WORDS[check.verdict]:<6} {check.name:<18}"
    print(
        textwrap.fill(
            check.found, 100, initial_indent=first, subsequent_indent=indent, break_long_words=False
        )
    )
    if check.remedy:
        print(
            textwrap.fill(check.remedy, 100, initial_indent=indent + "-> ", subsequent_indent=indent + "   ")
        )
