"""How a program ends: looked at first, in every scenario, since what follows from it would only repeat it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tracedemo.analysis.segments import READINESS
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule, shortened


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


@rule("ends/endless", "A loop that makes no call never learns anything new: what should end it?")
def endless(case: Case) -> Iterator[Broken]:
    """It used its processor time, or its time, up."""
    if case.ended in ("signal SIGXCPU", "signal SIGKILL", "its time was over"):
        yield Broken("it did not come to an end", case.calls[-1][0] if case.calls else None)


FIRST = (deadlock, spin, endless)
"""Before all others."""


@rule("ends/well", "Read the last line of its traceback.")
def ends_well(case: Case) -> Iterator[Broken]:
    """It ends by itself, with exit code 0."""
    if case.run.exit_code:
        last = case.run.complaints.strip().rpartition("\n")[2].strip().rstrip(".")
        failed = next((row for row, call in reversed(case.calls) if call.failed), None)
        yield Broken(
            f"it ended with exit code {case.run.exit_code}" + (f": {shortened(last)}" if last else ""), failed
        )


RULES = by_name(*FIRST, ends_well)
