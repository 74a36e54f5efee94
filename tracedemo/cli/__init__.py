"""Mouth: the command line.  One file a command: it parses, calls, renders and prints.

Heavy parts are imported by the command that needs them, so that `tracedemo --help` is quick. How a command ends is decided
here, in one place: `main` knows each kind of failure, and what the exit code is (DESIGN section 6).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import IO, Any

from tracedemo import __version__
from tracedemo.errors import TracedemoError, UsageError

WORTH_KNOWING = """\
tracedemo shows what Python network code really asks of the kernel.

  tracedemo compare                three programs fetch the same bytes three ways, side by side
  tracedemo run selector           one of them, call by call: the event loop of the post
  tracedemo run your_script.py     the same for a program of yours

tracedemo --help lists all commands; tracedemo variants the programs that come with it.
"""

OUR_FAULT, INTERRUPTED = 125, 130


def main(argv: Sequence[str] | None = None) -> int:
    """The `tracedemo` command.  Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    with _surroundings():
        try:
            try:
                code = _dispatch(words)
            except SystemExit as end:  # argparse has printed a help; or a signal ends us
                code = end.code if isinstance(end.code, int) else 0
            sys.stdout.flush()
        except TracedemoError as error:
            complain(error)
            return error.exit_code
        except KeyboardInterrupt:
            tell("\ntracedemo: interrupted", sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            # The reader (head, less) has seen enough.
            hang_up(sys.stdout)
            return 0
        except Exception as error:  # noqa: BLE001  # the last one who can say anything
            return _own_fault(error)
        return code


def _dispatch(words: Sequence[str]) -> int:
    if not words:
        print(WORTH_KNOWING, end="")
        return 0
    from tracedemo.cli.arguments import COMMANDS, help_of_all, parser_for

    if words[0] == "help":
        words = [*words[1:2], "--help"]
    first, *rest = words
    if first in COMMANDS:
        # The only command that is imported, and only when its words are understood.
        args = parser_for(first).understand(rest)
        code: int = import_module(f"tracedemo.cli.{first}").run(args)
        return code
    if first in ("-h", "--help"):
        print(help_of_all(), end="")
    elif first in ("-V", "--version"):
        print(f"tracedemo {__version__}")
    else:
        raise _unknown(words, COMMANDS)
    return 0


def _unknown(words: Sequence[str], commands: Iterable[str]) -> UsageError:
    """A first word that is no command: perhaps a script or variant that wants `run` before it."""
    from difflib import get_close_matches

    from tracedemo.variants import by_name

    first = words[0]
    if first.startswith("-"):
        return UsageError(f"there is no option {first!r} before a command", "See: tracedemo --help")
    if by_name(first) or first.endswith(".py") or os.path.exists(first):  # noqa: PTH110  # any text
        return UsageError(f"{first} is not a command", f"Did you mean: tracedemo run {' '.join(words)}")
    if near := get_close_matches(first, commands, 1):
        return UsageError(f"there is no command {first!r}", f"Did you mean: tracedemo {near[0]}")
    return UsageError(f"there is no command {first!r}", f"Commands: {', '.join(commands)}")


# How it ends


def complain(error: TracedemoError) -> None:
    """Say what failed, and what to do."""
    lines = [f"tracedemo: {printable(error.message)}"]
    if error.remedy:
        lines.append(f"  {printable(error.remedy)}")
    try:
        if sys.stderr.isatty():
            from tracedemo.cli.text import paragraph

            lines = [paragraph(line.lstrip(), "  " if number else "", 2) for number, line in enumerate(lines)]
        for line in lines:
            tell(line, sys.stderr)
    except OSError:  # a full disk; the exit code says it, too
        hang_up(sys.stderr)


def tell(text: str, stream: IO[str] | None = None, end: str = "\n") -> None:
    """Print at once, to stdout if nobody says; when nobody reads any more (`| head`), go on in silence."""
    stream = stream or sys.stdout
    try:
        print(text, end=end, file=stream, flush=True)
    except BrokenPipeError:
        hang_up(stream)


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

    if (
        isinstance(error, OSError)
        and error.filename is None
        and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG)
    ):
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


def _handle(handlers: dict[int, Any]) -> None:
    with suppress(ValueError):  # not the main thread
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    """End in order: children, and folders for temporary files, go with us."""
    raise SystemExit(128 + number)
