"""Wrong arguments: every patched method and function has CPython's own words for them, and no frame of ours.

The calls are made from `patchpoints.POINTS`: a new row is tried without a word here, unless it is of a class of which no
object is made yet. Then the script fails, bare and traced, and OBJECTS is the place to make one.
"""

from __future__ import annotations

import importlib
import re
from typing import Any, Literal

import pytest

from tests.recorders.conftest import Record, WriteScript
from tests.recorders.inprocess.bare_and_traced import bare, traced
from tracedemo.events import PYTHON
from tracedemo.recorders.inprocess.patchpoints import POINTS

Row = tuple[str, str, str]
"""Class or "", attribute, operation."""

BESIDES: dict[str, list[Row]] = {
    "asyncio.base_events": [("BaseEventLoop", "create_task", "")],
    "asyncio.events": [("", "_set_running_loop", "")],
    "os": [("", name, "runs") for name in ("posix_spawn", "posix_spawnp", "execv", "execve", "system")],
    "_posixsubprocess": [("", "fork_exec", "runs")],
}
"""What is patched by other ways than the table."""

TEXT_IS_NO_MISTAKE = ("getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo", "sethostname", "runs")
"""Operations that would succeed with a text, or ask a resolver."""

WRONG = """
    import importlib, io, os, select, selectors, socket, ssl, sys, traceback

    module = importlib.import_module(sys.argv[1])
    ready, wakes = socket.socketpair()
    wakes.send(b"x" * 50)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def watching(maker):
        made = maker()
        made.register(ready, 1)
        return made

    def loop():
        import asyncio
        return asyncio.new_event_loop()

    OBJECTS = {
        "socket": socket.socket,
        "SSLSocket": lambda: context.wrap_socket(socket.socket()),
        "epoll": lambda: watching(select.epoll),
        "poll": lambda: watching(select.poll),
        "SelectSelector": lambda: watching(selectors.SelectSelector),
        "PollSelector": lambda: watching(selectors.PollSelector),
        "EpollSelector": lambda: watching(selectors.EpollSelector),
        "_BaseSelectorImpl": lambda: watching(selectors.SelectSelector),
        "_PollLikeSelector": lambda: watching(selectors.PollSelector),
        "BaseEventLoop": loop,
    }
    ARGUMENTS = [
        ((), {}), ((None,), {}), ((object,), {}), ((1.5,), {}), ((-1,), {}), ((1 << 70,), {}), ((b"x",), {}),
        ((None, None), {}), ((3, object), {}), ((b"x", b"y"), {}), (([], []), {}), ((object, 1, 2), {}),
        ((1, 2, 3), {}), ((1, 2, 3, 4), {}), ((1, 2, 3, 4, 5), {}), ((1,) * 9, {}), ((), {"nonsense": 1}),
        ((1,), {"nonsense": 1}), ((), {"fileno": -7}), (("127.0.0.1",), {}), ((("127.0.0.1", []),), {}),
        ((("127.0.0.1", "x"),), {}), ((("127.0.0.1", 70000),), {}), ((["127.0.0.1", 1],), {}), ((bytearray(3), -1), {}),
        ((bytearray(3), 9), {}), ((), {"buffer": bytearray(3)}), ((), {"timeout": "x"}), (([], [], [], "x"), {}),
        (([], [], [], -1), {}), ((), {"fileobj": 9999}), ((), {"events": 1, "fileobj": 9999}), ((9999, 0), {}),
    ]

    def attempt(what, call, args=(), kwargs={}):
        try:
            result = call(*args, **kwargs)
        except BaseException as error:
            frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
            chain = [type(one).__name__ for one in (error.__context__, error.__cause__) if one]
            print(what, args, kwargs, type(error).__name__, error, getattr(error, "errno", None), frames, chain)
            print(what, traceback.format_exc().splitlines()[-1])
        else:
            print(what, args, kwargs, "->", type(result).__name__)
            if isinstance(result, (socket.socket, selectors.BaseSelector)):
                result.close()

    def in_usual_words(**names):
        # As programs are written: the interpreter has other words for a bound method that was taken first.
        for text in ("thing.NAME(nonsense=1)", "thing.NAME(1, nonsense=2)", "kind.NAME(thing, nonsense=1)",
                     "kind.NAME()", "kind.NAME(5)", "kind.NAME(nonsense=1)"):
            yield text, eval(f"lambda thing, kind: {text.replace('NAME', names['name'])}")

    def method(place, name):
        maker = OBJECTS[place]
        for args, kwargs in ARGUMENTS:
            thing = maker()
            kind = getattr(module, place, type(thing)) if place != "poll" else type(thing)
            if name == "__init__":
                attempt((place, name), type(thing), args, kwargs)  # a second __init__ would take the descriptor away
            else:
                attempt(("BOUND", place, name), getattr(kind, name).__get__(thing), args, kwargs)
                attempt((place, name, "unbound"), getattr(kind, name), args, kwargs)
            if hasattr(thing, "close"):
                thing.close()  # selectors are cycles, and fill the descriptors until they are collected
        for text, call in in_usual_words(name=name):
            thing = maker()
            kind = getattr(module, place, type(thing)) if place != "poll" else type(thing)
            if name != "__init__" or not text.startswith("thing"):
                attempt((place, name, text), call, (thing, kind))
            if hasattr(thing, "close"):
                thing.close()

    def has_text(value):
        return isinstance(value, (str, bytes, bytearray)) or isinstance(value, tuple) and any(map(has_text, value))

    def function(name, text_is_no_mistake):
        for args, kwargs in ARGUMENTS:
            if not (text_is_no_mistake and any(map(has_text, args))) and not any(isinstance(one, str) for one in args):
                attempt(name, getattr(module, name), args, kwargs)
            if name == "_set_running_loop":
                module._set_running_loop(None)

    for place, name, text_is_no_mistake in ROWS:
        method(place, name) if place else function(name, text_is_no_mistake)
"""


