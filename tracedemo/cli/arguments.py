"""What can be typed: every command's arguments, options and help.  Nothing heavy is imported here, so that help is quick.

What was not given is not in the namespace that comes out; the commands know what is meant then.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tracedemo.cli import help_texts as texts
from tracedemo.cli.parser import Parser, milliseconds, seconds, whole
from tracedemo.cli.text import columns, fitted
from tracedemo.render.views import FORMATS, VIEWS
from tracedemo.server.faults import FAULTS, MAX_SEED

COMMANDS = {
    "run": "run a variant or a script, and show what it asks of the kernel",
    "compare": "run several, and set them side by side",
    "show": "any view of saved traces; with no file, of the last run",
    "diff": "what changed between two runs, call by call",
    "step": "walk through runs, forwards and backwards, step by step",
    "report": "write a page that shows runs in a browser: one file, no network",
    "scale": "many sockets at once: what they cost, and the limits they meet",
    "variants": "list the programs of the post, and what each teaches",
    "explain": "what a call, a system call, an errno or a word means",
    "serve": "run the loopback server in the foreground",
    "doctor": "what this machine can do, and what to mend",
    "workshop": "lessons: say what will happen, see it, write it yourself",
}
"""Name -> one line of help; the module of the same name in this folder has `run(arguments) -> int`."""

MOST_REQUESTS = 1_000_000
MOST_PROCESSES = 64
LIMITS = ("fds", "backlog", "ports", "buffers")
"""What `scale --limit` can make small."""
MOST_EVENTS = 1 << 26
ENDINGS = {
    ".jsonl": "the trace, to be shown again",
    ".txt": "the views, as text",
    ".svg": "the views, as a picture",
    ".html": "the report, a page for a browser",
    ".perfetto.json": "timelines for Perfetto",
    ".perfetto.json.gz": "the same, packed",
}
"""What the ending of a file given to -o says."""
DIFF_ENDINGS = {
    ".jsonl": "the traces of both",
    ".txt": "the diff, as text",
    ".svg": "the diff, as a picture",
    ".html": "both runs and the diff, a page for a browser",
}
"""The same, for `diff`."""
SCALE_ENDINGS = {
    ".jsonl": "the trace of the largest step",
    ".txt": "what was measured, as text",
    ".svg": "the same, as a picture",
    ".html": "the report of the largest step, a page for a browser",
    ".perfetto.json": "its timelines for Perfetto",
}
"""The same, for `scale`."""
COMPARED = ("blocking", "nonblocking", "selector")
"""What `compare` compares when nobody says."""


def help_of_all() -> str:
    """The help of the whole."""
    commands = "\n".join(f"  {name:<10}  {text}" for name, text in COMMANDS.items())
    return fitted(texts.HELP.format(commands=commands), columns() - 1)


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


def _prepare_diff(parser: Parser) -> None:
    parser.add_argument("words", nargs="*", metavar="TARGET|FILE", default=[],
                        help="two: what to run, or traces saved with -o")  # fmt: skip
    add = parser.add_argument_group("the diff").add_argument
    add("--format", choices=FORMATS,
        help="table (the default); plain: one sentence a line, for screen readers; jsonl: for programs")  # fmt: skip
    add(
        "--only",
        metavar="WORDS",
        help="compare only these calls, for example recv,EAGAIN; see tracedemo show --help",
    )
    add("--unfold", action="store_true", help="show every call, also those that are alike")
    endings = ", ".join(f"{ending} {what}" for ending, what in DIFF_ENDINGS.items())
    add("-o", "--output", action="append", metavar="FILE", type=Path,
        help=f"write a file; may be given again and again, and the ending says what: {endings}")  # fmt: skip
    add("--no-source", action="store_true", help="leave the text of source files out of saved traces")
    _add_run_only_options(parser, requests=3)


def _prepare_step(parser: Parser) -> None:
    parser.add_argument("words", nargs="*", metavar="TARGET|FILE", default=[],
                        help="what to run, or traces saved with -o (default: the last run)")  # fmt: skip
    add = parser.add_argument_group("the walk").add_argument
    add("--at", type=whole(1, MOST_EVENTS), metavar="N", help="begin at step N (default 1)")
    add("--only", metavar="WORDS",
        help="search for these, for example recv,EAGAIN,fd=5, and begin at the first that is found")  # fmt: skip
    add("--format", choices=FORMATS,
        help="table (the default): the full screen; plain: a sentence for each Enter, for screen readers; jsonl: all"
        " steps, for programs")  # fmt: skip
    _add_run_only_options(parser, requests=3)


def _prepare_report(parser: Parser) -> None:
    parser.add_argument("words", nargs="*", metavar="TARGET|FILE", default=[],
                        help="what to run, or traces saved with -o (default: the last run)")  # fmt: skip
    add = parser.add_argument_group("the page").add_argument
    add("-o", "--output", metavar="FILE", type=Path, help="where to write it (default report.html)")
    add("--open", action="store_true", help="show it in your browser")
    add("--title", metavar="TEXT", help="what to call it (default: as its runs are called)")
    add("--no-source", action="store_true", help="leave the text of source files out")
    _add_run_only_options(parser, requests=3)


def _prepare_scale(parser: Parser) -> None:
    parser.add_argument("programs", nargs="*", metavar="VARIANT", default=[],
                        help="what to measure: variants, uvloop, trio (default: those worth comparing)")  # fmt: skip
    add = parser.add_argument_group("the ladder").add_argument
    add("--to", type=whole(1, MOST_REQUESTS), metavar="N",
        help="fetches at once at the last step (default: as many as this machine allows)")  # fmt: skip
    add("--processes", type=whole(1, MOST_PROCESSES), metavar="K",
        help="client processes that share the fetches out, in one trace (default 1)")  # fmt: skip
    add(
        "--limit", choices=LIMITS, help="show one limit instead, made small: no root, no thousands of sockets"
    )
    add("--format", choices=FORMATS,
        help="table (the default); plain: one sentence a line, for screen readers; jsonl: for programs")  # fmt: skip
    endings = ", ".join(f"{ending} {what}" for ending, what in SCALE_ENDINGS.items())
    add("-o", "--output", action="append", metavar="FILE", type=Path,
        help=f"write a file; may be given again and again, and the ending says what: {endings}")  # fmt: skip
    add("--no-source", action="store_true", help="leave the text of source files out of saved traces")
    add = parser.add_argument_group("the kernel's side").add_argument
    add(
        "--kernel",
        action="store_true",
        help="count the real system calls, too: it takes several times as long",
    )
    add("--engine", choices=("auto", "strace", "ptrace"), help="what counts them (default auto)")


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


def _prepare_workshop(parser: Parser) -> None:
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND",
                        help="one of those below, and what it is given")  # fmt: skip


def _prepare_doctor(parser: Parser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="one JSON object: the state of each item by its name"
    )
    form.add_argument("--report", action="store_true",
        help="a block to paste into a letter: it names neither you nor your folders")  # fmt: skip


def _prepare_nothing(_parser: Parser) -> None:
    """It takes no options."""


def _add_run_options(parser: Parser, *, requests: int) -> None:
    """How to run, and what to show."""
    _add_run_only_options(parser, requests=requests)
    _add_view_options(parser)


def _add_run_only_options(parser: Parser, *, requests: int) -> None:
    """How to run: requests, where to, and how our server behaves."""
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
        help="calls that are kept (default 1,048,576)")  # fmt: skip
    add("--keep", choices=("first", "last"),
        help="which calls are kept when there are more: the first, or the last (the default); all are counted")  # fmt: skip
    add("--children", action="store_true",
        help="record the Python programs that it starts, too: its environment then names us")  # fmt: skip
    add("--watchdog", action="store_true",
        help="find the line that blocks an event loop: a thread looks where a turn of 50 ms is")  # fmt: skip
    _add_variant_options(parser)
    _add_kernel_options(parser)
    _add_server_options(parser)


def _add_variant_options(parser: Parser) -> None:
    """What some variants can be told."""
    add = parser.add_argument_group("for variants that know them").add_argument
    add("--selector", choices=("select", "poll", "epoll", "kqueue"),
        help="how loops ask the kernel (default: the best that it has)")  # fmt: skip
    add("--deadline", type=seconds, metavar="S", help="robust: seconds for each fetch (default 30)")
    add("--at-most", type=whole(1, MOST_REQUESTS), metavar="N",
        help="robust: sockets open at once (default: as many as the kernel gives)")  # fmt: skip
    add("--body", type=whole(0), metavar="BYTES", help="upload: how much to send (default 1,048,576)")
    add("--buffer", type=whole(1), metavar="BYTES", help="upload: size of the send buffer (default 65,536)")
    add("--sleep", type=seconds, metavar="S", help="sleepers: seconds that each sleeps (default 1)")


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
    add("--fault", action="append", metavar="NAME[:P%]",
        help="misbehave, on all connections or on P percent of them; may be given again and again: "
        f"{', '.join(FAULTS)}")  # fmt: skip
    add("--seed", type=whole(0, MAX_SEED), metavar="N",
        help="decides which connections get a fault (default 0): the same number, the same ones")  # fmt: skip


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
    "diff": ("tracedemo diff [OPTIONS] TARGET|FILE TARGET|FILE", texts.ABOUT_DIFF, _prepare_diff),
    "step": ("tracedemo step [OPTIONS] [TARGET|FILE ...]", texts.ABOUT_STEP, _prepare_step),
    "report": ("tracedemo report [OPTIONS] [TARGET|FILE ...]", texts.ABOUT_REPORT, _prepare_report),
    "scale": ("tracedemo scale [OPTIONS] [VARIANT ...]", texts.ABOUT_SCALE, _prepare_scale),
    "variants": ("tracedemo variants", texts.ABOUT_VARIANTS, _prepare_nothing),
    "explain": ("tracedemo explain [OPTIONS] [NAME ...]", texts.ABOUT_EXPLAIN, _prepare_explain),
    "serve": ("tracedemo serve [OPTIONS]", texts.ABOUT_SERVE, _prepare_serve),
    "doctor": ("tracedemo doctor [--json | --report]", texts.ABOUT_DOCTOR, _prepare_doctor),
    "workshop": ("tracedemo workshop [COMMAND ...]", texts.ABOUT_WORKSHOP, _prepare_workshop),
}
"""Usage, what stands below the options, and what adds the options."""
