"""How long a variant may wait for a server that misbehaves.

In lock-step the recorder knows when nothing can ever come, and ends the program at once; the limit there is for what
it cannot see, such as a blocking send for which nobody makes room. By the clock nobody can know; so, when a fault was
asked for after which a client without a deadline waits for ever, the variant is ended when the server has long had time
for everything that it would have done. Other programs are the user's own, and are ended by `--duration` only.
"""

from __future__ import annotations

from tracedemo.runner.targets import RunOptions, Target
from tracedemo.server.faults import SILENT, Faults
from tracedemo.server.plan import LOCKSTEP
from tracedemo.variants import Variant

GRACE_S = 5.0
"""Seconds beyond what the server takes for all answers, one after the other: for what a busy machine adds."""

LOCKSTEP_S = 60.0
"""The same in lock-step: the graces there are of a second, and the budget of 20,000 answers may take some more."""
LOCKSTEP_STEP_S = 0.1
"""Seconds for each request: its steps, one after the other."""


def limit_of(target: Target, options: RunOptions) -> float | None:
    """Seconds after which a variant is told to end; None: it ends by itself, or by what was asked for."""
    server, variant = options.server, target.variant
    ours = variant is not None and variant.fetches and options.address is None
    if not ours or options.duration is not None or _has_deadlines(variant):
        return None
    if not SILENT & Faults(server.fault, server.seed).parts.keys():
        return None
    if server.pace == LOCKSTEP:
        return LOCKSTEP_S + options.requests * LOCKSTEP_STEP_S
    answer = server.delay_ms + server.gap_ms * (server.pieces - 1)
    return GRACE_S + options.requests * answer / 1000


def _has_deadlines(variant: Variant | None) -> bool:
    """Whether it can be told one, so that it has one anyhow, and ends by itself."""
    return variant is not None and "--deadline" in variant.options
