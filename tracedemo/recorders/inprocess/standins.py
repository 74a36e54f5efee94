"""How a function of ours stands in the place of another: with its name, its text and its nature.

A file of its own, since `children` needs no more than this at the start of every traced program.
"""

from tracedemo.recorders.inprocess.mapping import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Wrapper = Callable[..., Any]


_OURS = __file__.rpartition("standins")[0]


def leave_no_frame(error: BaseException) -> None:
    """Take our frames from the head of a traceback: a signal handler may raise anywhere in what we do."""
    while error.__traceback__ is not None and error.__traceback__.tb_frame.f_code.co_filename.startswith(
        _OURS
    ):
        error.__traceback__ = error.__traceback__.tb_next


def is_ours(error: BaseException) -> bool:
    """Whether an exception arose in code of ours; else a signal handler of the program has raised it meanwhile.

    (One that another thread has set by PyThreadState_SetAsyncExc has no frame, and counts as ours.)
    """
    end = error.__traceback__
    while end is not None and end.tb_next is not None:
        end = end.tb_next
    return end is None or end.tb_frame.f_code.co_filename.startswith(_OURS)


class Builtin(staticmethod):  # type: ignore[type-arg]  # a plain class costs less at start-up
    """A wrapper in the place of a function written in C.

    Such a function does not become a method when a class keeps it, as `SelectSelector._select = select.select` does; a
    Python function would. And it can be pickled by its name, as `Pool.map(socket.gethostbyname, hosts)` asks for.
    """

    def __reduce__(self) -> str:
        return self.__qualname__


def entered(attribute: str, wrapped: "Wrapper", original: "Any") -> "Wrapper":
    """Give a wrapper the name and the text of what it stands for, and its nature: it becomes a method, or does not.

    It also gets a code object of its own. The interpreter specializes instructions for what they meet, in caches that
    belong to the code object (PEP 659): sixty wrappers around sixty callables would spoil each other's for good.
    """
    wrapped.__code__ = wrapped.__code__.replace()
    wrapped.__name__ = attribute
    for name in ("__qualname__", "__doc__", "__module__"):
        with suppress(AttributeError):
            setattr(wrapped, name, getattr(original, name))
    if not hasattr(original, "__module__"):  # a method of a C class; pickle looks for it by module and name
        wrapped.__module__ = original.__objclass__.__module__.lstrip("_")
    wrapped.__wrapped__ = original  # type: ignore[attr-defined]  # inspect.signature() asks the original
    return wrapped if hasattr(original, "__get__") else Builtin(wrapped)
