"""tracedemo: what Python network code really asks of the kernel.

    with tracedemo.trace() as t:
        ...

This file is imported inside traced programs, too, and so does nothing: public names are loaded when they are asked for.
(PYTEST_DONT_REWRITE: it may be there before pytest, which would warn that it comes too late to rewrite our asserts.)
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracedemo.api import trace as trace  # this way it is public for type checkers


def __getattr__(name: str) -> object:
    """Load a public name from the file that holds it."""
    if name != "trace":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tracedemo.api import trace

    return trace
