"""Help: complete, readable on a screen of 80 columns, with examples that work, and quick."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

import tracedemo
from tests.cli.conftest import Typed
from tests.cli.shell import ROOT
from tracedemo.cli.arguments import COMMANDS, ENDINGS, help_of_all, parser_for
from tracedemo.render import VIEWS
from tracedemo.runner import find_target
from tracedemo.variants import VARIANTS

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_of_all(words: list[str], typed: Typed) -> None:
    """The help of the whole names every command, the exit codes and examples, within 80 columns."""
    done = typed(*words)

    assert (0, "") == (done.returncode, done.stderr)
    assert all(
        re.search(rf"^  {name} +{re.escape(text)}$", done.stdout, re.MULTILINE)
        for name, text in COMMANDS.items()
    )
    assert all(re.search(rf"\b{code} ", done.stdout) for code in (0, 1, 2, 3, 4, 125, 130))
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help of a command names each of its options, with what it is for, within 80 columns, and in narrow ones, too."""
    monkeypatch.setenv("COLUMNS", "80")
    done = typed(command, "--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f"usage: tracedemo {command}")
    for action in parser_for(command)._actions:
        assert action.help
        assert all(re.search(rf"{option}\b", done.stdout) for option in action.option_strings)
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout == typed("help", command).stdout
    monkeypatch.setenv("COLUMNS", "40")
    assert 0 == typed(command, "--help").returncode


@pytest.mark.parametrize("width", ["60", "79"])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_narrow_screen(
    command: str, width: str, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a screen of few columns a help keeps within them, and says the same words as on a wide one."""
    words = [command, "--help"] if command else ["--help"]
    monkeypatch.setenv("COLUMNS", "80")
    wide = typed(*words).stdout
    monkeypatch.setenv("COLUMNS", width)
    narrow = typed(*words).stdout

    assert max(map(len, narrow.splitlines())) <= int(width)
    assert wide.split() == narrow.split()


@pytest.mark.parametrize("command", ["run", "compare", "show"])
def test_help_names_views_and_files(command: str, typed: Typed) -> None:
    """Where views can be chosen, the help lists them, and the endings of files."""
    text = typed(command, "--help").stdout

    assert all(
        re.search(rf"^  {view.name} +{re.escape(view.help)}$", text, re.MULTILINE) for view in VIEWS.values()
    )
    assert all(ending in text for ending in ENDINGS)


def examples() -> list[str]:
    """Every command line that the helps and the README show."""
    texts = [help_of_all(), README, *(parser_for(command).epilog or "" for command in COMMANDS)]
    lines = [
        line
        for text in texts
        for line in re.findall(r"^(?:  )?(tracedemo (?!COMMAND).*)", text, re.MULTILINE)
    ]
    return list(dict.fromkeys(re.split(r"  +|  *#|, (?:for|seen)| 2>", line)[0] for line in lines))


@pytest.mark.parametrize("line", examples())
def test_example_is_understood(line: str) -> None:
    """What the helps and the README tell to type is understood, and names variants and views that there are."""
    _, command, *words = shlex.split(line)
    args = parser_for(command).understand(words)

    views = [name for words in vars(args).get("view", []) for name in words.split(",")]
    assert set(views) <= VIEWS.keys()
    targets = [target for target in getattr(args, "targets", []) if ".py" not in target]
    assert all(find_target(shlex.split(target)) for target in targets)


def test_there_are_examples() -> None:
    """Each command of which one can say more than its name has an example."""
    found = {line.split()[1] for line in examples()}

    assert {"run", "compare", "show", "serve"} <= found


def test_nothing_typed(typed: Typed) -> None:
    """Bare `tracedemo` tells the three commands worth knowing, and where the others are."""
    done = typed()

    assert 0 == done.returncode
    assert 3 == len(re.findall(r"^  tracedemo ", done.stdout, re.MULTILINE))
    assert "tracedemo --help" in done.stdout


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_version(word: str, typed: Typed) -> None:
    """The version is told."""
    assert f"tracedemo {tracedemo.__version__}\n" == typed(word).stdout


HEAVY = ("rich", "asyncio", "subprocess", "tracedemo.analysis", "tracedemo.runner", "tracedemo.recorders")

LIST_MODULES = """
import sys
from tracedemo.cli import main
code = main(sys.argv[1:])
print("modules:", *sys.modules)
raise SystemExit(code)
"""


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)], ids=" ".join
)
def test_help_is_light(words: list[str]) -> None:
    """Neither rich nor analysis is imported to give help, which has to be there at once."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = done.stdout.partition("modules: ")[2].split()

    assert "tracedemo.cli" in modules
    assert [] == [
        name for name in modules if name in HEAVY or name.startswith(tuple(f"{top}." for top in HEAVY))
    ]


def test_list_of_variants(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of variants has each name, its title, what it teaches and where in the post it stands, at any width."""
    for columns in ("60", "80", "160"):
        monkeypatch.setenv("COLUMNS", columns)
        done = typed("variants")
        text = " ".join(done.stdout.split())

        assert 0 == done.returncode
        assert max(map(len, done.stdout.splitlines()[:-3])) <= int(columns)
        for variant in VARIANTS:
            assert f"{variant.name} {variant.title} {variant.teaches}" in text
            assert variant.post.partition("not in ")[2] in text
