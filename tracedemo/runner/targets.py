"""What can be run: a variant, a script, a module; and how."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tracedemo.errors import UsageError
from tracedemo.events import Trace
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant, by_name

ADDRESS = "{address}"
"""In the arguments of a script: replaced by the address of our server, which is started for it."""


class Target(NamedTuple):
    """What to run."""

    kind: str
    """`variant`, `script`, `module`, `code` or `command`."""
    name: str
    """What a person calls it."""
    argv: tuple[str, ...]
    """Arguments of the interpreter; a variant's addresses and options are added by the runner.  Of a command all of it."""

    @property
    def variant(self) -> Variant | None:
        """The variant that it is, if it is one."""
        return by_name(self.name.split()[0]) if self.kind == "variant" else None


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
    own: Mapping[str, str] = field(default_factory=dict)
    """Options of variants' own, such as `--selector`, with their values: handed to each variant that has them."""
    slots: int = 1 << 20
    """Calls that are kept."""
    capture: bool = False
    """Whether the target's output is kept for the caller instead of going where ours goes."""
    python: str = sys.executable
    """The interpreter that runs the target, unless that is a command."""
    duration: float | None = None
    """Seconds after which the target is sent a Ctrl-C, and told to end more and more plainly if it does not."""
    prefix: tuple[str, ...] = ()
    """What stands before the interpreter: a command that runs the rest under its eyes, such as strace."""
    kernel: str | None = None
    """The kernel engine that writes down the system calls (`recorders.kernel.ENGINES`, or `auto`); None: none."""
    tell: Callable[[str], None] | None = None
    """Told what a person who waits should know."""
    keep: str = "last"
    """Which calls are kept when there are more than `slots`: the `first` or the `last`."""
    children: bool = False
    """Whether the programs that the target starts are recorded, too, as far as they are Python."""
    watchdog: bool = False
    """Whether a thread of ours in the target looks at turns of an event loop that take long."""
    inject: str = ""
    """What is set on the program's sockets before they connect (`recorders.inprocess.inject`); empty: nothing."""
    steps: bool = False
    """Whether the steps of the generators of a script are followed as those of a variant are: all of them, to their end."""
    limit: float | None = None
    """Set by the runner, with `duration`, where nobody asked for one and our server may leave a variant waiting."""
    redact: bool = True
    """Whether values that may be secrets are hidden in what goes over sockets."""
    alone: bool = False
    """Whether it has nothing to read on stdin, and is told to end when it sleeps where nobody can wake it (`asleep`)."""
    receive: Callable[[Trace], None] | None = None
    """Given the trace as soon as it is there, so that it can be kept whatever happens to us then."""
    rescue: tuple[str, ...] = ()
    """A command that makes something of the folder of a run, whose path is put behind it, when we are killed meanwhile."""


def variant_target(variant: Variant, own: Sequence[str] = ()) -> Target:
    """A variant as a target, with options of its own, which are then part of its name: `robust --selector poll`.

    Raises:
        UsageError: it has no such option, or a value is missing.
    """
    rest = list(own)
    while rest:
        name, equals, _ = rest.pop(0).partition("=")
        if name not in variant.options:
            has = f"Its own: {', '.join(variant.options)}" if variant.options else "It has none of its own."
            raise UsageError(f"the variant {variant.name} has no option {name}", has)
        if not equals and not rest:
            raise UsageError(
                f"{name} needs a value", f'For example: tracedemo compare "{variant.name} {name} ..."'
            )
        del rest[: not equals]
    return Target("variant", " ".join((variant.name, *own)), (str(variant.path), *own))


_OPTIONS = {
    "-m": ("module", "-m needs the name of a module", "For example: tracedemo run -m your_package.main"),
    "-c": (
        "code",
        "-c needs the code to run",
        "For example: tracedemo run -c 'import socket; socket.socketpair()'",
    ),
}
"""Options of the interpreter that say what to run: kind of target, and what is wrong without anything behind."""


def _of_interpreter(words: Sequence[str]) -> Target:
    kind, message, remedy = _OPTIONS[words[0]]
    if len(words) < 2:
        raise UsageError(message, remedy)
    return Target(kind, words[1] if kind == "module" else words[0], tuple(words))


def find_target(words: Sequence[str], *, command: bool = False) -> Target:
    """What the user means: a variant's name, with options of its own; a script, `-m module` or `-c code`, with arguments.

    Args:
        command: it may also be any command; one that starts a Python is recorded.

    Raises:
        UsageError: none of these.
    """
    first = words[0] if words else ""
    if first in _OPTIONS:
        return _of_interpreter(words)
    for variant in VARIANTS:
        if variant.name == first:
            return variant_target(variant, words[1:])
    names = ", ".join(variant.name for variant in VARIANTS)
    if not first:
        raise UsageError("an empty word is no target", f"Variants: {names}")
    path = Path(first)
    if command and shutil.which(first):  # a path may lead to an interpreter, or to a tool with a first line
        return Target("command", path.name, tuple(words))
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


OLDEST_PYTHON = (3, 11)


def find_python(path: str | None) -> str:
    """The interpreter to run targets with: the one that was asked for, else that of the active virtual environment, so
    that tracedemo in a place of its own sees the user's packages, else our own.

    Raises:
        UsageError: it cannot be run, is no Python, or is older than 3.11.
    """
    if path is None:
        active = os.environ.get("VIRTUAL_ENV", "")
        path = shutil.which(str(Path(active) / "bin" / "python")) if active else None
        return sys.executable if path is None or _same_place(active) else _checked(path)
    found = shutil.which(path)
    if found is None:
        raise UsageError(
            f"--python: {path} is not there, or may not be run", "Name an interpreter, or its path."
        )
    return _checked(str(Path(found).absolute()) if os.sep in path else found)


def _same_place(folder: str) -> bool:
    return os.path.realpath(folder) == os.path.realpath(sys.prefix)


def _checked(path: str) -> str:
    """An interpreter that can be traced."""
    ask = "import sys; print(*sys.version_info[:2])"
    try:
        said = subprocess.run(
            [path, "-I", "-S", "-c", ask], capture_output=True, errors="replace", timeout=10, check=False
        )
        version = tuple(map(int, said.stdout.split()))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        version = ()
    if len(version) != len(OLDEST_PYTHON):
        raise UsageError(f"{path} is no Python that runs", "Name another one with --python PATH.")
    if version < OLDEST_PYTHON:
        found = ".".join(map(str, version))
        raise UsageError(f"{path} is Python {found}, and what is recorded in a program needs 3.11 or newer",
                         "Name another one with --python PATH.")  # fmt: skip
    return path
