"""The face: a result of analysis becomes lines of styled text.  Never prints, never computes what analysis computes.

views         VIEWS: what can be shown, by name; View.table, .plain, .jsonl
options       Options: width, alphabet, unfold, only
console       console_for(stream), options_for(console), THEME     (the one module here that imports rich at once)
glyphs        the six states: character, colour, words
lines         Sheet: lines as a rich renderable; safe(): text of a trace as text
grid          columns that know which of them gives way
log summary timeline phases wakeups connections comparison         one view each
"""

from tracedemo.render.options import Options
from tracedemo.render.views import FORMATS, VIEWS, View

__all__ = ["FORMATS", "VIEWS", "Options", "View"]
