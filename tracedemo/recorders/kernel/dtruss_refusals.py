"""Why dtruss showed nothing, and what works instead.

Whether it worked is told by its rows and by nothing else: with System Integrity Protection on it may print its header, run
the program, show no call, and end with exit status 0.

The messages are those of Apple's libdtrace and libproc, and of public reports; only their steady parts are matched.
"""

from __future__ import annotations

import re

from tracedemo.recorders.kernel.dtruss import parse
from tracedemo.recorders.kernel.refusals import Refusal

OTHER_WAYS = (
    "What works: `tracedemo run` without --kernel, always; tracedemo --kernel in a Linux container of this machine's own"
    " architecture; strace-macos (on GitHub: Mic92/strace-macos; no root, SIP stays on); `sudo fs_usage -w -f network PID`."
    " Or relax SIP: restart into Recovery, open its Terminal, `csrutil enable --without dtrace` (on Apple silicon perhaps"
    " only `csrutil disable` helps), and turn it on again afterwards: `csrutil enable`."
)
OWN_PYTHON = "Trace a Python not signed by Apple: of Homebrew (`brew install python`), uv (`uv python install`) or pyenv."


_HIDDEN = Refusal(
    "System Integrity Protection (SIP) hides all system calls from DTrace on this machine", OTHER_WAYS
)
_RESTRICTED = Refusal(
    "this program is signed by Apple (or is started by one that is, such as /usr/bin/env), and DTrace may not trace it",
    OWN_PYTHON,
)

# The order matters: a message that names the reason comes before one that only follows from it.
REFUSALS: tuple[tuple[str, Refusal], ...] = (
    (r"requires additional privileges", Refusal("DTrace needs root", "Run it with sudo.")),
    (
        r"sudo: a (?:terminal|password) is required|is not in the sudoers file|no tty present",
        Refusal("sudo did not let dtruss run as root", f"Ask an administrator. {OTHER_WAYS}"),
    ),
    (
        r"failed to initialize dtrace: Operation not permitted",
        Refusal(
            "DTrace is forbidden here, as it is in a sandbox", f"Use a Terminal outside of it. {OTHER_WAYS}"
        ),
    ),
    (r"DTrace device not available", Refusal("this system has no DTrace", OTHER_WAYS)),
    (
        r"needs to be executed from (?:the )?Recovery OS",
        Refusal(
            "csrutil changes settings in Recovery only",
            "Restart into Recovery (Apple silicon: hold the power button; Intel: Command-R) and open the Terminal there.",
        ),
    ),
    (
        r"cannot instrument translated processes",
        Refusal(
            "this program runs translated, under Rosetta",
            "Use a Python built for this machine's own architecture.",
        ),
    ),
    (r"(?i)DTrace cannot control executables signed with restricted entitlements", _RESTRICTED),
    (r"failed to execute .*: Operation not permitted", _RESTRICTED),
    (
        r"failed to execute .*: No such file or directory",
        Refusal(
            "dtruss did not find the program", "Give the full path; blanks in it need a backslash for dtruss."
        ),
    ),
    (
        r"\(os/kern\) failure|Could not create symbolicator for task",
        Refusal(
            "DTrace got no hold of this program: it is signed with the hardened runtime, as builds of python.org are",
            f"Start it first and attach: `sudo dtruss -l -e -p PID`. Or: {OWN_PYTHON}",
        ),
    ),
    (
        r"security restriction|not signed with the \[com\.apple\.security\.get-task-allow\] entitlement",
        Refusal(
            "System Integrity Protection keeps DTrace from holding this program",
            f"`dtruss -p PID` needs no hold on it, `dtrace -p PID` does. {OWN_PYTHON}",
        ),
    ),
    (r"does not match any probes|invalid probe specifier", _HIDDEN),
    (r"System Integrity Protection is on|system integrity protection is on", _HIDDEN),
)
"""What is looked for in the output (regular expressions), and what it means."""

_SILENT = Refusal(
    "dtruss ran and showed no system call: on macOS this is how System Integrity Protection (SIP) hides them",
    OTHER_WAYS,
)


def diagnose(text: str) -> Refusal | None:
    """Why this output of dtruss holds no system calls; None: it does, and whatever else it says did no harm.

    Args:
        text: its standard error, whole.
    """
    if parse(text.encode("utf-8", "backslashreplace")).calls:
        return None
    return next((refusal for message, refusal in REFUSALS if re.search(message, text)), _SILENT)
