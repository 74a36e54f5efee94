"""All that a room without a network needs, in one folder: wheels, an installer for any Python, the lessons to read.

    install.py   checks the Python and the files, makes a virtual environment, installs     MANIFEST.txt  sizes, SHA-256
    wheels/      tracedemo, rich, what that needs; pip, which installs them                 README.txt    three commands
    lessons/     what the learner reads, a file for each lesson                             handout.md    if there is one

It is made under another name beside its place, and renamed when it is whole: what bears its name is complete.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import tracedemo
from tracedemo.errors import FileError, MachineError
from tracedemo.workshop import wheels
from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.questions import filled

HERE = Path(__file__).parent
NAME = "tracedemo-workshop"
"""Of the bundle, in a folder that is there already."""
MANIFEST, INSTALLER, WHEELS, HANDOUT = "MANIFEST.txt", "install.py", "wheels", "handout.md"
FIRST_LINE = "tracedemo workshop bundle, form 1"

CORE = ("rich", "pip")
EXTRAS = {"ptrace": ("python-ptrace",), "pytest": ("pytest", "colorama")}
"""What may be added -> its projects; colorama is what pytest needs on Windows."""
_NEEDED = frozenset({"python-ptrace", "pytest"})

README = """\
tracedemo {version}: what Python network code really asks of the kernel

Python 3.11 or newer is needed, and nothing else: no network, no rights of an administrator.
Open a terminal in this folder, and type:

    python3 install.py                      on Windows: py install.py
    . ~/tracedemo-venv/bin/activate         on Windows: %USERPROFILE%\\tracedemo-venv\\Scripts\\activate
    tracedemo run selector

Then, in a folder of your own:

    tracedemo workshop start

install.py looks whether the files are whole ({manifest} lists their sizes and SHA-256), makes a virtual
environment, and puts into it what lies in {wheels}/. To be rid of it all, delete that folder.
The texts in lessons/ are those of the workshop, to be read.
"""


class Bundle(NamedTuple):
    """A bundle that is whole."""

    folder: Path
    files: Sequence[Path]
    size: int
    """Bytes of all files."""
    notes: Sequence[str]
    """What who made it should know."""


def bundle(
    place: Path,
    *,
    extras: Sequence[str] = (),
    source: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Make a bundle.

    Args:
        place: where: the bundle itself, or a folder that is there already, in which it will be NAME.
        extras: names in EXTRAS.
        source: a folder of wheels to take from; None: pip gets them, or they are made of what is installed here.
        tell: told what is being done.

    Raises:
        FileError: it cannot be written there, or something that is no bundle stands there.
        MachineError: a wheel cannot be had.
    """
    target = target_of(place)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{NAME}-", dir=target.parent) as scratch:
            part = Path(scratch) / NAME
            notes = _fill(part, extras, source, tell)
            _put(part, target, Path(scratch) / "before")
    except OSError as error:
        raise FileError(
            f"cannot write {error.filename or target}: {error.strerror}",
            "Make room, or choose another place.",
        ) from None
    files = sorted(path for path in target.rglob("*") if path.is_file())
    return Bundle(target, files, sum(path.stat().st_size for path in files), notes)


def target_of(place: Path) -> Path:
    """What the bundle's folder will be.

    Raises:
        FileError: something else is there.
    """
    target = place / NAME if place.is_dir() and not is_bundle(place) else place
    if (target.exists() or target.is_symlink()) and not is_bundle(target):
        raise FileError(f"{target} is there already, and is no bundle", "Choose another place, or remove it.")
    return target


def is_bundle(folder: Path) -> bool:
    """Whether a folder was made by us, and so may be replaced by us."""
    try:
        with (folder / MANIFEST).open(encoding="utf-8") as file:
            return file.readline().rstrip() == FIRST_LINE
    except (OSError, UnicodeDecodeError):
        return False


def _put(part: Path, target: Path, before: Path) -> None:
    """Put the bundle in its place; an old one goes only now, and comes back if that cannot be put there."""
    if not target.exists():
        part.rename(target)
        return
    target.rename(before)
    try:
        part.rename(target)
    except OSError:
        before.rename(target)
        raise


def _fill(
    part: Path, extras: Sequence[str], source: Path | None, tell: Callable[[str], None]
) -> Sequence[str]:
    """All that belongs into it; the manifest last."""
    (part / WHEELS).mkdir(parents=True)
    tell("getting wheels")
    notes = list(_wheels(part / WHEELS, extras, source))
    tell("looking through the wheels")
    wheels.held(part / WHEELS)
    shutil.copyfile(HERE / "stick" / INSTALLER, part / INSTALLER)
    readme = README.format(version=tracedemo.__version__, manifest=MANIFEST, wheels=WHEELS)
    (part / "README.txt").write_text(readme, encoding="utf-8")
    notes += _texts(part)
    (part / MANIFEST).write_text(manifest(part, notes), encoding="utf-8")
    return notes


def _wheels(folder: Path, extras: Sequence[str], source: Path | None) -> Iterator[str]:
    wheels.ours(folder)
    names = [*CORE, *(name for extra in extras for name in EXTRAS[extra])]
    why = wheels.download(names, folder, source)
    if not why:
        return
    if source is not None:
        raise MachineError(f"pip does not find all wheels in {source}: {why}", f"Needed: {', '.join(names)}.")
    yield f"pip got no wheels ({why}); those here are made of what is installed on this machine"
    for path in folder.glob("*.whl"):
        if not path.name.startswith(f"{wheels.OURS}-"):
            path.unlink()  # what it got before it failed
    there = [name for name in names if name in _NEEDED or name in CORE or _is_installed(name)]
    for name in wheels.with_needs(there):
        wheels.anew(name, folder)
    yield from (f"{name} is not installed here, and so is missing" for name in names if name not in there)


def _is_installed(name: str) -> bool:
    try:
        wheels.installed(name)
    except MachineError:
        return False
    return True


def _texts(part: Path) -> Iterator[str]:
    """Lessons and handout, to be read or printed."""
    (part / "lessons").mkdir()
    for lesson in lessons():
        text = filled(
            lesson.text("learner.md"), {name: name for name in lesson.draw}
        )  # who runs it draws the number
        (part / "lessons" / f"{lesson.folder_name}.md").write_text(text, encoding="utf-8")
    handout = next((path for path in handouts() if path.is_file()), None)
    if handout is None:
        yield "there is no handout: it is in the sources of tracedemo, docs/workshop/handout.md"
        return
    text = re.sub(
        r"\]\(\.\./[^)]*\)", "]", handout.read_text(encoding="utf-8")
    )  # links that lead out of the bundle
    (part / HANDOUT).write_text(text, encoding="utf-8")


def handouts() -> Sequence[Path]:
    """Where the handout may be: in the package, or in the checkout around it."""
    return HERE / HANDOUT, HERE.parents[1] / "docs" / "workshop" / HANDOUT


def manifest(folder: Path, notes: Sequence[str]) -> str:
    """What a bundle holds: SHA-256, bytes and name of each file."""
    made = f"{datetime.now(UTC):%Y-%m-%d} by tracedemo {tracedemo.__version__} on Python {platform.python_version()}"
    lines = [FIRST_LINE, f"made {made}", *(f"note: {note}" for note in notes), ""]
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        lines.append(f"{hashlib.sha256(data).hexdigest()} {len(data):>10} {name}")
    return "\n".join([*lines, ""])
