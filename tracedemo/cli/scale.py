"""`tracedemo scale`: many sockets, measured and counted; or one limit, made small."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from tracedemo.analysis.study import Study
from tracedemo.cli import INTERRUPTED, last, tell
from tracedemo.cli.present import Wish, present, wish
from tracedemo.cli.progress import Progress
from tracedemo.cli.suggest import suggest
from tracedemo.errors import UsageError
from tracedemo.render import limit as limit_face
from tracedemo.render import scale as face
from tracedemo.scale.catalogue import choose
from tracedemo.scale.climb import Climb, Plan
from tracedemo.scale.machine import read_machine
from tracedemo.scale.small import show_limit

NEEDS_TRACE = (".html", ".jsonl", ".perfetto.json", ".perfetto.json.gz")
"""Endings of files that are made of a recorded run."""


def run(args: argparse.Namespace) -> int:
    """Measure, or show a limit; exit code 1 when a program failed, or the limit did not show; 130 after a Ctrl-C."""
    wanted = wish(args)
    return _limit(args, wanted) if "limit" in args else _measure(args, wanted)


def _measure(args: argparse.Namespace, wanted: Wish) -> int:
    given = vars(args)
    if "engine" in args and "kernel" not in args:
        raise UsageError("--engine says what records system calls, and --kernel asks for them: it is missing",
                         f"Add it: --kernel --engine {args.engine}")  # fmt: skip
    programs, absent = choose(args.programs)
    plan = Plan(programs=programs, machine=read_machine(), to=given.get("to"), processes=given.get("processes", 1),
                kernel=given.get("engine", "auto") if "kernel" in args else None, notes=tuple(absent),
                tell=_tell)  # fmt: skip
    with Progress(2 * len(plan.rows()) + len(programs)) as progress:
        climb = Climb(plan, progress.step)
        climb.run()
    found = climb.result()
    studies = [] if climb.largest is None else [Study(climb.largest)]
    files = (
        wanted.files
        if studies
        else tuple(path for path in wanted.files if not path.name.endswith(NEEDS_TRACE))
    )
    present(studies, replace(wanted, views=(face.view_of(found),), files=files), views=(), stream=sys.stdout)
    for path in wanted.files:
        if path not in files:
            tell(f"tracedemo: {path} was not written: no run had been recorded", sys.stderr)
    if wanted.format == "table" and not (wanted.files or found.stopped):
        suggest("scale --limit fds", "scale selector --to 1000 -o scale.html")
    if climb.failed is not None:
        return climb.failed.exit_code
    if climb.told_to_end:
        return 128 + climb.told_to_end
    if found.stopped:
        return INTERRUPTED
    return int(any(row.bare.trouble or (row.counted and row.counted.trouble) for row in found.rows))


def _tell(text: str) -> None:
    tell(f"tracedemo: {text}", sys.stderr)


def _limit(args: argparse.Namespace, wanted: Wish) -> int:
    for name, option in (
        ("to", "--to"),
        ("processes", "--processes"),
        ("kernel", "--kernel"),
        ("engine", "--engine"),
    ):
        if name in args:
            raise UsageError(
                f"{option} is for many sockets, and --limit shows one limit with few",
                "Leave one of them out.",
            )
    if len(args.programs) > 1:
        raise UsageError(
            f"--limit shows one program, and {len(args.programs)} are named", "Name one, or none."
        )
    with Progress() as progress:
        progress.step(f"running into a small limit: {args.limit}")
        shown = show_limit(args.limit, next(iter(args.programs), None), tell=_tell)
    trace = shown.run.trace
    keeper = last.Keeper()
    keeper(trace)
    present(
        [Study(trace)], replace(wanted, views=(limit_face.view_of(shown.met),)), views=(), stream=sys.stdout
    )
    if shown.run.told_to_end or trace.header.ended == "interrupted":
        return 128 + shown.run.told_to_end if shown.run.told_to_end else INTERRUPTED
    if wanted.format == "table" and keeper.kept:
        only = f" --only {shown.met.kind.errno}" if shown.met.kind.errno and shown.met.row is not None else ""
        suggest(f"show --view log{only}")
    return int(shown.met.row is None)
