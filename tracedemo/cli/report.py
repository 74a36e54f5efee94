"""`tracedemo report`: the page, one file that shows runs in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from tracedemo.cli.inputs import take_inputs
from tracedemo.cli.present import studies_of
from tracedemo.cli.saving import check_file, write_page
from tracedemo.errors import MachineError, UsageError

FILE = Path("report.html")
"""Where it is written when nobody says."""
OURS = b'<meta name="generator" content="tracedemo">'
"""What begins like this may be written anew."""


def run(args: argparse.Namespace) -> int:
    """Run or read what is named, and write the page; exit code as `compare` and `show` have it."""
    given = vars(args)
    path = given.get("output") or _free()
    if path.suffix not in (".html", ".htm"):
        example = path.with_suffix(".html") if path.name.strip(".") else FILE
        raise UsageError(
            f"the report is a page, and {path} does not end in .html", f"For example: -o {example}"
        )
    check_file(path)
    inputs = take_inputs(args, args.words, mixed=True)
    write_page(
        path, studies_of(inputs.traces), title=given.get("title", ""), sources="no_source" not in given
    )
    code = inputs.say_endings()
    if "open" in given:
        _open(path)
    return code


def _free() -> Path:
    """The usual place, unless something stands there that is no report.

    Raises:
        UsageError: there is.
    """
    try:
        with FILE.open("rb") as file:
            ours = OURS in file.read(1_000)
    except FileNotFoundError:
        return FILE
    except OSError:
        ours = True  # nothing that can be read: writing will tell what it is
    if not ours:
        raise UsageError(
            f"{FILE} is there already, and is no report of tracedemo", "Name a file: -o other.html"
        )
    return FILE


def _open(path: Path) -> None:
    """Show it in the browser of this user.

    Raises:
        MachineError: there is none.
    """
    import webbrowser

    address = path.resolve().as_uri()
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        raise MachineError(
            "no browser could be opened here", f"The report is written; open it yourself: {address}"
        )
