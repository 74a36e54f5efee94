"""`scripts/bench`: each part is measured in turns with what it is compared to, and printed as a ratio of medians."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import cost  # noqa: E402
import kernel  # noqa: E402
import lockstep  # noqa: E402
import states  # noqa: E402
import views  # noqa: E402

PARTS = {
    "cost": cost.measure,
    "kernel": kernel.measure,
    "lockstep": lockstep.measure,
    "states": states.measure,
    "views": views.measure,
}


def main() -> int:
    """Run the parts that were asked for; exit code 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures what tracedemo costs.")
    parser.add_argument("part", nargs="?", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    args = parser.parse_args()
    # An installed package has its bytecode beside it; a machine that forbids that would measure the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    uname = platform.uname()
    print(f"CPython {platform.python_version()}, {uname.system} {uname.release} {uname.machine}, {os.cpu_count()} cores,"
          f" load {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    kept = [part(quick=args.quick) for name, part in PARTS.items() if args.part in (name, "all")]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
