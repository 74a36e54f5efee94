"""How a view is to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracedemo.render.glyphs import ASCII, UTF8, Glyphs

if TYPE_CHECKING:
    from tracedemo.analysis.filters import Filter

PICTURE = 100
"""Columns that a drawing takes where there is no screen to fit."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a view is to be shown.  Which colours, is the console's business."""

    width: int | None = None
    """Columns to keep within; None: as long as the line is (a file, a pipe)."""
    ascii: bool = False
    """Draw and write with the 95 characters that everything can show."""
    unfold: bool = False
    """One line a row: nothing folded, nothing hidden."""
    only: Filter | None = None
    startup: bool = False
    """Show the system calls of an interpreter's start, too."""
    styled: bool = True
    """Whether styles are seen: a pipe has none, and what only serves them can be left out."""

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        return ASCII if self.ascii else UTF8

    @property
    def picture(self) -> int:
        """Columns for a drawing, which must end somewhere."""
        return self.width or PICTURE
