"""The house around the code: pages, scripts, and the rules of the tests themselves."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tracedemo

ROOT = Path(__file__).parents[1]
SCRIPTS = [path for path in sorted((ROOT / "scripts").glob("[!.]*")) if path.is_file()] + [
    ROOT / ".ci" / "run"
]
BASH_SCRIPTS = [path for path in SCRIPTS if b"bash" in path.read_bytes().partition(b"\n")[0]]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "docs/architecture.md",
        "docs/trace-format.md",
        "tracedemo/py.typed",
    ],
)
def test_page_is_there(name: str) -> None:
    """What a newcomer looks for is there."""
    assert (ROOT / name).is_file()


def test_version_is_told_once() -> None:
    """The version of the package is the version in pyproject.toml, and the changelog knows it or what comes next."""
    assert project()["project"]["version"] == tracedemo.__version__
    assert re.search(
        r"^## \[(Unreleased|\d)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_rich_is_all_it_needs() -> None:
    """Besides rich, nothing is installed that was not asked for; the GPL engine is an extra."""
    table = project()["project"]

    assert ["rich"] == [re.split(r"[<>=~! ]", name)[0] for name in table["dependencies"]]
    assert {"ptrace", "test", "dev"} <= set(table["optional-dependencies"])


def test_variants_are_left_as_they_are() -> None:
    """Neither mypy nor ruff asks the programs of the post for annotations."""
    tools = project()["tool"]

    assert "tracedemo.variants.*" in [override["module"] for override in tools["mypy"]["overrides"]]
    assert "ANN" in tools["ruff"]["lint"]["per-file-ignores"]["tracedemo/variants/*"]


def test_no_file_tells_where_it_was_written() -> None:
    """No text of the project holds the home folder of somebody, where it was not meant as an example."""
    home = re.compile(r"/(?:root|home/\w+|Users/\w+)/(?:\.pyenv|work|src)|/work/(?:main|shared|tools)")
    texts = [
        path
        for path in (ROOT / "tracedemo").rglob("*.*")
        if not re.search(r"/(\.\w+|__py)cache", path.as_posix())
    ]
    texts = [path for path in [*texts, *ROOT.glob("*.md"), *SCRIPTS] if path.is_file()]

    told = [path.name for path in texts if home.search(path.read_text(encoding="utf-8", errors="replace"))]
    assert [] == told


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_can_be_run(path: Path) -> None:
    """Every script is executable and says by what."""
    assert os.access(path, os.X_OK)
    assert path.read_bytes().startswith(b"#!/usr/bin/env ")


@needs_bash
@pytest.mark.parametrize("path", BASH_SCRIPTS, ids=lambda path: path.name)
def test_bash_understands(path: Path) -> None:
    """Bash finds no fault in the grammar of its scripts."""
    done = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)

    assert ("", 0) == (done.stderr, done.returncode)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts in a folder of their own, with a space in its name, and nothing installed."""
    folder = tmp_path / "a check-out"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run_script(checkout: Path, name: str, python: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script from another folder, with that interpreter."""
    environ = {name: value for name, value in os.environ.items() if name != "VENV"}
    return subprocess.run(
        ["bash", checkout / "scripts" / name],
        cwd="/",
        env=environ | {"PYTHON": str(python)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def pretend_python(folder: Path, *lines: str) -> Path:
    """An interpreter that does as those lines of shell say."""
    path = folder / "python"
    path.write_text("\n".join(("#!/bin/sh", *lines)))
    path.chmod(0o755)
    return path


@needs_bash
@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for Python")
@pytest.mark.parametrize("name", ["test", "demo", "lint"])
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["echo 3.10"], r"Python 3\.11 or newer is needed, and '.*' is 3\.10\..*PYTHON="),
        (["echo 2.7"], r"Python 3\.11 or newer is needed, and '.*' is 2\.7\..*PYTHON="),
        (["exit 127"], r"cannot run '.*'\. .*PYTHON="),
        (
            ['case "$2" in *venv*) exit 1;; esac', "echo 3.12"],
            r"without venv\. .*apt install python3\.12-venv",
        ),
    ],
    ids=["3.10", "2.7", "no Python", "no venv"],
)
def test_script_says_what_is_missing(
    name: str, lines: list[str], message: str, checkout: Path, tmp_path: Path
) -> None:
    """Without a fitting Python a script stops with one line that says what to do."""
    done = run_script(checkout, name, pretend_python(tmp_path, *lines))

    assert 3 == done.returncode
    assert 1 == len(done.stderr.splitlines()), done.stderr
    assert re.match(f"tracedemo: .*{message}", done.stderr), done.stderr


@needs_bash
@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for Python")
def test_script_says_that_it_could_not_install(checkout: Path, tmp_path: Path) -> None:
    """Where pip fails, as it does without a network, the demo stops and says so; the next run tries again."""
    install = [
        'case "$2" in',
        "pip) echo no network >&2; exit 1;;",
        'venv) mkdir -p "$4/bin"; cp "$0" "$4/bin";;',
    ]
    python = pretend_python(tmp_path, *install, "*) echo 3.12;;", "esac")

    for _ in range(2):
        done = run_script(checkout, "demo", python)

        assert 3 == done.returncode
        assert re.search(r"no network\ntracedemo: could not install the extra 'ptrace'.*\n\Z", done.stderr), (
            done.stderr
        )


@needs_bash
@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for Python")
def test_second_run_installs_nothing(checkout: Path, tmp_path: Path) -> None:
    """Set-up is done once, for all that an extra holds, and again when pyproject.toml has changed."""
    log = tmp_path / "log"
    python = pretend_python(
        tmp_path,
        'case "$2" in',
        f'pip) echo "$7" >>"{log}";;',
        f'venv) echo venv >>"{log}"; mkdir -p "$4/bin"; cp "$0" "$4/bin"; cp "$0" "$4/bin/tracedemo";;',
        "*) echo 3.12;;",
        "esac",
    )
    for name in ("test", "test", "demo"):
        assert 0 == run_script(checkout, name, python).returncode
    with (checkout / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# new\n")
    assert 0 == run_script(checkout, "demo", python).returncode
    moved = checkout.rename(tmp_path / "elsewhere")
    assert 0 == run_script(moved, "demo", python).returncode

    assert ["venv", ".[test]", ".[ptrace]", "venv", ".[ptrace]"] == log.read_text().splitlines()


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_each_test_says_what_is_true(path: Path) -> None:
    """Every test has a docstring: one sentence that is true as long as the test passes."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]

    assert [] == [
        node.name for node in functions if not (ast.get_docstring(node) or "").strip().endswith(".")
    ]


MARKED = """
import pytest

pytestmark = pytest.mark.strace

def test_skips():
    pytest.skip("no mood")

@pytest.mark.xfail(reason="known")
def test_known():
    assert False

def test_passes():
    pass
"""


@pytest.mark.parametrize(
    ("ci", "strace", "outcome"),
    [
        ("", True, {"skipped": 1, "xfailed": 1, "passed": 1}),
        ("1", True, {"failed": 1, "xfailed": 1, "passed": 1}),
        ("", False, {"skipped": 3}),
        ("1", False, {"errors": 3}),
    ],
    ids=["strace", "strace, CI", "no strace", "no strace, CI"],
)
def test_marked_test_may_not_stay_away(
    ci: str, strace: bool, outcome: dict[str, int], tmp_path: Path
) -> None:
    """A test whose tool is missing is skipped, and any skip of it is a failure under CI."""
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        f"{conftest}\nNEEDS['strace'] = lambda: {'' if strace else 'none'!r}\n"
    )
    (tmp_path / "test_marked.py").write_text(MARKED)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    strace: x\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ | {"TRACEDEMO_CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    ending = done.stdout.splitlines()[-1]
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|xfailed|errors)", ending)}
    assert outcome == counts, done.stdout
