"""Who may import whom: the rules of docs/architecture.md, read off the source.

The files are parsed, never imported, so that an import counts wherever it stands: in a function, in a branch that is
for type checkers only, or spelled as `importlib.import_module("tracedemo.x")`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tracedemo"

LAYERS = [
    {"errors", "replacing"},
    {"events", "syscalls"},
    {"tracefile", "lockstep"},
    {"variants", "server", "recorders", "analysis"},
    {"runner", "render"},
    {"api", "doctor", "scale"},
    {"workshop"},
    {"cli", "pytest_plugin"},
]
"""A part imports from lines above its own: not from a neighbour, not from below."""

MAY_IMPORT = {
    "render": {"rich"},
    "scale": {"trio", "uvloop"},  # programs of ours that are measured
    "cli": {"rich"},
    "recorders": {"ptrace", "sitecustomize"},  # the latter: the user's own, called by ours
    "pytest_plugin": {"pytest"},
}
"""Part -> what it may import besides tracedemo and the standard library."""

ROOF = {"__init__", "__main__"}
"""They stand over everything: public names, and the way in."""

DEPTH = {part: depth for depth, layer in enumerate(LAYERS) for part in layer}


def part_of(path: Path, package: Path) -> str:
    """The part that a file belongs to: the first name below the package."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def imports(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all that a file imports; a relative import is spelled out."""
    here = path.relative_to(package.parent).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            # A bare `import tracedemo` brings in no part; what is then asked of it, does.
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name != "tracedemo")
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "tracedemo":
            yield node.lineno, f"tracedemo.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            # Of `from tracedemo import x` the name tells the part; elsewhere the module does, and more adds nothing.
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if isinstance(name, str):
                yield node.lineno, ".".join(here) + name if name.startswith(".") else name


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def complaint(part: str, name: str) -> str:
    """Why this part must not import that; empty: it may."""
    top, _, rest = name.partition(".")
    if top != "tracedemo":
        foreign = top not in sys.stdlib_module_names | MAY_IMPORT.get(part, set())
        return f"{top} is not for {part}" if foreign else ""
    if part == "variants":
        return "variants know nothing of tracedemo"
    other = rest.partition(".")[0]
    if other == part or other.startswith("__"):
        return ""
    if other not in DEPTH:
        return f"{name} is none of the parts"
    return "" if DEPTH[other] < DEPTH[part] else f"{part} may not import {other}: it is not above it"


def violations(package: Path) -> list[str]:
    """All that breaks the rules below a folder: "file:line: why"."""
    found, ptrace_files = [], set()
    for path in sorted(package.rglob("*.py")):
        part, place = part_of(path, package), path.relative_to(package).as_posix()
        if part in ROOF:
            continue
        if part not in DEPTH:
            found.append(f"{place}: {part} stands in no layer")
            continue
        for line, name in imports(path, package):
            if why := complaint(part, name):
                found.append(f"{place}:{line}: {why}")
            if name.partition(".")[0] == "ptrace":
                ptrace_files.add(place)
    if len(ptrace_files) > 1:
        found.append(f"python-ptrace is to be named in one file, not in {sorted(ptrace_files)}")
    return found


def test_layers_hold() -> None:
    """Every part imports from above itself only."""
    assert [] == violations(PACKAGE)


def test_all_parts_are_placed_once() -> None:
    """No part stands in two layers."""
    assert len(DEPTH) == sum(map(len, LAYERS))


@pytest.mark.parametrize(
    ("file", "source", "why"),
    [
        ("events.py", "import tracedemo.analysis", "events may not import analysis"),
        ("events.py", "from . import syscalls", "events may not import syscalls"),
        ("events.py", "from .recorders.kernel import strace", "events may not import recorders"),
        ("analysis/states.py", "from tracedemo.render.log import show", "analysis may not import render"),
        ("analysis/states.py", "from ..server import x", "analysis may not import server"),
        ("analysis/deep/er.py", "from ...recorders import x", "analysis may not import recorders"),
        ("analysis/states.py", "from tracedemo import trace", "tracedemo.trace is none of the parts"),
        ("analysis/states.py", "import tracedemo\ntracedemo.cli.main()", "analysis may not import cli"),
        ("analysis/states.py", "import rich", "rich is not for analysis"),
        ("api.py", "def f():\n    from rich.table import Table", "rich is not for api"),
        (
            "recorders/x.py",
            "if TYPE_CHECKING:\n    from tracedemo.runner import Run",
            "may not import runner",
        ),
        (
            "recorders/x.py",
            "import importlib\nimportlib.import_module('tracedemo.cli')",
            "may not import cli",
        ),
        ("recorders/x.py", "from importlib import import_module as i\n__import__('rich')", "rich is not for"),
        ("render/x.py", "import numpy", "numpy is not for render"),
        ("render/x.py", "import ptrace.binding", "ptrace is not for render"),
        ("variants/x.py", "from tracedemo.errors import TracedemoError", "variants know nothing"),
        ("variants/x.py", "from . import selector", "variants know nothing"),
        ("helpers.py", "", "helpers stands in no layer"),
    ],
)
def test_planted_violation_is_caught(file: str, source: str, why: str, tmp_path: Path) -> None:
    """The rules find what breaks them, in whatever way it is written."""
    path = tmp_path / "tracedemo" / file
    path.parent.mkdir(parents=True)
    path.write_text(source)

    found = violations(tmp_path / "tracedemo")

    assert 1 == len(found), found
    assert found[0].startswith(file)
    assert why in found[0]


def test_ptrace_in_two_files_is_caught(tmp_path: Path) -> None:
    """python-ptrace, whose licence is not ours, is named in one file."""
    for name in ("a.py", "b.py"):
        path = tmp_path / "tracedemo" / "recorders" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from ptrace import binding")

    assert violations(tmp_path / "tracedemo") == [
        "python-ptrace is to be named in one file, not in ['recorders/a.py', 'recorders/b.py']"
    ]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            "cli/run.py",
            "from rich.console import Console\nfrom tracedemo.runner import run\nfrom . import common",
        ),
        ("analysis/states.py", "from ..events import Trace\nfrom .words import say\nimport collections.abc"),
        ("recorders/x.py", "import tracedemo\nprint(tracedemo.__version__)"),
        ("runner.py", "from tracedemo import __version__\nfrom tracedemo.variants import VARIANTS"),
        ("__init__.py", "from tracedemo.api import trace"),
        ("__main__.py", "from tracedemo.cli import main"),
        ("pytest_plugin.py", "import pytest"),
        ("recorders/kernel/engine.py", "def start():\n    import ptrace"),
    ],
)
def test_what_is_allowed_passes(file: str, source: str, tmp_path: Path) -> None:
    """The rules leave alone what keeps them."""
    path = tmp_path / "tracedemo" / file
    path.parent.mkdir(parents=True)
    path.write_text(source)

    assert [] == violations(tmp_path / "tracedemo")
