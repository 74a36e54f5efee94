#!/usr/bin/env python3
"""Every variant under every fault, again and again in lock-step: whether it always comes out in the predicted call.

What is predicted stands in tests/fault_table.py; the tests look at it once, this script as often as you like. After each
run it looks from outside whether a process, a descriptor or a socket is left. The exit code is 1 if anything was
otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fault_table import TABLE, came_out, own
from tests.outside import look, sockets_at
from tracedemo import runner
from tracedemo.server import ServerOptions

Cell = tuple[str, str]
"""(fault, variant)."""


def once(fault: str, name: str) -> str:
    """What was otherwise than predicted in one run; empty: nothing."""
    before = look()
    options = runner.RunOptions(
        capture=True, requests=2, server=ServerOptions(pace="lockstep", fault=fault), own=own(fault)
    )
    done = runner.run(runner.find_target([name]), options)
    port = int(str(done.trace.header.server["address"]).rpartition(":")[2])
    expected = TABLE[fault][name]
    if came_out(done.trace) != (expected.call, expected.answer) or done.trace.header.ended != expected.ended:
        return f"{came_out(done.trace)}, ended by {done.trace.header.ended}"
    if before != look():
        return f"left {look()} instead of {before}"
    return f"sockets left: {left}" if (left := sockets_at(port)) else ""


def main() -> int:
    """Go round and round, so that whatever else the machine does meets all cells alike; print a line for each fault."""
    parser = argparse.ArgumentParser(
        prog="scripts/fault-rounds", description="Count in which call each fault comes out."
    )
    parser.add_argument(
        "faults", nargs="*", metavar="FAULT", choices=[*TABLE, []], help="which (default: all)"
    )
    parser.add_argument(
        "--rounds", type=int, default=34, help="runs of each variant (34, which are 204 of each fault)"
    )
    args = parser.parse_args()
    cells: list[Cell] = [(fault, name) for fault in args.faults or TABLE for name in TABLE[fault]]
    good: Counter[str] = Counter()
    bad: Counter[tuple[str, str, str]] = Counter()
    start = time.monotonic()
    for _ in range(args.rounds):
        for fault, name in cells:
            if otherwise := once(fault, name):
                bad[fault, name, otherwise] += 1
            else:
                good[fault] += 1
    for fault in dict.fromkeys(fault for fault, _ in cells):
        wrong = sum(times for (of, _, _), times in bad.items() if of == fault)
        print(f"{fault:<18} {good[fault]:>5} of {good[fault] + wrong} as predicted, nothing left behind")
    for (fault, name, otherwise), times in bad.items():
        print(f"{fault}, {name}: {times} times {otherwise}")
    print(f"{sum(good.values()) + sum(bad.values()):,} runs in {time.monotonic() - start:.0f} s")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
