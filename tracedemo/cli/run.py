"""`tracedemo run`: run a variant or a script, and show what it asked of the kernel."""

from __future__ import annotations

import argparse
import sys
from typing import IO

from tracedemo import runner
from tracedemo.analysis.join import counts
from tracedemo.analysis.segments import is_call
from tracedemo.cli import OUR_FAULT, complain, hang_up, last, printable, tell
from tracedemo.cli.arguments import parser_behind_variant
from tracedemo.cli.ending import exit_code, say_ending
from tracedemo.cli.findings import tell_findings
from tracedemo.cli.options import run_options
from tracedemo.cli.present import Wish, present, studies_of, wish
from tracedemo.cli.progress import Progress
from tracedemo.cli.suggest import suggest
from tracedemo.errors import TracedemoError, UsageError
from tracedemo.events import KERNEL
from tracedemo.render import VIEWS
from tracedemo.variants import by_name

OURS = frozenset(
    {"--kernel", "--engine", "--view", "--only", "--unfold", "--startup", "--pace", "--no-redact", "--fault"}
)
"""Options that a program hardly ever has, and that are meant for us when they stand behind its name by mistake."""


def run(args: argparse.Namespace) -> int:
    """Run it and show it.  The exit code is the program's own for a script, and 1 for a variant that failed."""
    words = _words(args)
    # Behind the name of a variant options are ours; which of them are the variant's own is looked up later.
    target = runner.find_target(words[:1] if by_name(words[0]) else words, command=args.target[:1] == ["--"])
    is_variant = target.kind == "variant"
    if is_variant:
        args = _with_more(args, _behind(args))
    wanted = wish(args)
    options, keeper = last.keeping(run_options(args, [target], requests=1, capture=is_variant))
    with Progress(1, wanted=is_variant) as progress:
        progress.step(f"running {target.name}")
        done = runner.run(target, options)
    if is_variant:
        return _show_variant(done, wanted, options, kept=keeper.kept)
    return _show_script(done, wanted, kept=keeper.kept)


def _words(args: argparse.Namespace) -> list[str]:
    """The target and what is behind it.

    Raises:
        UsageError: there is none.
    """
    words: list[str] = args.target
    if "module" in args:
        return ["-m", *args.module, *words]
    if "code" in args:
        return ["-c", *args.code, *words]
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        raise UsageError(
            "what is to be run?", "For example: tracedemo run selector, or: tracedemo run my_script.py"
        )
    return words


def _behind(args: argparse.Namespace) -> list[str]:
    """What stands behind a variant's name.

    Raises:
        UsageError: it stands behind `--`, too, where nothing is ours.
    """
    first, *words = args.target
    if first == "--" and words[1:]:
        message = f"behind -- nothing is ours, and a variant has no options of its own: {' '.join(words[1:])}"
        raise UsageError(message, f"Leave out the --: tracedemo run {' '.join(words)}")
    return [] if first == "--" else words


def _with_more(args: argparse.Namespace, words: list[str]) -> argparse.Namespace:
    """Options before a variant's name and behind it: what can be given again and again adds up, else the last counts."""
    before, behind = vars(args), vars(parser_behind_variant().understand(words))
    lists = {
        name: before[name] + behind[name] for name in ("view", "output") if name in before and name in behind
    }
    return argparse.Namespace(**(before | behind | lists))


def _show_variant(done: runner.Run, wanted: Wish, options: runner.RunOptions, *, kept: bool) -> int:
    if wanted.format == "table" and not wanted.views and done.output:
        tell(done.output)
    studies = studies_of([done.trace])
    present(studies, wanted, views=("log", "summary"), stream=sys.stdout)
    if wanted.format == "table" and not wanted.views:
        tell_findings(studies[0], sys.stdout, kept=kept)
    say_ending(done, options)
    if wanted.format == "table":
        other = "selector" if done.trace.header.target == "blocking" else done.trace.header.target
        suggest(f"compare blocking {other}", *(["show --view timeline"] if kept else []))
    return exit_code(done)


def _show_script(done: runner.Run, wanted: Wish, *, kept: bool) -> int:
    """Report to stderr, since stdout is the program's; whatever happens to the report, the program's exit code stays."""
    try:
        _report(done, wanted, sys.stderr, kept=kept)
    except TracedemoError as error:
        complain(error)
        return OUR_FAULT
    except OSError:  # stderr takes nothing, so that nothing can be said
        hang_up(sys.stderr)
        return OUR_FAULT
    return done.exit_code


def _report(done: runner.Run, wanted: Wish, stream: IO[str], *, kept: bool) -> None:
    header = done.trace.header
    tell("", stream)
    seen = any(is_call(event) or (event.lane == KERNEL and counts(event)) for event in done.trace)
    if not (wanted.views or wanted.files or header.dropped or seen):
        name = printable(header.target)
        tell(f"tracedemo: {name} made no call of Python's socket or selector interface", stream)
        in_c = header.beyond or ("What libraries do in C (uvloop, libpq) cannot be seen from Python.",)
        for text in (*in_c, *header.notes):
            tell(f"  {printable(text)}", stream)
        return
    if wanted.format == "table" and wanted.views and VIEWS["summary"] not in wanted.views:
        for text in header.beyond:  # which the summary would say
            tell(f"tracedemo: {printable(text)}", stream)
    studies = studies_of([done.trace])
    present(studies, wanted, views=("summary", "connections"), stream=stream)
    if wanted.format != "table":
        return
    if not wanted.views:
        tell_findings(studies[0], stream, kept=kept)
    say_ending(done, told=not wanted.views or VIEWS["summary"] in wanted.views)
    if kept:
        suggest("show --view log", "show --view timeline", stream=stream)
    if ours := sorted(set(header.argv[1:]) & OURS):
        tell(
            f"\n{' '.join(ours)} stood behind {printable(header.target)}, so it went to it; ours go before it.",
            stream,
        )
