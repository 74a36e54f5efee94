"""Mouth: the command line.  One file a command: it parses, calls, renders and prints.

Heavy parts are imported by the command that needs them, so that `tracedemo --help` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from tracedemo import __version__
from tracedemo.errors import TracedemoError, UsageError

COMMANDS = {
    "run": "run a variant or a script of yours, and show what it asked of the kernel",
    "compare": "run several, and set them side by side",
    "show": "any view of saved traces; with no file, of the last run",
    "variants": "list the programs of the post, and what each teaches",
    "serve": "run the loopback server in the foreground",
    "doctor": "what this machine can do, and what to mend",
}
"""Name -> one line of help; the module of the same name in this folder has `prepare(parser)` and `run(args) -> int`."""

WORTH_KNOWING = """\
tracedemo shows what Python network code really asks of the kernel.

  tracedemo compare                three programs fetch the same bytes three ways, side by side
  tracedemo run selector           one of them, call by call: the event loop of the post
  tracedemo run your_script.py     the same for a program of yours

tracedemo --help lists all commands; tracedemo variants the programs that come with it.
"""


class Parser(argparse.ArgumentParser):
    """argparse that raises our own error, so that all wrong usage looks alike."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong, and where the help is."""
        raise UsageError(message, f"See: {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """The `tracedemo` command.  Returns the exit code (DESIGN section 6)."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except TracedemoError as error:
        _complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("\ntracedemo: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain again when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _dispatch(words: list[str]) -> int:
    if not words:
        print(WORTH_KNOWING, end="")
        return 0
    parser = _parser(words[0])
    if words[0] not in COMMANDS and not words[0].startswith("-"):
        raise _unknown(words)
    args = parser.parse_args(words)
    module = import_module(f"tracedemo.cli.{args.command}")
    code: int = module.run(args)
    return code


def _parser(first: str) -> Parser:
    """The parser for one command line: only the command that was asked for is imported."""
    parser = Parser(prog="tracedemo", description="Shows what Python network code really asks of the kernel.")
    parser.add_argument("--version", action="version", version=f"tracedemo {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=_sentence(help_text))
        if name == first:
            import_module(f"tracedemo.cli.{name}").prepare(sub)
    return parser


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _unknown(words: Sequence[str]) -> UsageError:
    """A first word that is no command: perhaps a script or variant that wants `run` before it."""
    from tracedemo.variants import by_name

    if by_name(words[0]) or words[0].endswith(".py") or Path(words[0]).exists():
        return UsageError(f"{words[0]} is not a command", f"Did you mean: tracedemo run {' '.join(words)}")
    return UsageError(f"there is no command {words[0]!r}", f"Commands: {', '.join(COMMANDS)}")


def _complain(error: TracedemoError) -> None:
    print(f"tracedemo: {error.message}", file=sys.stderr)
    if error.remedy:
        print(f"  {error.remedy}", file=sys.stderr)
