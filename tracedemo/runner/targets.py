"""What can be run: a variant, a script, a module; and how."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tracedemo.errors import UsageError
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant

ADDRESS = "{address}"
"""In the arguments of a script: replaced by the address of our server, which is started for it."""


class Target(NamedTuple):
    """What to run."""

    kind: str
    """`variant`, `script` or `module`."""
    name: str
    """What a person calls it."""
    argv: tuple[str, ...]
    """Arguments of the interpreter; a variant's addresses and options are added by the runner."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run it."""

    server: ServerOptions = field(default_factory=ServerOptions)
    requests: int = 3
    address: str | None = None
    """`host:port` of a real server (--url); None: ours."""
    path: str = "/"
    host: str | None = None
    """Name under which a variant is told our server (--host localhost); None: its address."""
    slots: int = 1 << 20
    """Calls that are kept."""
    capture: bool = False
    """Whether the target's output is kept for the caller instead of going where ours goes."""
    python: str = sys.executable
    prefix: tuple[str, ...] = ()
    """What stands before the interpreter: a command that runs the rest under its eyes, such as strace."""
    kernel: str | None = None
    """The kernel engine that writes down the system calls (`recorders.kernel.ENGINES`, or `auto`); None: none."""
    tell: Callable[[str], None] | None = None
    """Told what a person who waits should know."""
    redact: bool = True
    """Whether values that may be secrets are hidden in what goes over sockets."""


def variant_target(variant: Variant) -> Target:
    """A variant as a target."""
    return Target("variant", variant.name, (str(variant.path),))


def find_target(words: Sequence[str]) -> Target:
    """What the user means: a variant's name, a script with arguments, or `-m module` with arguments.

    Raises:
        UsageError: none of these.
    """
    first = words[0] if words else ""
    if first == "-m":
        if len(words) < 2:
            message = "-m needs the name of a module"
            raise UsageError(message, "For example: tracedemo run -m your_package.main")
        return Target("module", words[1], tuple(words))
    for variant in VARIANTS:
        if variant.name == first:
            return variant_target(variant)
    names = ", ".join(variant.name for variant in VARIANTS)
    if not first:
        raise UsageError("an empty word is no target", f"Variants: {names}")
    path = Path(first)
    if os.path.isdir(path):  # noqa: PTH112  # any text may come, and be too long for a name
        example = path / ("__main__.py" if (path / "__main__.py").exists() else "your_script.py")
        raise UsageError(
            f"{first} is a folder, not a script", f"Name a script in it: tracedemo run {example}"
        )
    if os.path.exists(path):  # noqa: PTH110  # as above
        return Target("script", path.name, tuple(words))
    if path.suffix or os.sep in first:
        message = f"there is no script {first}"
        raise UsageError(message, f"Variants that come with tracedemo: {names}")
    message = f"there is no variant {first!r}, and no script of that name"
    raise UsageError(message, f"Variants: {names}")
