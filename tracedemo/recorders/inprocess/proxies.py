"""Stand-ins for types that cannot be patched: select.epoll and the poll type since Python 3.15.

A proxy is a plain Python class that holds the real object and passes every call on. It takes the place of the type in the
module, so that `select.epoll()` makes a proxy; `isinstance(x, select.epoll)` still holds for what is made from then on. This is
the one thing that a traced program can see of us (DESIGN, rule 1), and the header of the trace says so.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracedemo.recorders.inprocess.patchpoints import Patch
    from tracedemo.recorders.inprocess.spool import Spool


def stand_in(spool: Spool, patch: Patch, place: Any, attribute: str, wrapped: Any) -> None:
    """Give the proxy of the immutable type `place` a wrapped method, making the proxy at the first call."""
    import select

    name = place.__name__
    proxy = getattr(select, name)
    if proxy is place or not isinstance(proxy, type):  # poll is a function that makes the object
        proxy = _make_epoll(place) if proxy is place else _make_poll(proxy)
        if name == "epoll":
            patch.set(select, name, proxy)
        else:
            patch.set(select, name, proxy)
        patch.proxied.append(f"select.{name}")
        _teach_selectors(patch, place, proxy)
    if attribute == "__init__":
        return
    setattr(proxy, attribute, wrapped)
    del spool


def _make_epoll(real_type: Any) -> Any:
    class epoll:  # noqa: N801  # stands in the place of select.epoll
        __slots__ = ("_real",)

        def __init__(self, sizehint: int = -1, flags: int = 0) -> None:
            self._real = real_type(sizehint, flags)

        @classmethod
        def fromfd(cls, fd: int) -> Any:
            made = cls.__new__(cls)
            made._real = real_type.fromfd(fd)
            return made

        def fileno(self) -> Any:
            return self._real.fileno()

        @property
        def closed(self) -> Any:
            return self._real.closed

        def __enter__(self) -> Any:
            self._real.__enter__()
            return self

    return epoll


def _make_poll(factory: Any) -> Any:
    class poll:  # noqa: N801
        __slots__ = ("_real",)

        def __init__(self) -> None:
            self._real = factory()

    return poll


def _teach_selectors(patch: Patch, place: Any, proxy: Any) -> None:
    del patch, place, proxy
