"""`tracedemo workshop bundle`: all that a room without a network needs, for a stick."""

from __future__ import annotations

import argparse
from pathlib import Path

from tracedemo.cli import printable, tell
from tracedemo.cli.parser import Parser
from tracedemo.cli.progress import Progress
from tracedemo.cli.text import paragraph
from tracedemo.errors import FileError
from tracedemo.workshop.bundling import EXTRAS, NAME, WHEELS, bundle

ABOUT = f"""\
The folder holds tracedemo and all that it needs as wheels for any system, the
texts of the lessons, and an installer. DIR becomes the bundle; where DIR is
there already, as a stick is, the bundle is DIR/{NAME}. An older
bundle there is replaced when the new one is whole. Learners type:

  python3 install.py
  . ~/tracedemo-venv/bin/activate
  tracedemo run selector

The wheels come from where pip looks; without a network they are made of what
is installed here.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    add = parser.add_argument
    add("folder", metavar="DIR", type=Path, help="where to put it")
    add("--add", action="append", choices=tuple(EXTRAS), metavar="NAME",
        help=f"what else to put in: {', '.join(EXTRAS)}; may be given again and again")  # fmt: skip
    add("--wheels", metavar="FOLDER", type=Path, help="take wheels from this folder, and from nowhere else")


def run(args: argparse.Namespace) -> int:
    """Make the bundle, and say what is in it.

    Raises:
        FileError, MachineError: it cannot be made; then there is none.
    """
    given = vars(args)
    source = given.get("wheels")
    if source is not None and not source.is_dir():
        raise FileError(f"{source} is no folder", "--wheels wants a folder that holds wheels.")
    with Progress() as progress:
        made = bundle(given["folder"], extras=given.get("add", ()), source=source, tell=progress.step)
    wheels = [path.name for path in made.files if path.parent.name == WHEELS]
    for name in wheels:
        tell(f"  {name}")
    for note in made.notes:
        tell(paragraph(f"Mind: {printable(note)}.", "", 6))
    tell(
        f"{printable(str(made.folder))}: {len(made.files)} files, {len(wheels)} of them wheels, {made.size / 1e6:.1f} MB"
    )
    tell("Try it before the day, without a network: python3 install.py, in that folder.")
    return 0
