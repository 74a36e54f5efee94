"""`tracedemo compare`: run several and set them side by side."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence

from tracedemo import runner
from tracedemo.cli import last, tell
from tracedemo.cli.arguments import COMPARED
from tracedemo.cli.ending import exit_code, say_ending
from tracedemo.cli.options import run_options
from tracedemo.cli.present import present, studies_of, wish
from tracedemo.cli.progress import Progress
from tracedemo.cli.suggest import suggest
from tracedemo.errors import UsageError
from tracedemo.server.options import draw_nonce

REQUESTS = 3
"""When nobody says."""


def run(args: argparse.Namespace) -> int:
    """Run them one after another; exit code 1 when one of them failed."""
    wanted = wish(args)
    targets = [runner.find_target(split(word)) for word in args.targets or COMPARED]
    options = run_options(args, targets, requests=REQUESTS, capture=True, nonce=draw_nonce())
    options, keeper = last.keeping(options)
    runs = run_all(targets, options)
    present(studies_of([run.trace for run in runs]), wanted, views=("comparison",), stream=sys.stdout)
    if wanted.format == "table" and not wanted.views:
        _say_bodies(runs)
    for done in runs:
        say_ending(done, options)
    if wanted.format == "table" and not wanted.views:
        scripts = [target.name for target in targets if target.kind == "script"]
        wanted_next = f"run {args.targets[0]}" if len(scripts) == len(targets) else "run selector"
        suggest(wanted_next, *(["show --view wakeups"] if keeper.kept else []))
    return max(exit_code(done) for done in runs)


def run_all(targets: Sequence[runner.Target], options: runner.RunOptions) -> list[runner.Run]:
    """Run them in turn; after one that was interrupted, no more."""
    runs: list[runner.Run] = []
    with Progress(len(targets)) as progress:
        for target in targets:
            progress.step(f"running {target.name}")
            runs.append(runner.run(target, options))
            if runs[-1].told_to_end or runs[-1].trace.header.ended == "interrupted":
                break
    return runs


def split(word: str) -> list[str]:
    """The words of a target that was typed as one.

    Raises:
        UsageError: a quote in it is not closed.
    """
    try:
        words = shlex.split(word)
    except ValueError as error:
        raise UsageError(
            f"cannot split {word!r} into words: {error}", "Close the quotes inside it."
        ) from None
    return words or [word]


def _say_bodies(runs: Sequence[runner.Run]) -> None:
    """Whether all fetched the same bytes: each variant prints a digest for each response."""
    digests = {
        line.split("sha256 ")[1] for run in runs for line in run.output.splitlines() if "sha256 " in line
    }
    if len(digests) == 1:
        tell(f"\nAll of them fetched the same bytes: sha256 {digests.pop()[:16]}...")
    elif digests:
        tell(f"\nThey did not all fetch the same bytes: {len(digests)} different bodies")
