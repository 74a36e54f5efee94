"""`tracedemo compare`: run several and set them side by side."""

from __future__ import annotations

import argparse
import shlex
import sys

from tracedemo import runner
from tracedemo.analysis.study import Study
from tracedemo.cli import last, present
from tracedemo.cli.options import add_run_options, run_options
from tracedemo.cli.progress import Progress
from tracedemo.cli.suggest import suggest
from tracedemo.errors import UsageError
from tracedemo.server.options import draw_nonce
from tracedemo.variants import by_name

DEFAULT = ("blocking", "nonblocking", "selector")


def prepare(parser: argparse.ArgumentParser) -> None:
    """Its options, and any number of targets."""
    parser.usage = "tracedemo compare [OPTIONS] [TARGET ...]"
    parser.add_argument("targets", nargs="*", metavar="TARGET",
                        help='variants or scripts; one with arguments is one quoted word: "a.py 5"'
                        f" (default: {' '.join(DEFAULT)})")  # fmt: skip
    add_run_options(parser, requests=3)
    present.add_view_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run them one after another; exit code 1 when one of them failed."""
    present.check(args)
    targets = [runner.find_target(_split(word)) for word in args.targets or DEFAULT]
    nonce = draw_nonce()
    runs = []
    with Progress(len(targets)) as progress:
        for target in targets:
            progress.step(f"running {target.name}")
            runs.append(runner.run(target, run_options(args, capture=True, nonce=nonce)))
            if runs[-1].trace.header.ended == "interrupted":
                break
    last.keep([run.trace for run in runs])
    studies = [Study(run.trace, _title(run)) for run in runs]
    present.present(studies, args, views=("comparison",), stream=sys.stdout)
    if args.format == "table" and not args.view:
        _say_bodies(runs)
        suggest("run selector", "show --view wakeups")
    return max(_complain(run) for run in runs)


def _split(word: str) -> list[str]:
    try:
        words = shlex.split(word)
    except ValueError as error:
        message = f"cannot split {word!r} into words: {error}"
        raise UsageError(message) from None
    if not words:
        message = "an empty word is no target"
        raise UsageError(message)
    return words


def _title(run: runner.Run) -> str:
    variant = by_name(run.trace.header.target)
    return variant.title if variant and run.trace.header.kind == "variant" else run.trace.header.target


def _say_bodies(runs: list[runner.Run]) -> None:
    """Whether all fetched the same bytes: each variant prints a digest for each response."""
    digests = {
        line.split("sha256 ")[1] for run in runs for line in run.output.splitlines() if "sha256 " in line
    }
    if len(digests) == 1:
        print(f"\nAll of them fetched the same bytes: sha256 {digests.pop()}")
    elif digests:
        print(f"\nThey did not all fetch the same bytes: {len(digests)} different bodies", file=sys.stderr)


def _complain(run: runner.Run) -> int:
    header = run.trace.header
    if run.exit_code == 0:
        return 0
    print(f"tracedemo: {header.target} ended with exit code {run.exit_code}", file=sys.stderr)
    print(run.complaints, end="", file=sys.stderr)
    return run.exit_code if header.ended == "interrupted" else 1
