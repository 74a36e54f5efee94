"""Bundles: whole or not there, pure, and enough for a bare Python without a network."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest

import tracedemo
from tracedemo import cli
from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop import bundle as command
from tracedemo.errors import FileError, MachineError
from tracedemo.workshop import bundling, wheels
from tracedemo.workshop.bundling import MANIFEST, NAME, bundle, is_bundle, target_of
from tracedemo.workshop.catalogue import lessons

PACKAGE = Path(tracedemo.__file__).parent
INSTALLER = PACKAGE / "workshop" / "stick" / "install.py"
BIN = "Scripts" if os.name == "nt" else "bin"


def missing() -> str:
    """What this environment lacks to make a bundle of it."""
    for name in ("tracedemo", "rich", "pip"):
        try:
            distribution(name)
        except PackageNotFoundError:
            return f"{name} is not installed here"
    return ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels, made of what is installed here."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in wheels.with_needs(["rich", "pip"]):
        wheels.anew(name, folder)
    return folder


@pytest.fixture(scope="module")
def made(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> bundling.Bundle:
    """A bundle that only looks are cast at."""
    return bundle(tmp_path_factory.mktemp("stick"), source=wheelhouse)


@pytest.fixture
def stick(made: bundling.Bundle, tmp_path: Path) -> Path:
    """A copy of the bundle, to be spoilt."""
    return Path(shutil.copytree(made.folder, tmp_path / "stick"))


def without(folder: Path, name: str, copy: Path) -> Path:
    """The folder without a wheel."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(f"{name}-*"))
    return copy


