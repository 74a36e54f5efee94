"""Installs tracedemo from the files beside this one.  No network is needed, and nothing outside of one folder is changed.

    python3 install.py [FOLDER]         FOLDER: where to (default: tracedemo-venv in your home folder)

Written so that every Python can read it, also those that are too old: they say what is needed.
"""

from __future__ import print_function

import hashlib
import os
import re
import subprocess
import sys

NEEDED = (3, 11)
HERE = os.path.dirname(os.path.abspath(__file__))
WHEELS = os.path.join(HERE, "wheels")
ENTRY = re.compile(r"^([0-9a-f]{64}) +(\d+) +(\S.*)$")
WINDOWS = os.name == "nt"


def main(words):
    """Install; returns the exit code: 0 done, 1 pip failed, 2 wrong usage, 3 this machine cannot, 4 a file is damaged."""
    if words[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if len(words) > 1 or (words and words[0].startswith("-")):
        return stop(2, "too much was typed: %s" % " ".join(words), "python3 install.py [FOLDER]")
    if sys.version_info[:2] < NEEDED:
        return too_old()
    damaged = broken_file()
    if damaged:
        return stop(
            4, "%s is not as it was when the bundle was made" % damaged, "Copy the whole folder again."
        )
    folder = os.path.abspath(words[0] if words else os.path.join(os.path.expanduser("~"), "tracedemo-venv"))
    if is_foreign(folder):
        return stop(
            4,
            "%s is there already, and is no virtual environment" % folder,
            "Name another: python3 install.py FOLDER",
        )
    print("Installing into %s, half a minute at most ..." % folder)
    sys.stdout.flush()
    return make(folder) or put_in(folder) or done(folder)


def stop(code, what, remedy):
    """Say in two lines what is wrong, and what to do."""
    sys.stderr.write("install.py: %s\n  %s\n" % (what, remedy))
    return code


def too_old():
    """Which Python is needed, and where there is one."""
    version = ".".join(str(number) for number in sys.version_info[:3])
    found = newer_pythons()
    if found:
        remedy = "Type: %s install.py" % found[0]
    elif WINDOWS:
        remedy = (
            "If there is one: py -3 install.py.  Else install Python 3.11 or newer from your teacher's stick."
        )
    else:
        remedy = (
            "Install Python 3.11 or newer (no other was found on this machine), then: python3.11 install.py"
        )
    return stop(3, "Python 3.11 or newer is needed, and this is %s (%s)" % (version, sys.executable), remedy)


def newer_pythons():
    """Names on the PATH that look like a Python that would do, the newest first."""
    names = ["python3.%d" % minor for minor in range(20, NEEDED[1] - 1, -1)]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return [name for name in names if any(runs(os.path.join(folder, name)) for folder in folders)]


def runs(path):
    """Whether there is a program that can be started: pyenv puts names on the PATH that cannot."""
    if not os.access(path, os.X_OK) or os.path.isdir(path):
        return False
    with open(os.devnull, "w") as nothing:
        return subprocess.call([path, "-c", ""], stdout=nothing, stderr=nothing) == 0


def broken_file():
    """The first file that is not what the manifest says; None: all are."""
    try:
        with open(os.path.join(HERE, "MANIFEST.txt"), encoding="utf-8") as file:
            entries = [found.groups() for found in map(ENTRY.match, file.read().splitlines()) if found]
    except (OSError, UnicodeDecodeError):
        return "MANIFEST.txt"
    for digest, size, name in entries:
        try:
            with open(os.path.join(HERE, name), "rb") as file:
                data = file.read()
        except OSError:
            return name
        if len(data) != int(size) or hashlib.sha256(data).hexdigest() != digest:
            return name
    return None if entries else "MANIFEST.txt"


def is_foreign(folder):
    """Whether something else is there, which is not to be touched."""
    if not os.path.lexists(folder):
        return False
    return not os.path.isdir(folder) or bool(
        os.listdir(folder) and not os.path.exists(os.path.join(folder, "pyvenv.cfg"))
    )


def make(folder):
    """Make the virtual environment; without pip, since some systems cannot put one in: ours does the work."""
    try:
        import venv

        venv.EnvBuilder(with_pip=False, symlinks=not WINDOWS).create(folder)
    except ImportError:
        return stop(
            3,
            "this Python comes without venv",
            "Install that, too; on Debian and Ubuntu: apt install python3-venv",
        )
    except (OSError, subprocess.CalledProcessError) as error:
        return stop(
            4, "cannot make %s: %s" % (folder, error), "Name another place: python3 install.py FOLDER"
        )
    return 0


def program(folder, name):
    """A program of the environment."""
    return os.path.join(folder, "Scripts" if WINDOWS else "bin", name + (".exe" if WINDOWS else ""))


def put_in(folder):
    """Install all wheels but pip's, whose own code does it."""
    wheels = sorted(name for name in os.listdir(WHEELS) if name.endswith(".whl"))
    pips = [name for name in wheels if name.startswith("pip-")]
    paths = [os.path.join(WHEELS, name) for name in wheels if name not in pips]
    if not pips or not paths:
        return stop(4, "there is no wheel of pip in %s" % WHEELS, "Copy the whole folder again.")
    # Nothing that is set up on this machine for pip or Python is to have a say.
    environ = dict(
        (name, value) for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
    )
    environ["PIP_CONFIG_FILE"] = os.devnull
    words = ["install", "--no-index", "--find-links", WHEELS, "--force-reinstall", "--no-cache-dir",
             "--disable-pip-version-check", "--no-input", "--quiet"]  # fmt: skip
    command = [program(folder, "python"), os.path.join(WHEELS, pips[-1], "pip")] + words + paths
    if subprocess.call(command, env=environ):
        return stop(
            1,
            "pip could not install the wheels; it says why above",
            "Ask your teacher, and show these lines.",
        )
    return 0


def done(folder):
    """Try it, and say how to go on."""
    tool = program(folder, "tracedemo")
    if subprocess.call([tool, "--version"]):
        return stop(1, "%s does not run" % tool, "Ask your teacher, and show these lines.")
    activate = program(folder, "activate")[: -4 if WINDOWS else None]
    print("\nDone.  Now type:\n")
    print("    %s%s" % ("" if WINDOWS else ". ", '"%s"' % activate if " " in activate else activate))
    print("    tracedemo run selector")
    print("    tracedemo workshop start")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
