"""What a trace tells about the code that made it: mistakes that everybody makes once, each with its evidence and its cost.

Each kind is a function of the Facts of a run that gives findings, or none; `docs/findings.md` has a page on each.

Rules
    * No finding without evidence: rows of this trace, made by the program or by a library of its.
    * What was not recorded, did not not happen: where calls are missing, nothing is said of what a program left undone.
    * A threshold has its reason beside it. Rather miss one than blame a program that is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracedemo.analysis.findings.asking import busy_loop, one_byte_reads
from tracedemo.analysis.findings.endings import no_deadline, one_fails_all
from tracedemo.analysis.findings.facts import Facts
from tracedemo.analysis.findings.held import blocking_call, long_turn, lookup_in_loop
from tracedemo.analysis.findings.lives import connection_each_request, never_closed, no_so_error
from tracedemo.analysis.findings.model import Finding, Kind, Place
from tracedemo.analysis.findings.watching import register_each_wait, woken_again

if TYPE_CHECKING:
    from tracedemo.analysis.study import Study

__all__ = ["HEADINGS", "KINDS", "Finding", "Kind", "Place", "complete", "findings"]

KINDS = (
    Kind("no-deadline", "A wait without a deadline", no_deadline),
    Kind("one-fails-all", "One failure that ended everything", one_fails_all, absent=True),
    Kind("blocking-call", "A blocking call inside a running event loop", blocking_call),
    Kind("lookup-in-loop", "A name lookup in the loop's thread", lookup_in_loop),
    Kind("long-turn", "A turn that held the event loop", long_turn),
    Kind("busy-loop", 'A busy loop of "not yet" answers', busy_loop),
    Kind("woken-again", "Woken again for what nobody read", woken_again, absent=True),
    Kind("no-so-error", "No look at SO_ERROR after a non-blocking connect", no_so_error, absent=True),
    Kind("connection-per-request", "A connection for each request", connection_each_request, absent=True),
    Kind("one-byte-reads", "Reading byte by byte", one_byte_reads),
    Kind("register-each-wait", "Register and unregister around every wait", register_each_wait),
    Kind("never-closed", "Sockets that nobody closed", never_closed, absent=True),
)
"""All that is looked for. This is the order in which findings are told: first what stops others, then what wastes."""

HEADINGS = {kind.name: kind.heading for kind in KINDS}
"""What a kind is called for people."""


def findings(study: Study) -> tuple[Finding, ...]:
    """All findings of a run, in the order of `KINDS`."""
    facts = Facts(study)
    return tuple(
        finding for kind in KINDS if facts.complete or not kind.absent for finding in kind.find(facts)
    )


def complete(study: Study) -> bool:
    """Whether all calls were recorded; if not, the kinds that are `absent` were not looked for."""
    return Facts(study).complete
