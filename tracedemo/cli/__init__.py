"""Mouth: the command line.  One file a command: it parses, calls, renders and prints.

Heavy parts are imported by the command that needs them, so that `tracedemo --help` is quick. How a command ends is decided
here, in one place: `main` knows each kind of failure, and what the exit code is (DESIGN section 6).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import IO

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

HELP = """\
usage: tracedemo COMMAND [OPTIONS] ...

Shows what Python network code really asks of the kernel: every socket and
selector call, its line, its answer, and what woke it up.

commands:
{commands}

options:
  -h, --help    this help; after a command, the help of that command
  --version     the version

examples:
  tracedemo compare                          three ways to fetch the same bytes
  tracedemo run selector -n 5                the event loop of the post
  tracedemo run your_script.py --its-own     a program of yours; its output and
                                             exit code stay its own
  tracedemo show --view timeline             the last run, seen otherwise
  tracedemo run -o run.jsonl selector        save a run; tracedemo show run.jsonl

exit codes:
  of a script or module: its own, and 125 when tracedemo itself failed around it
  else: 0 done, 1 a variant failed, 2 wrong usage, 3 this machine cannot do it,
  4 a file cannot be read or written, 125 a fault of tracedemo, 130 interrupted
"""

OUR_FAULT, INTERRUPTED = 125, 130


def main(argv: Sequence[str] | None = None) -> int:
    """The `tracedemo` command.  Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    with _surroundings():
        try:
            code = _dispatch(words)
            sys.stdout.flush()
        except TracedemoError as error:
            complain(error)
            return error.exit_code
        except KeyboardInterrupt:
            print("\ntracedemo: interrupted", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            # The reader (head, less) has seen enough.
            hang_up(sys.stdout)
            return 0
        except SystemExit as end:  # argparse has printed a help; or a signal ends us
            return end.code if isinstance(end.code, int) else 0
        except Exception as error:  # noqa: BLE001  # the last one who can say anything
            return _own_fault(error)
        return code


def _dispatch(words: Sequence[str]) -> int:
    first, *rest = words or ("",)
    if first == "help":
        first, *rest = (*rest[:1], "--help")
    if first in COMMANDS:
        return _run_command(first, rest)
    if not words:
        print(WORTH_KNOWING, end="")
    elif first in ("-h", "--help"):
        print(HELP.format(commands="\n".join(f"  {name:<10}  {text}" for name, text in COMMANDS.items())), end="")
    elif first in ("-V", "--version"):
        print(f"tracedemo {__version__}")
    else:
        raise _unknown(words)
    return 0


def _run_command(name: str, words: Sequence[str]) -> int:
    """Run a command: the only one that is imported."""
    from tracedemo.cli.parser import Parser

    module = import_module(f"tracedemo.cli.{name}")
    parser = Parser(prog=f"tracedemo {name}", description=f"{COMMANDS[name].capitalize()}.")
    module.prepare(parser)
    code: int = module.run(parser.parse_args(words))
    return code


def _unknown(words: Sequence[str]) -> UsageError:
    """A first word that is no command: perhaps a script or variant that wants `run` before it."""
    from difflib import get_close_matches

    from tracedemo.variants import by_name

    first = words[0]
    if first.startswith("-"):
        return UsageError(f"there is no option {first!r} before a command", "See: tracedemo --help")
    if by_name(first) or first.endswith(".py") or os.path.exists(first):
        return UsageError(f"{first} is not a command", f"Did you mean: tracedemo run {' '.join(words)}")
    if near := get_close_matches(first, COMMANDS, 1):
        return UsageError(f"there is no command {first!r}", f"Did you mean: tracedemo {near[0]}")
    return UsageError(f"there is no command {first!r}", f"Commands: {', '.join(COMMANDS)}")


# How it ends


def complain(error: TracedemoError) -> None:
    """Say what failed, and what to do."""
    with suppress(OSError):  # nobody listens
        print(f"tracedemo: {printable(error.message)}", file=sys.stderr)
        if error.remedy:
            print(f"  {printable(error.remedy)}", file=sys.stderr)


def printable(text: str) -> str:
    """A text that may hold anything (names of files do), in one line that a terminal shows and does not obey."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def hang_up(stream: IO[str]) -> None:
    """Let go what is still to be written to a stream that nobody reads: Python would complain at its end."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _own_fault(error: Exception) -> int:
    """What nobody has foreseen: a full disk behind stdout, or a bug, which keeps its traceback."""
    import errno
    import traceback

    if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG):
        hang_up(sys.stdout)
        from tracedemo.errors import FileError

        complain(FileError(f"cannot write the output: {error.strerror}", "Send it elsewhere, or make room."))
        return FileError.exit_code
    with suppress(OSError):
        traceback.print_exception(error)
        print("tracedemo: this is a fault of tracedemo, not of your program", file=sys.stderr)
        print("  Please report it, with the lines above and what you typed.", file=sys.stderr)
    return OUR_FAULT


# What is around it


@contextmanager
def _surroundings() -> Iterator[None]:
    """Streams that take any text; signals that end us in order; no search for garbage, which costs a log of 20,000 lines
    a third of its time, and finds nothing.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed, as by `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        with suppress(AttributeError, ValueError):
            getattr(sys, name).reconfigure(errors="replace" if name == "stdout" else "backslashreplace")
    collecting = gc.isenabled()
    gc.disable()
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        # Ignored by our caller (nohup): still ignored.
        _handle({number: _end for number in before if before[number] == signal.SIG_DFL})
        yield
    finally:
        _handle(before)
        if collecting:
            gc.enable()


def _handle(handlers: dict[int, object]) -> None:
    with suppress(ValueError):  # not the main thread
        for number, handler in handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _end(number: int, _frame: FrameType | None) -> None:
    """End in order: children, and folders for temporary files, go with us."""
    raise SystemExit(128 + number)
