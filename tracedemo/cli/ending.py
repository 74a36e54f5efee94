"""How a run ended, in words, and what exit code that makes."""

from __future__ import annotations

import sys

from tracedemo.analysis.misbehaviour import named
from tracedemo.analysis.text import clean
from tracedemo.cli import tell
from tracedemo.events import Header
from tracedemo.runner import Run, RunOptions


def exit_code(done: Run) -> int:
    """Of a variant, and of what is compared: 0 if it went well, 1 if it failed; what was interrupted keeps its own."""
    if done.told_to_end:
        return 128 + done.told_to_end
    if done.exit_code == 0 or done.trace.header.ended == "interrupted":
        return done.exit_code
    return 1


def say_ending(done: Run, options: RunOptions | None = None, *, told: bool = False) -> None:
    """Say how it ended, if not by itself and well, and what a variant complained of.

    Args:
        options: of a variant: how it was run.
        told: whether the summary, which has said the most of it, is on the same stream.
    """
    header = done.trace.header
    lines = []
    if header.ended in ("deadlock", "spin"):
        row = next((event for event in reversed(done.trace) if event.op == header.ended), None)
        lines = [clean(row.args.get("detail", header.ended)) if row else header.ended]
        lines.append("The program was ended; what it did until then was recorded.")
    elif header.ended == "its time was over" and not told:
        lines = [_time_over(header), "What it did until then was recorded."]
    elif header.ended != "exit" and not told:
        how = (
            "interrupted"
            if header.ended == "interrupted"
            else f"ended by {header.ended.removeprefix('signal ')}"
        )
        lines = [f"{header.target} was {how}; what it did until then was recorded"]
    elif done.exit_code and options is not None:
        lines = [f"the {header.kind} {header.target} failed with exit code {done.exit_code}", *_hint(options)]
    if lines and header.server.get("fault"):
        lines += _misbehaved(done)
    ours = header.ended == "its time was over" and "limit" in header.server
    if header.ended != "interrupted" and not ours:  # or else it is the traceback of a KeyboardInterrupt
        tell(done.complaints, sys.stderr, end="")
    for number, line in enumerate(lines):
        tell(f"  {line}" if number else f"tracedemo: {line}", sys.stderr)


def _time_over(header: Header) -> str:
    """That it was we who ended it, and why."""
    limit = header.server.get("limit")
    if limit is None:
        return f"{header.target} was ended, since its time was over (--duration)"
    return (
        f"{header.target} was ended after {limit:g} s, in which it had set itself no deadline: our server was silent, as"
        " asked, and nothing more could come (--duration S gives it another time)"
    )


def _misbehaved(done: Run) -> list[str]:
    """Which connections our server misbehaved on."""
    header = done.trace.header
    found = list(named(done.trace))
    if not found:
        return [f"Our server was asked to misbehave: --fault {header.server['fault']}"]
    return [f"Our server misbehaved, as asked: {text}" for text in found]


def _hint(options: RunOptions) -> list[str]:
    """What to look at first when a variant has failed."""
    if options.address is not None:
        return [f"It asked {options.address}, as --url says: is a server there?"]
    if options.host is not None:
        return [
            f"Our server listens on {options.server.host}: --host needs a name of that address, such as localhost."
        ]
    return []
