"""What a run tells about the code that made it, in a few lines at its end."""

from __future__ import annotations

from typing import IO

from tracedemo.analysis.study import Study
from tracedemo.cli import hang_up
from tracedemo.cli.present import screen
from tracedemo.cli.suggest import own_name


def tell_findings(study: Study, stream: IO[str], *, kept: bool) -> None:
    """Print the first findings, and where to find the rest; nothing at all when there are none.

    Args:
        kept: whether `show` knows this run.
    """
    if not study.findings:
        return
    from tracedemo.render.findings import brief
    from tracedemo.render.lines import Sheet

    console, options = screen(stream, unfold=False, only=None)
    command = f"{own_name()} show --view findings" if kept else ""
    sheet = Sheet(lambda: brief(study, options, command))
    try:
        stream.write("\n")
        if console is not None and console.legacy_windows:
            console.print(sheet, crop=False)
        else:
            stream.writelines(sheet.texts(console))
        stream.flush()
    except BrokenPipeError:
        hang_up(stream)
