"""Nothing of the socket, select, selectors and ssl interface is forgotten, on whatever Python this is."""

from __future__ import annotations

import inspect
import select
import selectors
import socket
import ssl
from collections.abc import Iterator
from types import ModuleType

import pytest

from tracedemo.recorders.inprocess.layout import OPS
from tracedemo.recorders.inprocess.patchpoints import POINTS, SILENT
from tracedemo.syscalls import OPERATION


def patched(module: str, class_name: str) -> set[str]:
    """What POINTS names of a class; of a module if the name of the class is empty."""
    return {attribute for place, attribute, _, _ in POINTS[module] if place == class_name}


def members(kind: type) -> set[str]:
    """The methods and properties of a class that not every object has; slots hold values, and do nothing."""
    common = {name for name in dir(object) if getattr(kind, name, None) == getattr(object, name, None)}
    slots = {name for name in dir(kind) if inspect.ismemberdescriptor(inspect.getattr_static(kind, name))}
    read = slots - {"family", "type", "proto", "timeout"}
    return {name for name in dir(kind) if name not in common | read and not is_of_every_class(name)}


def is_of_every_class(name: str) -> bool:
    return name in {
        *("__module__", "__doc__", "__dict__", "__weakref__", "__slots__", "__annotations__"),
        *(
            "__abstractmethods__",
            "_abc_impl",
            "__static_attributes__",
            "__firstlineno__",
            "__annotate_func__",
        ),
        *("__new__", "__init_subclass__", "__subclasshook__", "__getattribute__"),
    }


def functions(module: ModuleType) -> set[str]:
    """The functions of a module, wherever they come from."""
    return {name for name, value in vars(module).items() if inspect.isroutine(value)}


def unexplained(names: set[str], module: str, class_name: str, silent: str) -> set[str]:
    return names - patched(module, class_name) - SILENT[silent].keys()


def test_methods_of_a_socket() -> None:
    """Each method and attribute of socket.socket is patched, or listed as making no system call of its own."""
    assert set() == unexplained(members(socket.socket), "socket", "socket", "socket")


def test_functions_of_the_socket_module() -> None:
    """Each function of the socket module is patched, there or in the C module, or listed with a reason."""
    names = unexplained(functions(socket), "socket", "", "socket module")

    assert set() == names - patched("_socket", "")


def test_functions_of_the_select_module() -> None:
    """The select module has no function but select() and those that make an object of which the methods are patched."""
    makers = {"poll", "epoll", "kqueue", "kevent", "devpoll"}

    assert {"select"} == functions(select) - makers


def readiness_types() -> Iterator[tuple[str, type]]:
    for name in ("epoll", "poll", "kqueue"):
        made = getattr(select, name, None)
        if made is not None:
            yield name, made if isinstance(made, type) else type(made())


@pytest.mark.parametrize(("name", "kind"), list(readiness_types()), ids=str)
def test_methods_of_epoll_poll_and_kqueue(name: str, kind: type) -> None:
    """Each method of the types of the select module is patched, or listed as making no system call."""
    assert set() == unexplained(members(kind), "select", name, name)


def selector_classes() -> list[type]:
    return [value for value in vars(selectors).values() if isinstance(value, type) and value.__name__ != "SelectorKey"
            and (issubclass(value, selectors.BaseSelector) or value.__name__ == "_SelectorMapping")]  # fmt: skip


@pytest.mark.parametrize("kind", selector_classes(), ids=lambda kind: kind.__name__)
def test_methods_of_selectors(kind: type) -> None:
    """Each method that a selector class defines is patched there, or listed; the abstract ones do nothing."""
    own = {name for name, value in vars(kind).items() if callable(value) or isinstance(value, property)}
    own = {name for name in own if not is_of_every_class(name)}
    if kind is selectors.BaseSelector:
        own = {name for name in own if not getattr(vars(kind)[name], "__isabstractmethod__", False)}
        own -= {"modify", "close"}  # made of the abstract ones; nothing to close
    if kind.__name__ == "_SelectorMapping":
        own = set()  # a view of a dict

    assert set() == unexplained(own, "selectors", kind.__name__, "selectors")


def test_methods_of_a_tls_socket() -> None:
    """Each method that ssl.SSLSocket defines for itself is patched there, or listed with a reason."""
    own = {
        name
        for name, value in vars(ssl.SSLSocket).items()
        if inspect.isroutine(value) or isinstance(value, property)
    }

    assert set() == unexplained(
        {name for name in own if not is_of_every_class(name)}, "ssl", "SSLSocket", "ssl"
    )


def test_reasons_are_given() -> None:
    """What is not patched is listed with a reason, and nothing is both patched and listed."""
    assert all(reason for names in SILENT.values() for reason in names.values())
    assert not patched("socket", "socket") & SILENT["socket"].keys()
    assert not (patched("socket", "") | patched("_socket", "")) & SILENT["socket module"].keys()
    assert not patched("ssl", "SSLSocket") & SILENT["ssl"].keys()


def test_every_operation_can_be_written_and_explained() -> None:
    """What a patch point records has a code in the spool and a row in the table of system calls."""
    operations = {op for points in POINTS.values() for _, _, op, _ in points}

    assert operations <= set(OPS)
    assert operations <= OPERATION.keys()
