"""The Pythons, and for each an environment with the libraries: build/coverage-MINOR, made once, by pip."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")

_ASK = (
    "import ensurepip, platform, sys, venv\n"
    "if platform.python_implementation() == 'CPython' and sys.version_info >= (3, 11):\n"
    "    print('%d.%d' % sys.version_info[:2], platform.python_version(), sys.executable)"
)


class Python(NamedTuple):
    """An interpreter."""

    minor: str
    """`3.13`."""
    version: str
    """`3.13.0`."""
    path: str


def pythons() -> list[Python]:
    """Each minor of CPython from 3.11 up on PATH or under pyenv, the first that is found of each, as .ci/run does."""
    found: dict[str, Python] = {}
    for candidate in _candidates():
        asked = subprocess.run([candidate, "-c", _ASK], capture_output=True, text=True, check=False)
        if len(words := asked.stdout.split(maxsplit=2)) == 3:
            found.setdefault(words[0], Python(words[0], words[1], words[2].strip()))
    return sorted(found.values(), key=lambda python: int(python.minor.partition(".")[2]))


def _candidates() -> Iterator[Path]:
    for folder in map(Path, os.environ["PATH"].split(os.pathsep)):
        for pattern in ("python3.[0-9]", "python3.[0-9][0-9]", "python3"):
            yield from (path for path in sorted(folder.glob(pattern)) if os.access(path, os.X_OK))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/*/bin/python3"))


def pins(text: str) -> dict[str, str]:
    """Library -> version, of a requirements file in which each is held at one."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {name: version for name, _, version in (line.partition("==") for line in lines if line)}


def with_libraries(python: Python) -> str:
    """The interpreter of an environment that has the libraries, as far as they can be had for it."""
    folder = ROOT / "build" / f"coverage-{python.minor}"
    inside, stamp = folder / "bin" / "python", folder / ".made"
    wanted = f"{python.path} {python.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    if not inside.exists() or not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"making {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
        subprocess.run([python.path, "-m", "venv", "--clear", str(folder)], check=True)
        if install([str(inside), "-m", "pip", "install"]):  # else it is tried again the next time
            stamp.write_text(wanted, encoding="utf-8")
    return str(inside)


def install(pip: Sequence[str]) -> bool:
    """All libraries at once, or, when one cannot be had, one by one; what is missing then is told in the table.  True: all
    are there.
    """
    pip = [*pip, "-qq", "--disable-pip-version-check"]
    if not subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=False, stderr=subprocess.DEVNULL).returncode:
        return True
    for name, version in pins(REQUIREMENTS.read_text(encoding="utf-8")).items():
        done = subprocess.run([*pip, f"{name}=={version}"], check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} {version} cannot be had: {done.stderr.strip()[-300:]}", file=sys.stderr)
    return False
