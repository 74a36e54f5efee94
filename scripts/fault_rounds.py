#!/usr/bin/env python3
"""Every variant under every fault, and into every limit made small, again and again: whether all comes out as predicted.

What is predicted stands in tests/fault_table.py and tests/limit_table.py; the tests look at it a few times, this script
as often as you like. After each run it looks from outside whether a process, a descriptor or a socket is left. The exit
code is 1 if anything was otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import limit_table
from tests.fault_table import TABLE, came_out, own
from tests.limit_table import LIMITS
from tests.outside import sockets_at, watching
from tracedemo import runner
from tracedemo.scale.small import show_limit
from tracedemo.server import ServerOptions

ROUNDS = 200


def once(name: str, number: int) -> tuple[str, str]:
    """(the program that ran, what was otherwise than predicted) in one run of a fault or limit; empty: nothing.

    Args:
        number: of the round: variants take turns.
    """
    with watching() as left:
        program, otherwise, ports = _limit(name) if name in LIMITS else _fault(name, number)
    left += [f"socket in state {state} at port {port}" for port in ports for state in sockets_at(port)]
    return program, "; ".join([*([otherwise] if otherwise else []), *(f"left {one}" for one in left)])


def _limit(name: str) -> tuple[str, str, set[int]]:
    shown = show_limit(name)
    otherwise = limit_table.otherwise(name, shown)
    return shown.run.trace.header.target, otherwise, limit_table.ports_of(shown)


def _fault(name: str, number: int) -> tuple[str, str, set[int]]:
    """By the pace at which it is proved that nothing more comes."""
    program, expected = list(TABLE[name].items())[number % len(TABLE[name])]
    options = runner.RunOptions(
        capture=True, requests=2, server=ServerOptions(pace="lockstep", fault=name), own=own(name)
    )
    header = (done := runner.run(runner.find_target([program]), options)).trace.header
    found = (*came_out(done.trace), header.ended)
    otherwise = "" if found == (expected.call, expected.answer, expected.ended) else str(found)
    return program, otherwise, {int(str(header.server["address"]).rpartition(":")[2])}


def main() -> int:
    """Go round and round, so that whatever else the machine does meets all alike; print a line for each fault and limit."""
    args = _parser().parse_args()
    names = args.names or [*TABLE, *LIMITS]
    bad: Counter[tuple[str, str, str]] = Counter()
    start = time.monotonic()
    for number in range(args.rounds):
        for name in names:
            program, otherwise = once(name, number)
            if otherwise:
                bad[name, program, otherwise] += 1
    for name in names:
        wrong = sum(times for (of, _, _), times in bad.items() if of == name)
        print(f"{name:<18} {args.rounds - wrong:>5} of {args.rounds} as predicted, nothing left behind")
    for (name, program, otherwise), times in bad.items():
        print(f"{name}, {program}: {times} times {otherwise}")
    print(f"{args.rounds * len(names):,} runs in {time.monotonic() - start:.0f} s")
    return bool(bad)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/fault-rounds",
        description="Count in which call each fault and each small limit comes out.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="FAULT|LIMIT", choices=[*TABLE, *LIMITS, []], help="which (default: all)"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=ROUNDS,
        metavar="N",
        help=f"runs of each, in which all variants take turns ({ROUNDS})",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
