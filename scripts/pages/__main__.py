"""`scripts/docs`: writes what is made in docs/, and says what has changed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import make  # noqa: E402
import record  # noqa: E402
import slides  # noqa: E402


def main() -> int:
    """Record if asked to, then write what differs."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Write what is made in docs/.")
    parser.add_argument("--record", nargs="*", metavar="NAME", choices=record.RECORDINGS,
                        help="record these traces anew first; without a name, all")  # fmt: skip
    parser.add_argument(
        "--slides", metavar="FILE", type=Path, help="write the slides of the workshop as one page, too"
    )
    args = parser.parse_args()
    if args.record is not None:
        for name in args.record or record.RECORDINGS:
            record.record(name)
    for path, text in make.made().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if args.slides is not None:
        args.slides.write_text(slides.page(slides.SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {args.slides}")
    for path in make.orphans():
        print(f"{path.relative_to(ROOT)} is shown on no page", file=sys.stderr)
    return bool(make.orphans())


if __name__ == "__main__":
    sys.exit(main())
