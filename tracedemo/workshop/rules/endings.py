"""How a program ends: looked at first, in every scenario, since what follows from it would only repeat it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tracedemo.analysis.segments import READINESS
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule, shortened

NEARLY = 0.9
"""Of its processor time: who was killed after so much of it had used it up, however it was counted."""
_FRAME = re.compile(r'^ *File "(.*)", line (\d+).*\n(?: +(\S.*)\n)?', re.MULTILINE)
"""A frame of a traceback: file, line, and what stands there."""


@rule("ends/deadlock", "Look at the last select or recv: who was to send what it waits for?")
def deadlock(case: Case) -> Iterator[Broken]:
    """It waits, and nobody will ever send anything: the server said so."""
    if case.ended != "deadlock":
        return
    for row, event in enumerate(case.events):
        if event.op == "deadlock":
            open_row = next((row for row, call in reversed(case.calls) if call.t1 is None), row)
            detail = str(event.args.get("detail", ""))
            fds = re.findall(r"\d+", detail)
            where = f" on fd {', '.join(fds)}" if fds else detail.partition("the program sleeps")[2]
            yield Broken(
                f"it waits{where}, and nothing will ever come", open_row, int(fds[0]) if fds else None
            )


@rule("ends/spin", "Let it sleep in select() until the kernel has news for which it waits.")
def spin(case: Case) -> Iterator[Broken]:
    """It asks again and again, though nothing can have changed; or it makes no use of what it is told again and again."""
    if case.ended != "spin":
        return
    row, last = next(((row, call) for row, call in reversed(case.calls) if call.t1 is not None), (None, None))
    if last is not None and last.op in READINESS and last.result:
        yield Broken(
            "select() has news each time, and the program makes no use of them, so it never sleeps", row
        )
    else:
        row = next((row for row, call in reversed(case.calls) if call.not_yet), row)
        yield Broken('it asks again and again, and is told "not yet" each time', row)


@rule(
    "ends/asleep",
    "Wait in select() or recv(), where news of a socket wake it: who was to wake it where it sleeps now?",
)
def asleep(case: Case) -> Iterator[Broken]:
    """It slept where no socket could wake it, and made no call for seconds (`runner.asleep`)."""
    if case.ended == "asleep":
        place = interrupted(case)
        where = f" in {place.text}" if place and place.text else ""
        since = " since" if case.called else ""
        yield Broken(f"it sleeps{where}, and has made no call on a socket or a selector{since}", _last(case),
                     line=place and place.line)  # fmt: skip


@rule("ends/endless", "A loop that never learns anything new never ends: what should end it?")
def endless(case: Case) -> Iterator[Broken]:
    """It used its processor time up: the kernel has said so, and killed it if it did not listen."""
    if case.ended == "signal SIGXCPU" or (case.ended == "signal SIGKILL" and _used_up(case)):
        yield Broken(f"it has used up its {case.scenario.cpu_s} s of processor time, and did not come to an end",
                     _last(case))  # fmt: skip


def _used_up(case: Case) -> bool:
    """Whether it is the kernel that killed it, for its processor time (setrlimit(2), RLIMIT_CPU)."""
    header = case.run.trace.header
    return 0 < NEARLY * case.scenario.cpu_s <= header.cpu_user + header.cpu_system


@rule("ends/late", "Look at where it was: for what did it wait, or what did it do again and again?")
def late(case: Case) -> Iterator[Broken]:
    """Its time was over, and nothing else had ended it."""
    if case.ended != "its time was over":
        return
    end = case.run.trace.header.clock_end[0]
    for row, call in reversed(case.calls):
        if call.t1 is None or call.exc == "KeyboardInterrupt":
            took = ((call.t1 or end) - call.t0) / 1e9
            yield Broken(
                f"it had been in {call.op}() for {took:.0f} s when it was ended, and nothing had come", row
            )
            return
    place = interrupted(case)
    where = f", and was in {place.text}" if place and place.text else ""
    took = (end - case.run.trace.header.clock_start[0]) / 1e9
    yield Broken(
        f"it had not come to an end after {took:.0f} s{where}", _last(case), line=place and place.line
    )


@rule(
    "ends/killed",
    "Let it end by itself: a signal ends a program that has no handler for it, and an alarm is a signal.",
)
def killed(case: Case) -> Iterator[Broken]:
    """A signal ended it, and not for its processor time."""
    if case.ended.startswith("signal ") and not any(endless.broken(case)):
        yield Broken(f"it was ended by {case.ended.removeprefix('signal ')}", _last(case))


FIRST = (deadlock, spin, asleep, endless, late, killed)
"""Before all others."""


class Place(NamedTuple):
    """Where a program was when it was ended."""

    line: int
    """Of the learner's file."""
    text: str
    """What stands there."""


def interrupted(case: Case) -> Place | None:
    """Where our Ctrl-C has come: the innermost line of the learner's own file in the traceback that it made."""
    said = case.run.complaints.rstrip()
    if not said.rpartition("\n")[2].startswith("KeyboardInterrupt"):
        return None
    frames = [
        Place(int(line), text) for file, line, text in _FRAME.findall(said) if Path(file).name == case.file
    ]
    return frames[-1] if frames else None


def _last(case: Case) -> int | None:
    return case.calls[-1][0] if case.calls else None


@rule("ends/well", "Read the last line of its traceback.")
def ends_well(case: Case) -> Iterator[Broken]:
    """It ends by itself, with exit code 0."""
    if not case.run.exit_code:
        return
    said = case.run.complaints.strip()
    last = said.rpartition("\n")[2].strip().rstrip(".")
    name = last.partition(":")[0].rpartition(".")[2]
    # Other calls that failed were caught, or are of the interpreter that tidies up.
    raised = next((row for row, call in reversed(case.calls) if call.exc and call.exc == name), None)
    sentence = f"it ended with exit code {case.run.exit_code}"
    if not said:
        yield Broken(f"{sentence}, and did not say why", raised, remedy="Something in it ends it, with sys.exit() or"
                     " os._exit(): look for that.")  # fmt: skip
    elif not _FRAME.search(f"{said}\n"):
        yield Broken(
            f"{sentence}: {shortened(last)}",
            raised,
            remedy="These are words of its own: look for who says them.",
        )
    else:
        yield Broken(f"{sentence}: {shortened(last)}", raised)


RULES = by_name(*FIRST, ends_well)