def there(module: str, place: str, attribute: str) -> bool:
    """Whether this interpreter has what a row names."""
    where: Any = importlib.import_module(module)
    if place:
        where = getattr(where, place, None)
        if place == "poll" and where is not None and not isinstance(where, type):
            where = type(where())
    return where is not None and hasattr(where, attribute)


def rows(module: str) -> list[Row]:
    """All that is patched there, once each."""
    found = [(place, attribute, op) for place, attribute, op, _ in POINTS.get(module, ())]
    found += BESIDES.get(module, [])
    return [row for row in sorted(dict.fromkeys(found)) if there(module, *row[:2])]


MODULES = sorted({*POINTS, *BESIDES})


@pytest.mark.parametrize("pace", ["clock", "lockstep"])
@pytest.mark.parametrize("module", MODULES)
def test_same_words_for_wrong_arguments(
    module: str, pace: Literal["clock", "lockstep"], script: WriteScript
) -> None:
    """Every patched method and function has the same words for wrong arguments, and the same frames in the traceback.

    Not tried: text where it is no mistake; calls that could wait.
    Not compared: whether a bound method that was taken first (`f = sock.recv; f(x=1)`) says `recv() takes no keyword
    arguments` or `socket.recv() takes ...`. CPython says the former, and the wrapper calls the unbound one. Of
    `sock.recv(x=1)` every byte is compared.
    """
    tried = [(place, name, op in TEXT_IS_NO_MISTAKE) for place, name, op in rows(module)]
    path = script(WRONG.replace("ROWS", repr(tried)))

    alone = bare(path, module)
    assert (0, "") == (alone.exit_code, alone.complaints)
    with_us = traced(path, module, pace=pace)
    assert [leave_out_owner(line) for line in alone.output.splitlines()] == [
        leave_out_owner(line) for line in with_us.output.splitlines()
    ]
    assert alone[0::2] == with_us[0::2]
    assert alone.output.count("\n") > 15 * len(tried)


def leave_out_owner(line: str) -> str:
    """Of bound methods: see above."""
    owner = r"\b(?:socket|epoll|poll)\.(\w+\(\) takes no keyword)"
    return re.sub(owner, r"\1", line) if line.startswith("('BOUND'") else line


def test_rows_are_tried() -> None:
    """Of each module of the table this interpreter has something to try; what it lacks is another system's."""
    assert [] == [module for module in MODULES if not rows(module)]
    lacking = {
        place or attribute
        for module, points in POINTS.items()
        for place, attribute, _, _ in points
        if not there(module, place, attribute)
    }
    of_other_systems = {"kqueue", "DevpollSelector", "KqueueSelector"}
    assert {"socket"} >= lacking - of_other_systems  # socket.ioctl and share, of Windows


def test_the_wrong_calls_do_not_spoil_the_trace(record: Record) -> None:
    """A call with wrong arguments is shown with its exception, or not at all; the right ones beside it are all there."""
    done = record("""
        import socket
        sock = socket.socket()
        for args in ((), (None,), ("a", "b"), (("127.0.0.1", []),)):
            try:
                sock.connect(*args)
            except TypeError:
                sock.getsockname()
        sock.close()
    """)

    assert (0, "") == (done.exit_code, done.complaints)
    ops = [
        event.op
        for event in done.trace.lane(PYTHON)
        if event.op != "connect" and "importing" not in event.args
    ]
    assert ["socket", *["getsockname"] * 4, "close"] == ops
    assert {"TypeError"} >= {event.exc for event in done.trace.lane(PYTHON) if event.op == "connect"}
    assert () == done.trace.header.notes or all("stand-ins" in note for note in done.trace.header.notes)
