"""docs/performance.md: a section for each part of scripts/bench, replaced when that part is measured anew."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from table import TABLES, Row

from tracedemo.recorders.kernel import strace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
ABOUT = """\
# What it costs, and what it withstands

Every table is made by `scripts/bench PART --write`, and all of them by `scripts/bench all --write`. A ratio is the median
of the ratios of rounds in which both were measured one after the other, with the lowest and the highest behind it: on a
machine that others use, too, trust the ratios, and not the times. CPU time counts where a row says so. "For the record"
promises nothing. A section says on which machine it was measured, and when.
"""
ORDER = (
    "cost",
    "peers",
    "growth",
    "kernel",
    "large",
    "states",
    "views",
    "page",
    "lockstep",
    "kills",
    "fuzz",
    "soak",
    "lessons",
)
"""All parts, in the order of the page."""
PACKAGES = ("viztracer", "httpx", "python-ptrace", "rich")


def machine() -> str:
    """Where this is measured."""
    uname = platform.uname()
    return (
        f"CPython {platform.python_version()}, {uname.system} {uname.release} {uname.machine}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}"
    )


def write(part: str, *options: str) -> None:
    """Put the tables that were shown since the last time into the page, as the section of a part.

    Args:
        options: with which it was measured.
    """
    tables, TABLES[:] = list(TABLES), []
    section = "\n".join(
        [
            f"<!-- {part} -->",
            *(_table(title, rows) for title, rows in tables),
            _where(" ".join([part, *options])),
        ]
    )
    known = _sections()
    known[part] = section.strip() + "\n"
    PAGE.write_text("\n".join([ABOUT, *(known[name] for name in ORDER if name in known)]), encoding="utf-8")


def _sections() -> dict[str, str]:
    """Those of the page as it is."""
    if not PAGE.exists():
        return {}
    words = re.split(r"^<!-- ([a-z]+) -->\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        name: f"<!-- {name} -->\n{text.strip()}\n"
        for name, text in zip(words[1::2], words[2::2], strict=True)
    }


def _table(title: str, rows: list[Row]) -> str:
    lines = [f"## {title}", "", "| what | measured | promised | |", "|---|---|---|---|"]
    for row in rows:
        promised = (
            f"at {'least' if row.at_least else 'most'} {row.promised}" if row.promised else "for the record"
        )
        verdict = ("kept" if row.kept else "**missed**") if row.promised else ""
        lines.append(f"| {' | '.join(map(_cell, (row.name.strip(), row.found, promised, verdict)))} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return re.sub(r" {2,}", "; ", text.strip()).replace("|", r"\|")


def _where(words: str) -> str:
    packages = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    tracer = ".".join(map(str, strace.version()))
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"`scripts/bench {words}`, {date}: {machine()}, strace {tracer}, {packages}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
