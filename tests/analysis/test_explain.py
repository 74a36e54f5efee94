"""Every name gets an explanation, drawn from the table, and what it tells to type can be typed."""

from __future__ import annotations

import errno
import os
import re
import shlex

import pytest

from tracedemo.analysis import naming, systems
from tracedemo.analysis.explain import catalogue, explain, explain_all
from tracedemo.analysis.filters import parse
from tracedemo.analysis.topics import Topic
from tracedemo.cli.arguments import parser_for
from tracedemo.cli.present import wish
from tracedemo.errors import UsageError
from tracedemo.runner import find_target
from tracedemo.syscalls import (
    ERRNO,
    EXCEPTIONS,
    OPERATION,
    OPERATIONS,
    PHASES,
    STEPS,
    SYSTEM_CALL,
    SYSTEM_CALLS,
)
from tracedemo.syscalls.spelled import SPELLED
from tracedemo.syscalls.words import WORDS

ROWS = [*OPERATIONS, *SYSTEM_CALLS, *EXCEPTIONS, *STEPS, *WORDS]
NAMES = list(dict.fromkeys([*(row.name for row in ROWS), *ERRNO, *PHASES, "11", "35", "10035"]))


def part(topic: Topic, name: str) -> dict[str, str]:
    """The rows of a part."""
    return dict(next(part.rows for part in topic.parts if part.name == name))


def kinds(name: str) -> list[tuple[str, str]]:
    return [(topic.kind, topic.name) for topic in explain(name, "Linux")]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_listed_is_explained(name: str) -> None:
    """Each name of the table has a topic of that name, whose meaning is a sentence and whose parts say something."""
    topics = explain(name, "Linux")

    also = [
        called
        for topic in topics
        for part in topic.parts
        if part.name == "also called"
        for _, called in part.rows
    ]
    assert name in [topic.name for topic in topics] or name in ", ".join(also).split(", ")
    for topic in topics:
        assert re.fullmatch(r"[A-Z].*\.", topic.meaning), topic.meaning
        assert topic.meaning.isascii()
        assert all(part.rows for part in topic.parts)
        assert all(key or text for part in topic.parts for key, text in part.rows)


@pytest.mark.parametrize("command", sorted(
    {key for name in NAMES for topic in explain(name, "Linux") for part in topic.parts if part.name == "see it"
     for key, _ in part.rows if key}
))  # fmt: skip
def test_what_is_told_to_type_is_understood(command: str) -> None:
    """Each command of an explanation names options, views, a variant and words of --only that there are."""
    program, verb, variant, *options = shlex.split(command)
    args = parser_for(verb).understand([*options, variant])

    assert ("tracedemo", "run") == (program, verb)
    assert find_target([variant]).name == variant
    wish(args)
    parse(getattr(args, "only", ""))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("recv", [("call", "recv")]),
        ("sock.recv()", [("call", "recv")]),
        ("socket.socket.recv", [("call", "recv")]),
        ("RECV", [("call", "recv")]),
        ("connect", [("call", "connect"), ("system call", "connect")]),
        ("connect(2)", [("call", "connect"), ("system call", "connect")]),
        ("epoll_wait", [("system call", "epoll_wait")]),
        ("select.select", [("call", "select")]),
        ("DefaultSelector", [("call", "selector")]),
        ("getservbyname", [("call", "getservby")]),
        ("EAGAIN", [("errno", "EAGAIN")]),
        ("ewouldblock", [("errno", "EAGAIN")]),
        ("errno.EAGAIN", [("errno", "EAGAIN")]),
        ("WSAEWOULDBLOCK", [("errno", "EAGAIN")]),
        ("11", [("number", "11"), ("errno", "EAGAIN"), ("errno", "EDEADLK")]),
        ("35", [("number", "35"), ("errno", "EDEADLK"), ("errno", "EAGAIN")]),
        ("[Errno 115]", [("number", "115"), ("errno", "EINPROGRESS")]),
        ("Err#36", [("number", "36"), ("errno", "EINPROGRESS")]),
        ("-104", [("number", "104"), ("errno", "ECONNRESET")]),
        ("WinError 10035", [("number", "10035"), ("errno", "EAGAIN")]),
        ("BlockingIOError", [("exception", "BlockingIOError")]),
        ("socket.timeout", [("exception", "TimeoutError")]),
        ("receive", [("phase", "receive")]),
        ("phase=connect", [("phase", "connect")]),
        ("not-yet", [("word", "not yet")]),
        ("Level Triggered", [("word", "level-triggered")]),
        ("fionbio", [("word", "FIONBIO")]),
        ("fd", [("word", "file descriptor")]),
        ("yield", [("step", "yield")]),
    ],
)  # fmt: skip
def test_spellings(typed: str, expected: list[tuple[str, str]]) -> None:
    """A name may be written as in code, as in a manual, or as messages have it."""
    assert expected == kinds(typed)


def test_number_by_system() -> None:
    """A number is told for each system that has it, and the one that is asked from comes first."""
    told = {
        system: next(iter(part(explain("35", system)[0], "on").items()))
        for system in ("Linux", "macOS", "FreeBSD")
    }

    assert ("Linux (here)", "EDEADLK: waiting for that lock would never end") == told["Linux"]
    assert ("macOS (here)", "EAGAIN: nothing to say yet, ask again later") == told["macOS"]
    assert ("FreeBSD (here)", "EAGAIN: nothing to say yet, ask again later") == told["FreeBSD"]
    assert ["EAGAIN", "EDEADLK"] == [topic.name for topic in explain("35", "macOS")[1:]]
    assert {"Windows (here)": "WSAEWOULDBLOCK 10035", "Linux": "11", "macOS": "35", "FreeBSD": "35"} == part(
        explain("EAGAIN", "Windows")[0], "numbers"
    )