def bare(*words: str | Path, home: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command as on a machine where nothing is set up, and pip may ask nobody."""
    keep = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
    environ = {name: os.environ[name] for name in keep if name in os.environ}
    environ |= {"HOME": str(home), "USERPROFILE": str(home), "LC_ALL": "C.UTF-8", "PIP_NO_INDEX": "1"}
    return subprocess.run(
        [*map(str, words)], cwd=home, env=environ, capture_output=True, text=True, check=False, **settings
    )


# What is in it


def test_manifest_tells_every_file(made: bundling.Bundle) -> None:
    """The manifest names every other file, with its size and its SHA-256."""
    lines = (made.folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    told = {
        name: (digest, int(size))
        for digest, size, name in (x.split(None, 2) for x in lines if x[64:65] == " ")
    }

    there = {path.relative_to(made.folder).as_posix(): path.read_bytes() for path in made.files}
    del there[MANIFEST]
    assert {name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in there.items()} == told
    assert {"install.py", "README.txt", *(f"lessons/{x.folder_name}.md" for x in lessons())} <= set(told)


def test_wheels_are_pure_and_enough(made: bundling.Bundle) -> None:
    """All wheels are for any machine, and what rich needs is among them."""
    names = {path.name for path in made.files if path.suffix == ".whl"}

    assert all(name.endswith("-none-any.whl") for name in names)
    assert {"tracedemo", "rich", "pip", *map(normal, wheels.with_needs(["rich"]))} == {
        x.partition("-")[0] for x in names
    }


def normal(name: str) -> str:
    return name.replace("-", "_")


def test_our_wheel_holds_all_of_the_package(made: bundling.Bundle) -> None:
    """The wheel of tracedemo holds every file of the package, byte by byte, and the commands that it brings."""
    with ZipFile(next(made.folder.glob("wheels/tracedemo-*"))) as archive:
        inside = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
        points = archive.read(f"tracedemo-{tracedemo.__version__}.dist-info/entry_points.txt").decode()
    there = {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert there == inside
    assert "tracedemo = tracedemo.cli:main" in points
    assert "tracedemo/recorders/inprocess/startup/sitecustomize.py" in inside


def test_same_files_make_the_same_wheel(tmp_path: Path, wheelhouse: Path) -> None:
    """A wheel made anew is the same to the byte."""
    again = wheels.anew("mdurl", tmp_path)

    assert again.read_bytes() == (wheelhouse / again.name).read_bytes()


def test_lessons_can_be_read(made: bundling.Bundle) -> None:
    """The texts of the lessons are those of the learner, and where a number is drawn they say its name."""
    for lesson in lessons():
        text = (made.folder / "lessons" / f"{lesson.folder_name}.md").read_text(encoding="utf-8")

        assert [] == [name for name in lesson.draw if f"{{{name}}}" in text]
        assert text.splitlines()[0] == lesson.text("learner.md").splitlines()[0]


# Where it goes


def test_place_decides_the_name(tmp_path: Path) -> None:
    """A place that is not there becomes the bundle; a folder that is there, as a stick is, gets one."""
    assert tmp_path / "new" == target_of(tmp_path / "new")
    assert tmp_path / NAME == target_of(tmp_path)


def test_old_bundle_is_replaced(stick: Path, wheelhouse: Path) -> None:
    """A bundle takes the place of an older one, of which nothing stays."""
    (stick / "wheels" / "old.whl").write_bytes(b"")
    made = bundle(stick, source=wheelhouse)

    assert stick == made.folder
    assert not (stick / "wheels" / "old.whl").exists()
    assert ["stick"] == sorted(path.name for path in stick.parent.iterdir())


def test_what_is_no_bundle_stays(tmp_path: Path, wheelhouse: Path) -> None:
    """A file, or a folder of something else, is never replaced."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "mine.txt").write_text("x")
    (tmp_path / "file").write_text("y")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(FileError, match="is no bundle"):
            bundle(place, source=wheelhouse)

    assert ["mine.txt"] == [path.name for path in (tmp_path / NAME).iterdir()]
    assert "y" == (tmp_path / "file").read_text()


# When it cannot be made


def test_nothing_is_left_of_half_a_bundle(tmp_path: Path, wheelhouse: Path) -> None:
    """When a wheel is missing there is no bundle, and none of what was begun; and which wheel it was, is said."""
    source = without(wheelhouse, "mdurl", tmp_path / "source")
    place = tmp_path / "place"
    place.mkdir()

    with pytest.raises(MachineError, match="mdurl"):
        bundle(place, source=source)

    assert [] == list(place.iterdir())


def test_old_bundle_outlives_a_failure(stick: Path, wheelhouse: Path, tmp_path: Path) -> None:
    """When a new bundle cannot be made, the old one stays as it is."""
    before = {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}
    with pytest.raises(MachineError):
        bundle(stick, source=without(wheelhouse, "rich", tmp_path / "source"))

    assert before == {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}
    assert is_bundle(stick)


def test_wheel_for_one_machine_is_refused(tmp_path: Path, wheelhouse: Path) -> None:
    """A wheel that not every machine can use is named, and refused."""
    source = Path(shutil.copytree(wheelhouse, tmp_path / "source"))
    pure = next(source.glob("mdurl-*"))
    pure.rename(source / pure.name.replace("none-any", "none-linux_x86_64"))

    with pytest.raises(MachineError, match=r"mdurl-.*linux_x86_64\.whl is for one kind of machine"):
        wheels.held(source)


def test_damaged_wheel_is_refused(tmp_path: Path, wheelhouse: Path) -> None:
    """A wheel in which a file is not what its own list says is named, and refused; so is what is no wheel."""
    pure = next(wheelhouse.glob("mdurl-*"))
    with ZipFile(pure) as old, ZipFile(tmp_path / pure.name, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"changed" if name.endswith("_parse.py") else old.read(name))
    with pytest.raises(FileError, match=r"is damaged: mdurl/_parse\.py"):
        wheels.held(tmp_path)

    (tmp_path / pure.name).write_bytes(b"no zip")
    with pytest.raises(FileError, match="is no wheel"):
        wheels.held(tmp_path)


def test_without_a_network_what_is_installed_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where pip reaches nothing, wheels are made of what is installed here, and that is said, also in the manifest."""
    monkeypatch.setattr(wheels, "download", lambda *_: "no network")
    assert 0 == typed(tmp_path / "b")

    said = capsys.readouterr().out
    assert "no network" in said
    assert "no network" in (tmp_path / "b" / MANIFEST).read_text(encoding="utf-8")
    assert 6 <= len(wheels.held(tmp_path / "b" / "wheels"))


def typed(*words: str | Path) -> int:
    parser = Parser(prog="tracedemo workshop bundle")
    command.prepare(parser)
    return command.run(parser.understand([str(word) for word in words]))


def test_wrong_places_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of wheels that is none, and a place below a file, are refused in two lines."""
    (tmp_path / "file").write_text("x")
    for words in (
        (tmp_path / "b", "--wheels", tmp_path / "none"),
        (tmp_path / "file" / "b", "--wheels", tmp_path),
    ):
        monkeypatch.setattr(cli, "_dispatch", lambda _, words=words: typed(*words))
        assert 4 == cli.main(["x"])
        assert 2 == len(capsys.readouterr().err.splitlines())


# The installer


def test_three_commands_on_a_bare_python(made: bundling.Bundle, tmp_path: Path) -> None:
    """From the bundle a bare Python without a network comes to its first trace: install, activate, run."""
    python = Path(sys.base_prefix) / BIN / Path(getattr(sys, "_base_executable", sys.executable)).name
    done = bare(python, "-I", made.folder / "install.py", home=tmp_path)
    assert 0 == done.returncode, done.stdout + done.stderr
    first, second, third = [line.strip() for line in done.stdout.splitlines() if line.startswith("    ")]
    assert ("tracedemo run selector", "tracedemo workshop start") == (second, third)

    ran = bare("sh", "-c", f"{first} && {second} && command -v tracedemo", home=tmp_path)

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "EINPROGRESS" in ran.stdout
    assert str(tmp_path / "tracedemo-venv" / "bin" / "tracedemo") == ran.stdout.splitlines()[-1]


def test_damaged_stick_is_found(stick: Path, tmp_path: Path) -> None:
    """A file that has changed, and one that is missing, is named before anything is installed."""
    wheel = next(stick.glob("wheels/pygments-*"))
    data = bytearray(wheel.read_bytes())
    data[1000] ^= 1
    wheel.write_bytes(data)
    changed = bare(sys.executable, stick / "install.py", home=tmp_path)
    wheel.unlink()
    gone = bare(sys.executable, stick / "install.py", home=tmp_path)
    (stick / MANIFEST).unlink()
    no_list = bare(sys.executable, stick / "install.py", home=tmp_path)

    for done, name in ((changed, wheel.name), (gone, wheel.name), (no_list, MANIFEST)):
        assert (4, 2) == (done.returncode, len(done.stderr.splitlines()))
        assert name in done.stderr
    assert not (tmp_path / "tracedemo-venv").exists()


def test_installer_touches_nothing_else(stick: Path, tmp_path: Path) -> None:
    """A folder that is no virtual environment is left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    done = bare(sys.executable, stick / "install.py", tmp_path / "mine", home=tmp_path)

    assert (4, 2) == (done.returncode, len(done.stderr.splitlines()))
    assert ["x"] == [path.name for path in (tmp_path / "mine").iterdir()]


@pytest.mark.parametrize("words", [["--no-such"], ["a", "b"]])
def test_installer_refuses_what_it_does_not_know(words: list[str], tmp_path: Path) -> None:
    """Too many words, and an option, are wrong usage; the help names what can be typed."""
    done = bare(sys.executable, INSTALLER, *words, home=tmp_path)
    assert (2, 2) == (done.returncode, len(done.stderr.splitlines()))
    assert "[FOLDER]" in bare(sys.executable, INSTALLER, "--help", home=tmp_path).stdout


@pytest.mark.parametrize("version", ["(2, 7, 18)", "(3, 6, 15)", "(3, 10, 13)"])
@pytest.mark.parametrize("newer", [True, False])
def test_old_python_says_what_is_needed(version: str, newer: bool, tmp_path: Path) -> None:
    """A Python that is too old says in two lines which it is and what is needed, and names a newer one that runs here."""
    (tmp_path / "bin").mkdir()
    for name, code in (("python3.14", 127), ("python3.12", 0)) if newer else ():
        script = tmp_path / "bin" / name
        script.write_text(f"#!/bin/sh\nexit {code}\n")
        script.chmod(0o755)
    code = f"import runpy, sys; sys.version_info = {version}; runpy.run_path({str(INSTALLER)!r}, run_name='__main__')"
    done = bare("env", f"PATH={tmp_path / 'bin'}", sys.executable, "-c", code, home=tmp_path)

    assert (3, 2) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert ".".join(re.findall(r"\d+", version)) in done.stderr
    assert ("python3.12 install.py" if newer else "Install Python 3.11 or newer") in done.stderr


def test_any_python_can_read_the_installer() -> None:
    """Nothing in the installer is newer than Python 2.7: neither grammar nor a module that is imported at once."""
    tree = ast.parse(INSTALLER.read_text(encoding="ascii"), feature_version=(3, 4))
    new = (
        ast.JoinedStr,
        ast.AnnAssign,
        ast.Nonlocal,
        ast.Starred,
        ast.NamedExpr,
        ast.AsyncFunctionDef,
        ast.Match,
    )

    assert [] == [type(node).__name__ for node in ast.walk(tree) if isinstance(node, new)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [] == [
        x.name for x in functions if x.returns or x.args.kwonlyargs or any(a.annotation for a in x.args.args)
    ]
    assert [] == [x for x in ast.walk(tree) if isinstance(x, ast.Raise) and x.cause]
    imported = set(names(tree.body))
    assert {"__future__", "hashlib", "os", "re", "subprocess", "sys"} == imported


def names(body: Iterable[ast.stmt]) -> Iterable[str]:
    """What a file imports at once."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
