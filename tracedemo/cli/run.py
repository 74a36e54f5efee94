"""`tracedemo run`: run a variant or a script, and show what it asked of the kernel."""

from __future__ import annotations

import argparse
import sys

from tracedemo import runner
from tracedemo.analysis.study import Study
from tracedemo.cli import Parser, last, present
from tracedemo.cli.options import add_run_options, run_options
from tracedemo.cli.progress import Progress
from tracedemo.cli.suggest import suggest
from tracedemo.errors import UsageError

EPILOG = """\
TARGET is a variant (tracedemo variants), a script.py, or -m MODULE. After a variant's name options are still ours:
  tracedemo run selector -n 5 --view log,timeline
Everything after a script or module is the program's own, so our options go before it:
  tracedemo run --view summary -o run.jsonl my_script.py --its-own option
{address} among a script's arguments becomes the address of our loopback server.
"""


def prepare(parser: argparse.ArgumentParser) -> None:
    """Its options, and a target that takes all the rest."""
    parser.usage = "tracedemo run [OPTIONS] TARGET [ARGS ...]"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "target", nargs=argparse.REMAINDER, metavar="TARGET", help="what to run, and its arguments"
    )
    parser.add_argument(
        "-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module, as python -m"
    )
    _add_options(parser)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_run_options(parser, requests=1)
    present.add_view_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it and show it.  The exit code is the program's own for a script, and 1 for a variant that failed."""
    words = (
        ["-m", *args.module]
        if args.module is not None
        else [word for word in args.target if word != "--" or word]
    )
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        message = "what is to be run?"
        raise UsageError(message, "For example: tracedemo run selector     or: tracedemo run my_script.py")
    target = runner.find_target(words)
    is_variant = target.kind == "variant"
    if is_variant:
        args = _more_options(words[1:], args)
    present.check(args)
    options = run_options(args, capture=is_variant)
    with Progress(1, wanted=is_variant) as progress:
        progress.step(f"running {target.name}")
        done = runner.run(target, options)
    last.keep([done.trace])
    return _show_variant(done, args) if is_variant else _show_script(done, args)


def _more_options(words: list[str], args: argparse.Namespace) -> argparse.Namespace:
    """Options after a variant's name."""
    parser = Parser(
        prog="tracedemo run",
        usage="tracedemo run [OPTIONS] VARIANT [OPTIONS]",
        argument_default=argparse.SUPPRESS,
    )
    _add_options(parser)
    given = vars(parser.parse_args(words))
    lists = {name: getattr(args, name) + given.pop(name) for name in ("view", "output") if name in given}
    return argparse.Namespace(**(vars(args) | given | lists))


def _show_variant(done: runner.Run, args: argparse.Namespace) -> int:
    if args.format == "table" and not args.view:
        print(done.output)
    present.present([Study(done.trace)], args, views=("log", "summary"), stream=sys.stdout)
    _tell_end(done)
    if args.format == "table":
        other = "selector" if done.trace.header.target == "blocking" else done.trace.header.target
        suggest(f"compare blocking {other}", "show --view timeline")
    if done.exit_code == 0:
        return 0
    return done.exit_code if done.trace.header.ended == "interrupted" else 1


def _show_script(done: runner.Run, args: argparse.Namespace) -> int:
    """The report goes to stderr: stdout is the program's."""
    print(file=sys.stderr)
    present.present([Study(done.trace)], args, views=("summary", "connections"), stream=sys.stderr)
    _tell_end(done)
    if args.format == "table":
        suggest("show --view log", "show --view timeline", stream=sys.stderr)
    return done.exit_code


def _tell_end(done: runner.Run) -> None:
    """What a variant complained of, and how the run ended when that was no ordinary end."""
    header = done.trace.header
    print(done.complaints, end="", file=sys.stderr)
    if header.ended in ("deadlock", "spin"):
        last_row = next((event for event in reversed(done.trace) if event.op == header.ended), None)
        print(f"tracedemo: {last_row.args['detail'] if last_row else header.ended}", file=sys.stderr)
        print("  The program was ended; what it did until then is shown above.", file=sys.stderr)
    elif header.ended != "exit":
        print(f"tracedemo: the program was ended by {header.ended.replace('signal ', '')}; what it did until then is shown",
              file=sys.stderr)  # fmt: skip
    elif done.exit_code and header.kind == "variant":
        print(f"tracedemo: the variant {header.target} failed, exit code {done.exit_code}", file=sys.stderr)