def test_errno() -> None:
    """An errno tells its exception, what to do, where it is usual, and a variant that meets it."""
    (topic,) = explain("EINPROGRESS", "Linux")

    assert {"": "BlockingIOError"} == part(topic, "raised as")
    assert "SO_ERROR" in part(topic, "what to do")[""]
    assert ["connect"] == list(part(topic, "usual for"))
    assert {
        "tracedemo run nonblocking --only EINPROGRESS": "also in selector, asyncio_sock, asyncio_streams, upload, robust"
    } == part(topic, "see it")


def test_call_and_system_call() -> None:
    """A call tells which system calls it becomes, and a system call by which calls it is made."""
    (recv,) = explain("recv")
    (recvfrom,) = (topic for topic in explain("recvfrom") if topic.kind == "system call")

    assert ["recvfrom"] == list(part(recv, "becomes"))
    assert {"recv", "recv_into", "recvfrom", "recvfrom_into"} == part(recvfrom, "made by").keys()
    assert part(recv, "answers") == part(recvfrom, "answers")
    assert part(recv, "answers")["EAGAIN"].startswith("BlockingIOError: ")
    assert ["tracedemo run blocking --kernel --only recvfrom"] == list(part(recvfrom, "see it"))


@pytest.mark.parametrize(
    ("name", "head"), [("epoll_pwait", "epoll_wait"), ("ppoll", "poll"), ("pselect6", "select")]
)
def test_variant_of_a_system_call(name: str, head: str) -> None:
    """What is usual for a system call holds for its variants, and each names the others."""
    one, other = ({topic.kind: topic for topic in explain(word)}["system call"] for word in (name, head))

    assert head in part(one, "also as")
    assert name in part(other, "also as")
    for label in ("answers", "made by", "see it"):
        assert part(one, label) == part(other, label)


def test_several_words() -> None:
    """Words are taken together where that is a name, and what is asked for twice is told once."""
    found = explain_all(["not", "yet", "recv", "file", "descriptor", "recv"], "Linux")

    assert ["not yet", "recv", "file descriptor"] == [topic.name for topic in found]


def test_local_errno(monkeypatch: pytest.MonkeyPatch) -> None:
    """An errno that only this machine's C library knows is told in its words, by name and by number."""
    monkeypatch.setitem(errno.errorcode, 199, "EJUGGLE")
    monkeypatch.setattr(os, "strerror", {199: "Too many balls"}.get)

    assert "Too many balls." == explain("ejuggle")[0].meaning
    assert {f"{systems.this_system()} (here)": "EJUGGLE: too many balls"} == part(explain("199")[0], "on")


@pytest.mark.parametrize(
    ("platform", "system"),
    [("linux", "Linux"), ("darwin", "macOS"), ("freebsd14", "FreeBSD"), ("openbsd7", "FreeBSD"), ("win32", "Windows"),
     ("cygwin", "Windows"), ("emscripten", "Linux")],
)  # fmt: skip
def test_system(platform: str, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system whose numbers count is the one that Python says we run on."""
    monkeypatch.setattr("sys.platform", platform)

    assert system == systems.this_system()


@pytest.mark.parametrize(
    "name", ["", " ", "frob", "é", "x" * 5000, "99999", "-", ".", "recv.", "a.b", "\x1b[31m", "()"]
)
def test_unknown(name: str) -> None:
    """What means nothing is refused with the way to all names."""
    with pytest.raises(UsageError) as caught:
        explain(name)

    assert caught.value.remedy.endswith("All names: tracedemo explain")


@pytest.mark.parametrize(
    ("name", "near"),
    [("epol_wait", "epoll_wait"), ("recieve", "receive"), ("EAGIAN", "EAGAIN"), ("BlockingError", "BlockingIOError"),
     ("backlg", "backlog"), ("trigger", "level-triggered"), ("descript", "file-descriptor")],
)  # fmt: skip
def test_near(name: str, near: str) -> None:
    """A name that is nearly right is answered with what may have been meant, as it can be typed."""
    with pytest.raises(UsageError) as caught:
        explain(name)

    assert near in re.split(r"[:,?] +", caught.value.remedy)
    assert explain(near)


def test_catalogue_is_complete() -> None:
    """The list of all names has each name of the table once, and each can be typed as one word."""
    names = [name for part in catalogue().parts for _, text in part.rows for name in text.split(", ")]

    for row in ROWS:
        assert naming.typed(row.name) in names
    assert {*ERRNO, *PHASES} <= set(names)
    assert all(" " not in name and explain(name) for name in names)


def test_names_are_not_mixed_up() -> None:
    """No spelling of one row is taken for that of another row of its kind."""
    for name in NAMES:
        rows = naming.find(name)
        assert len(rows) == len({type(row) for row in rows}), name


def test_see_also_can_be_asked() -> None:
    """What a word refers to is explained, too."""
    for row in WORDS:
        assert all(explain(name) for name in row.see), row.name


def test_spelled_names_lead_to_their_operation() -> None:
    """Each dotted name of an operation is understood as that operation."""
    for op, names in SPELLED.items():
        assert all(OPERATION[op] in naming.find(name) for name in names), op
    assert all(SYSTEM_CALL[name] in naming.find(name) for name in SYSTEM_CALL)
