"""What four versions of strace wrote about the same programs: the files in strace/; its README tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "strace"

VERSIONS = ("5.10", "6.1", "6.13", "7.2")
OPTIONS = ("ours", "safe", "stderr")
"""Our own command; the options that every version since 5.3 takes; what strace writes without `-o FILE`."""
NASTY = "nasty"
PROGRAMS = ("blocking", "threads", "nonblocking", "selector", "asyncio_sock", "asyncio_streams", NASTY)


class Fixture(NamedTuple):
    """One file: a program under one version of strace with one set of options."""

    version: str
    program: str
    options: str

    def __str__(self) -> str:
        return f"{self.version}-{self.program}-{self.options}"

    @property
    def path(self) -> Path:
        """Where it is."""
        return FOLDER / self.version / f"{self.program}-{self.options}.txt"

    def read(self) -> bytes:
        """What strace wrote: bytes, since a parser must not trust that they are ASCII."""
        return self.path.read_bytes()


def fixtures(
    versions: tuple[str, ...] = VERSIONS,
    programs: tuple[str, ...] = PROGRAMS,
    options: tuple[str, ...] = OPTIONS,
) -> list[Fixture]:
    """All of them, or some versions, programs or option sets; made for `parametrize` with `ids=str`."""
    return [
        Fixture(version, program, kind) for version in versions for program in programs for kind in options
    ]
