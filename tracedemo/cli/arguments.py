"""What can be typed: every command's arguments, options and help.  Nothing heavy is imported here, so that help is quick.

What was not given is not in the namespace that comes out; the commands know what is meant then.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tracedemo.cli import help_texts as texts
from tracedemo.cli.parser import Parser, milliseconds, seconds, whole
from tracedemo.render.views import FORMATS, VIEWS

COMMANDS = {
    "run": "run a variant or a script, and show what it asks of the kernel",
    "compare": "run several, and set them side by side",
    "show": "any view of saved traces; with no file, of the last run",
    "variants": "list the programs of the post, and what each teaches",
    "explain": "what a call, a system call, an errno or a word means",
    "serve": "run the loopback server in the foreground",
    "doctor": "what this machine can do, and what to mend",
}
"""Name -> one line of help; the module of the same name in this folder has `run(arguments) -> int`."""

MOST_REQUESTS = 1_000_000
MOST_EVENTS = 1 << 26
ENDINGS = {
    ".jsonl": "the trace, to be shown again",
    ".txt": "the views, as text",
    ".svg": "the views, as a picture",
}
"""What the ending of a file given to -o says."""
COMPARED = ("blocking", "nonblocking", "selector")
"""What `compare` compares when nobody says."""


def help_of_all() -> str:
    """The help of the whole."""
    return texts.HELP.format(commands="\n".join(f"  {name:<10}  {text}" for name, text in COMMANDS.items()))


def parser_for(command: str) -> Parser:
    """The parser of one command."""
    usage, epilog, prepare = _PARSERS[command]
    epilog = epilog.replace(
        "{views}", "\n".join(f"  {view.name:<12}  {view.help}" for view in VIEWS.values())
    )
    text = COMMANDS[command]
    parser = Parser(
        prog=f"tracedemo {command}", usage=usage, epilog=epilog, description=f"{text[0].upper()}{text[1:]}."
    )
    prepare(parser)
    return parser


def parser_behind_variant() -> Parser:
    """What may be typed behind the name of a variant."""
    parser = Parser(prog="tracedemo run", usage=_PARSERS["run"][0])
    _add_run_options(parser, requests=1)
    return parser


def _prepare_run(parser: Parser) -> None:
    rest = argparse.REMAINDER
    parser.add_argument("target", nargs=rest, metavar="TARGET", help="what to run, and what it is given")
    parser.add_argument(
        "-m", dest="module", nargs=rest, metavar="MODULE", help="run a module, as python -m does"
    )
    parser.add_argument("-c", dest="code", nargs=rest, metavar="CODE", help="run code, as python -c does")
    _add_run_options(parser, requests=1)


def _prepare_compare(parser: Parser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=[],
                        help=f"what to compare (default: {' '.join(COMPARED)})")  # fmt: skip
    _add_run_options(parser, requests=3)


def _prepare_show(parser: Parser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", type=Path, default=[],
                        help="traces saved with -o (default: the last run)")  # fmt: skip
    _add_view_options(parser)


def _prepare_serve(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--port", type=whole(0, 65535), default=8000, help="port on 127.0.0.1 (default 8000; 0: any free one)"
    )
    add("-q", "--quiet", action="store_true", help="do not print what it does")
    _add_server_options(parser)


def _prepare_explain(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "names",
        nargs="*",
        metavar="NAME",
        default=[],
        help="what to explain (default: list all that can be asked)",
    )
    add("--format", choices=FORMATS,
        help="table (the default); plain: one sentence a line, for screen readers; jsonl: for programs")  # fmt: skip


def _prepare_nothing(_parser: Parser) -> None:
    """It takes no options."""


def _add_run_options(parser: Parser, *, requests: int) -> None:
    """How to run: requests, where to, and how our server behaves; and what to show."""
    add = parser.add_argument_group("the run").add_argument
    add("-n", "--requests", type=whole(1, MOST_REQUESTS), metavar="N",
        help=f"fetches that a variant makes (default {requests})")  # fmt: skip
    add("--url", help="let variants fetch from a real server, http://HOST[:PORT]/PATH, instead of ours")
    add("--host", metavar="NAME", help="name by which variants are told our server, such as localhost")
    add("--python", metavar="PATH",
        help="interpreter that runs it (default: that of the active virtual environment, else ours)")  # fmt: skip
    add(
        "--duration",
        type=seconds,
        metavar="S",
        help="send the program a Ctrl-C after S seconds, for a service",
    )
    add("--max-events", type=whole(1, MOST_EVENTS), metavar="N",
        help="calls that are kept, the last ones (default 1,048,576)")  # fmt: skip
    _add_kernel_options(parser)
    _add_server_options(parser)
    _add_view_options(parser)


def _add_kernel_options(parser: Parser) -> None:
    """Whether the real system calls are recorded, too, and by what."""
    add = parser.add_argument_group("the kernel's side").add_argument
    add("--kernel", action="store_true", help="record the real system calls under each Python call, too")
    add("--engine", choices=("auto", "strace", "ptrace"),
        help="what records them: strace; ptrace, our own (pip install python-ptrace); auto (the default): the"
        " first of these that works here")  # fmt: skip
    add("--no-redact", action="store_true",
        help="show values that may be secrets (Authorization, Cookie, tokens) in what goes over sockets")  # fmt: skip


def _add_server_options(parser: Parser) -> None:
    """How our server behaves."""
    add = parser.add_argument_group("our server").add_argument
    add("--delay", type=milliseconds, metavar="MS", help="milliseconds to the first byte (default 30)")
    add("--pieces", type=whole(1), metavar="K", help="pieces in which an answer is sent (default 3)")
    add("--gap", type=milliseconds, metavar="MS", help="milliseconds between pieces (default 10)")
    add("--size", type=whole(1), metavar="BYTES", help="bytes of the body (default 1200)")
    add("--pace", choices=("clock", "lockstep"),
        help="clock: by time (the default); lockstep: one step whenever the program is about to wait, so that a"
        " run makes the same calls everywhere")  # fmt: skip


def _add_view_options(parser: Parser) -> None:
    """Which views, in which form, and where to."""
    add = parser.add_argument_group("the views").add_argument
    add("--view", action="append", metavar="NAME[,NAME]", help="what to show; the names stand below")
    add("--format", choices=FORMATS,
        help="table (the default); plain: one sentence a line, for screen readers; jsonl: for programs")  # fmt: skip
    add("--only", metavar="WORDS", help="show only these events, for example recv,EAGAIN,fd=5; see below")
    add("--unfold", action="store_true", help="show every row, also repeats and the tool's own")
    add("--startup", action="store_true", help="show the system calls of the interpreter's start, too")
    endings = ", ".join(f"{ending} {what}" for ending, what in ENDINGS.items())
    add("-o", "--output", action="append", metavar="FILE", type=Path,
        help=f"write a file; may be given again and again, and the ending says what: {endings}")  # fmt: skip
    add("--no-source", action="store_true", help="leave the text of source files out of saved traces")


_PARSERS: dict[str, tuple[str, str, Callable[[Parser], None]]] = {
    "run": (texts.USAGE_OF_RUN, texts.ABOUT_RUN, _prepare_run),
    "compare": ("tracedemo compare [OPTIONS] [TARGET ...]", texts.ABOUT_COMPARE, _prepare_compare),
    "show": ("tracedemo show [OPTIONS] [FILE ...]", texts.ABOUT_SHOW, _prepare_show),
    "variants": ("tracedemo variants", texts.ABOUT_VARIANTS, _prepare_nothing),
    "explain": ("tracedemo explain [OPTIONS] [NAME ...]", texts.ABOUT_EXPLAIN, _prepare_explain),
    "serve": ("tracedemo serve [OPTIONS]", texts.ABOUT_SERVE, _prepare_serve),
    "doctor": ("tracedemo doctor", texts.ABOUT_DOCTOR, _prepare_nothing),
}
"""Usage, what stands below the options, and what adds the options."""
