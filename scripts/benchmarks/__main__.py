"""`scripts/bench`: each part is measured in turns with what it is compared to, and printed as a ratio of medians.

A part is a module with `measure(quick=...)`, which prints a table and says whether its promises are kept.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import report  # noqa: E402

PARTS = [name for name in report.ORDER if (HERE / f"{name}.py").exists()]
SEEDED, TIMED = ("kills", "fuzz", "soak"), ("fuzz", "soak")


def main() -> int:
    """Run the parts that were asked for; exit code 1 when a promise is not kept."""
    args = _parser().parse_args()
    # A shell starts what runs in the background with Ctrl-C ignored, which the programs that are measured would inherit.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # An installed package has its bytecode beside it; a machine that forbids that would measure the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"{report.machine()}\n")
    kept = []
    for name in PARTS if args.part == "all" else [args.part]:
        given = _given(name, args)
        kept.append(import_module(name).measure(**given))
        if args.write:
            report.write(name, *_words(given))
    return 0 if all(kept) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures what tracedemo costs, and withstands."
    )
    parser.add_argument("part", nargs="?", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--minutes", type=float, metavar="M", help="how long fuzz and soak take (4 and 30)")
    parser.add_argument("--seed", type=int, metavar="N", help="of what kills, fuzz and soak draw")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    return parser


def _given(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """What a part is to be told."""
    given: dict[str, Any] = {"quick": args.quick}
    if args.seed is not None and name in SEEDED:
        given["seed"] = args.seed
    if args.minutes is not None and name in TIMED:
        given["minutes"] = args.minutes
    return given


def _words(given: dict[str, Any]) -> list[str]:
    """The same as options."""
    return [
        f"--{name}" if value is True else f"--{name} {value:g}"
        for name, value in given.items()
        if value is not False
    ]


if __name__ == "__main__":
    sys.exit(main())
