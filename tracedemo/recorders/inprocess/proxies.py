"""Stand-ins for types that cannot be patched: select.epoll and the poll type since Python 3.15.

A proxy is a plain Python class that holds the real object and passes every call on. It takes the place of the type in the
module, so that `select.epoll()` makes a proxy, on whose class the wrappers are set. `isinstance(x, select.epoll)` holds for
what is made from then on. This is the one thing that a traced program can see of us (DESIGN, rule 1), and the header of the
trace says so.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.patchpoints import Patch

IMMUTABLE = 1 << 8
"""Py_TPFLAGS_IMMUTABLETYPE (CPython, Include/object.h)."""


def stand_in(patch: Patch, module: ModuleType, name: str, real_type: Any) -> Any:
    """Make the proxy class of an immutable type, and put it at `module.name`.

    Args:
        name: what programs call to make such an object: the type itself (epoll), or a function (poll).
    """
    make = getattr(module, name)

    def init(*args: Any, **kwargs: Any) -> None:
        try:
            # Of a real one __init__ is object's, which does nothing for an object that is there.
            if not args or not isinstance(args[0], proxy) or hasattr(args[0], "_real"):
                object.__init__(*args[:1])
            else:
                vars(proxy)["_real"].__set__(args[0], make(*args[1:], **kwargs))
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise

    body: dict[str, Any] = {
        "__slots__": ("_real", "__weakref__"),
        "__init__": init,
        "__doc__": real_type.__doc__,
    }
    for attribute in dir(real_type):
        if not attribute.startswith("_") or attribute in ("__enter__", "__exit__", "__reduce_ex__"):
            body[attribute] = _passing(real_type, attribute)
    proxy = type(name, (), body)
    proxy.__module__ = module.__name__
    patch.set(module, name, proxy)
    patch.proxied.append(f"{module.__name__}.{name}")
    return proxy


def _passing(real_type: Any, attribute: str) -> Any:
    """A method, property or class method that does what the real one does."""
    real = getattr(real_type, attribute)
    if not callable(real):
        return property(lambda self: getattr(self._real, attribute))
    of_class = attribute == "fromfd"

    def passing(*args: Any, **kwargs: Any) -> Any:
        try:
            if of_class:
                return _around(args[0], real(*args[1:], **kwargs))
            # The real method has the words for a call without an object, or with one of another type.
            result = real(*(getattr(args[0], "_real", args[0]), *args[1:]) if args else (), **kwargs)
            return args[0] if attribute == "__enter__" else result
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise

    passing.__name__, passing.__doc__ = attribute, real.__doc__
    return classmethod(passing) if of_class else passing


def _around(proxy: Any, real: Any) -> Any:
    made = proxy.__new__(proxy)
    made._real = real  # noqa: SLF001  # its own slot
    return made
