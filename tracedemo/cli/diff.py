"""`tracedemo diff`: what changed between two runs, saved before or made now."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tracedemo.analysis.diff import diff
from tracedemo.analysis.filters import parse
from tracedemo.analysis.study import Study
from tracedemo.cli.arguments import DIFF_ENDINGS
from tracedemo.cli.inputs import is_file, take_inputs
from tracedemo.cli.present import present, wish
from tracedemo.cli.progress import Progress
from tracedemo.errors import UsageError
from tracedemo.events import Trace
from tracedemo.render.diff import view_of

DIFFERENT = 1
"""The exit code when there is a difference."""


def run(args: argparse.Namespace) -> int:
    """Compare two; exit code 1 when something differs, or a run failed; 4 when a file was damaged, after what could be read
    was compared.
    """
    _check(args)
    wanted = wish(args)
    inputs = take_inputs(args, args.words, mixed=True)
    if len(inputs.traces) < len(args.words):  # the first was interrupted
        return inputs.say_endings()
    a, b = (
        Study(trace, name)
        for trace, name in zip(inputs.traces, _names(args.words, inputs.traces), strict=True)
    )
    with Progress() as progress:
        progress.step("comparing the runs")
        only = [parse(wanted.only, study.trace) if wanted.only else None for study in (a, b)]
        found = diff(a, b, (only[0], only[1]))
    present((a, b), replace(wanted, views=(view_of(found),)), views=(), stream=sys.stdout)
    return inputs.say_endings() or (DIFFERENT if found.total else 0)


def _check(args: argparse.Namespace) -> None:
    """Mistakes that are found before anything runs.

    Raises:
        UsageError: there are not two, or a file is wanted that a diff cannot fill.
    """
    words: list[str] = args.words
    if len(words) != 2:
        told = (
            f"and {'only one is' if len(words) == 1 else f'{len(words)} are' if words else 'none is'} named"
        )
        raise UsageError(
            f"diff needs two runs, {told}", "For example: tracedemo diff before.jsonl after.jsonl"
        )
    for path in vars(args).get("output", ()):
        if not path.name.endswith(tuple(DIFF_ENDINGS)):
            raise UsageError(f"a diff cannot be written to {path}", f"Endings: {', '.join(DIFF_ENDINGS)}")


def _names(words: Sequence[str], traces: Sequence[Trace]) -> list[str]:
    """What to call the two: `selector, in before.jsonl`, where a file is meant."""
    return [
        f"{trace.header.target or 'a trace'}, in {Path(word).name}"
        if is_file(word)
        else trace.header.target or word
        for word, trace in zip(words, traces, strict=True)
    ]
