"""The face: a result of analysis becomes lines of styled text.  Never prints, never computes what analysis computes.

views         VIEWS: what can be shown, by name; View.table, .plain, .jsonl
options       Options: width, alphabet, unfold, only
console       console_for(stream), options_for(console), THEME     (the one module here that imports rich at once)
pipe          options_for_pipe(stream): the same for a stream without colours, without rich
glyphs        the six states: character, colour, words
lines         Sheet: lines as a rich renderable; safe(): text of a trace as text
grid          columns that know which of them gives way
log summary timeline phases wakeups loop connections findings comparison         one view each

The names below are loaded when they are first used: a help needs the names of the views, and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracedemo.render.options import Options
    from tracedemo.render.views import FORMATS, VIEWS, View

__all__ = ["FORMATS", "VIEWS", "Options", "View"]


def __getattr__(name: str) -> object:
    """Load a public name from the file that holds it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'options' if name == 'Options' else 'views'}"), name)
