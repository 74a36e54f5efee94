"""Wheels: got from pip or made anew from what is installed here, and held to what a room needs: pure Python, and complete.

A wheel is a zip archive with a list of its files (RECORD). What was installed from a pure one can be put into one again,
file by file; and so can our own package, from wherever it is imported. So a bundle can be made without a network, too.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.parser import HeaderParser
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import tracedemo
from tracedemo.errors import FileError, MachineError

PURE = "-none-any.whl"
OURS = "tracedemo"
_WHEEL = "Wheel-Version: 1.0\nGenerator: tracedemo ({version})\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_MADE_BY_INSTALLER = frozenset(
    {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "WHEEL", "uv_cache.json"}
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of each file in an archive: the same files make the same wheel."""


def normal(name: str) -> str:
    """A project's name, as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


# Making them


def installed(name: str) -> Distribution:
    """A project that is installed here.

    Raises:
        MachineError: it is not.
    """
    try:
        return distribution(name)
    except PackageNotFoundError:
        how = "ensurepip" if name == "pip" else f"pip install {name}"
        raise MachineError(
            f"{name} is not installed here", f"Install it: {sys.executable} -m {how}"
        ) from None


def ours(folder: Path) -> Path:
    """Put a wheel of tracedemo, as it runs here, into a folder.

    Raises:
        MachineError: it runs from files that were never installed, or the installation is one of another version.
        FileError: the wheel cannot be written.
    """
    dist = installed(OURS)
    if dist.version != tracedemo.__version__:
        raise MachineError(
            f"tracedemo {tracedemo.__version__} runs here, and what is installed is {dist.version}",
            "Install it anew: python -m pip install .",
        )
    package = Path(tracedemo.__file__).parent
    files = {
        f"{OURS}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return _write(dist, files, folder)


def anew(name: str, folder: Path) -> Path:
    """Put a wheel of an installed project into a folder, made of what was installed.

    Raises:
        MachineError: it is not installed, or is not pure Python.
        FileError: its files have gone, or the wheel cannot be written.
    """
    dist = installed(name)
    about = dist.read_text("WHEEL") or ""
    if "Root-Is-Purelib: true" not in about or "-none-any" not in about:
        raise MachineError(
            f"{name}, as installed here, is for this kind of machine only", "A network would help."
        )
    files = {}
    for file in dist.files or ():
        if ".." in file.parts or file.suffix == ".pyc" or file.parts[0].endswith(".dist-info"):
            continue
        try:
            files[file.as_posix()] = Path(str(dist.locate_file(file))).read_bytes()
        except OSError as error:
            raise FileError(
                f"{name} is not whole here: {error}", f"python -m pip install --force-reinstall {name}"
            ) from None
    return _write(dist, files, folder)


def _write(dist: Distribution, files: Mapping[str, bytes], folder: Path) -> Path:
    stem = f"{normal(dist.metadata['Name']).replace('-', '_')}-{dist.version}"
    info = f"{stem}.dist-info"
    all_files = {**files, **{f"{info}/{name}": data for name, data in _about(dist)}}
    all_files[f"{info}/WHEEL"] = _WHEEL.format(version=tracedemo.__version__).encode()
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in all_files.items())
    all_files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = folder / f"{stem}-py3{PURE}"
    try:
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name, data in all_files.items():
                entry = ZipInfo(name, _DATE)
                entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
                archive.writestr(entry, data)
    except OSError as error:
        raise FileError(
            f"cannot write {path}: {error.strerror}", "Make room, or choose another place."
        ) from None
    return path


def _about(dist: Distribution) -> Iterator[tuple[str, bytes]]:
    """What the project says about itself: metadata, entry points, licences."""
    for file in dist.files or ():
        if file.parts[0].endswith(".dist-info") and file.name not in _MADE_BY_INSTALLER:
            yield "/".join(file.parts[1:]), Path(str(dist.locate_file(file))).read_bytes()


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


# Getting them


def download(names: Iterable[str], folder: Path, source: Path | None) -> str:
    """Let pip get wheels, with all that they need.

    Args:
        source: a folder of wheels to take them from; None: where pip looks on this machine.

    Returns:
        Why it could not; empty: it did.
    """
    where = ["--no-index", "--find-links", str(source.resolve())] if source else []
    # Sdists are refused: to build one is to run a stranger's code, and what comes out may not be pure.
    command = [sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "--dest", str(folder), "--quiet",
               "--disable-pip-version-check", "--no-input", *where, *names]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [
        f"pip ended with {done.returncode}"
    ]
    return lines[-1].removeprefix("ERROR: ") if done.returncode else ""


def with_needs(names: Iterable[str]) -> Sequence[str]:
    """Installed projects, and all that they always need, each once."""
    found: dict[str, None] = {}
    ahead = list(names)
    while ahead:
        name = normal(ahead.pop(0))
        if name not in found:
            found[name] = None
            ahead += needs(installed(name).requires or ())
    return list(found)


def needs(requirements: Iterable[str]) -> list[str]:
    """The names among requirements that hold everywhere; those with a condition (an extra, a system) are left out."""
    return [match[0] for text in requirements if ";" not in text and (match := _NAME.match(text))]


# Holding them to it


def held(folder: Path) -> Sequence[Path]:
    """The wheels of a folder, each of them pure and whole, and all that they need among them.

    Raises:
        MachineError: one is for one kind of machine only, or something is missing.
        FileError: one is damaged.
    """
    paths = sorted(folder.glob("*.whl"))
    there: dict[str, Path] = {}
    for path in paths:
        if not path.name.endswith(PURE):
            raise MachineError(
                f"{path.name} is for one kind of machine only", "A room has many: find a pure one."
            )
        there[normal(path.name.partition("-")[0])] = path
    for path in paths:
        missing = [name for name in needs(_requires(path)) if normal(name) not in there]
        if missing:
            raise MachineError(
                f"{path.name} needs {', '.join(missing)}, which is not there", "Get that wheel, too."
            )
    return paths


def _requires(path: Path) -> Sequence[str]:
    """What a wheel asks for, after each of its files has been held to its digest."""
    try:
        with ZipFile(path) as archive:
            info = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD")).rpartition(
                "/"
            )[0]
            for line in archive.read(f"{info}/RECORD").decode().splitlines():
                name, digest, _ = line.rsplit(",", 2)
                if digest.startswith("sha256=") and _digest(archive.read(name.strip('"'))) != digest:
                    raise FileError(f"{path.name} is damaged: {name}", "Get it again.")
            text = archive.read(f"{info}/METADATA").decode()
    except (OSError, BadZipFile, KeyError, StopIteration, ValueError) as error:
        raise FileError(f"{path.name} is no wheel: {error}", "Get it again.") from None
    return HeaderParser().parsestr(text).get_all("Requires-Dist") or []
