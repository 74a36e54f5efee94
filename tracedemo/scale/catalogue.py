"""What can be measured: variants, and programs of ours that need a library which may be missing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tracedemo.errors import UsageError
from tracedemo.variants import VARIANTS

PROGRAMS = Path(__file__).with_name("programs")


class Program(NamedTuple):
    """One program that fetches N times and prints a line for each answer, as the variants do."""

    name: str
    title: str
    path: Path
    library: str = ""
    """What it needs besides the standard library."""
    threads: bool = False
    """Each fetch has a thread."""
    sockets: bool = True
    """False: it only sleeps."""
    own: tuple[str, ...] = ()
    """Options of its own that it is given, too."""

    @property
    def missing(self) -> bool:
        """Whether its library is not installed."""
        return bool(self.library) and find_spec(self.library) is None

    def words(
        self, addresses: Sequence[str], fetches: int, processes: int = 1, seconds: float = 1.0
    ) -> list[str]:
        """What an interpreter is told to run.

        Args:
            addresses: `host:port` of the servers.
            processes: how many of it at once; each has its part of the fetches.
            seconds: how long each of those sleeps that make no fetch.
        """
        where = addresses if self.sockets else ("--sleep", f"{seconds:g}")
        own = [str(self.path), *where, "-n", str(fetches // processes), *self.own]
        return own if processes == 1 else [str(PROGRAMS / "several.py"), str(processes), *own]


OURS = (
    Program("uvloop", "asyncio on uvloop", PROGRAMS / "uvloop_streams.py", "uvloop"),
    Program("trio", "trio", PROGRAMS / "trio_streams.py", "trio"),
)
DEFAULT = ("sleepers", "selector", "robust", "asyncio_streams", "threads", "uvloop", "trio")
"""What is measured when nobody says, as far as it is there."""
ONE_AFTER_ANOTHER = frozenset({"blocking"})
"""Here nothing is at once, and ten thousand fetches would take minutes."""


def known() -> dict[str, Program]:
    """All programs by name."""
    variants = [
        Program(
            variant.name,
            variant.title,
            variant.path,
            threads=variant.name == "threads",
            sockets=variant.name != "sleepers",
        )
        for variant in VARIANTS
        if variant.name not in ONE_AFTER_ANOTHER
    ]
    return {program.name: program for program in (*variants, *OURS)}


def choose(words: Sequence[str]) -> tuple[list[Program], list[str]]:
    """The programs that are named, or the usual ones, and sentences about those that are not there.

    Args:
        words: names; one with options of its own is one word: `selector --selector poll`.

    Raises:
        UsageError: there is no such program, or its library was asked for and is missing.
    """
    programs = known()
    if not words:
        usual = [programs[name] for name in DEFAULT if name in programs]
        absent = [f"{program.library} is not installed, and left out" for program in usual if program.missing]
        return [program for program in usual if not program.missing], absent
    return [_named(word, programs) for word in dict.fromkeys(words)], []


def _named(word: str, programs: Mapping[str, Program]) -> Program:
    try:
        name, *own = shlex.split(word) or [word]
    except ValueError as error:
        raise UsageError(
            f"cannot split {word!r} into words: {error}", "Close the quotes inside it."
        ) from None
    if name in ONE_AFTER_ANOTHER:
        raise UsageError(f"{name} fetches one after another: there is nothing at once to measure",
                         f"Programs: {', '.join(programs)}")  # fmt: skip
    if name not in programs:
        raise UsageError(f"there is no program {name!r} to measure", f"Programs: {', '.join(programs)}")
    program = programs[name]
    if program.missing:
        raise UsageError(f"{program.library} is not installed", f"Install it: pip install {program.library}")
    return program._replace(name=word, own=tuple(own))
