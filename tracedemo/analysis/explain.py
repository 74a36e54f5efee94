"""What a name means: a call, a system call, an errno by name or number, an exception, a phase, a word of the trade.

Everything is drawn from the table in `syscalls`: nothing is said here that no row says. A name may mean several things:
`connect` is a call and a system call; `35` is EAGAIN on one system and EDEADLK on another. Each is a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tracedemo.analysis import systems
from tracedemo.analysis.naming import Row, find, near, number_in, typed
from tracedemo.analysis.topics import NOBODY, Topic, command, listed, sentence, shown_by, topic
from tracedemo.errors import UsageError
from tracedemo.syscalls import (
    ERRNO,
    ERRNOS,
    EXCEPTIONS,
    GROUPS,
    NO_ERRNO,
    OPERATIONS,
    PHASES,
    STEPS,
    SYSTEM_CALL,
    SYSTEM_CALLS,
    ErrnoRow,
    ExceptionRow,
    Operation,
    Step,
    SystemCallRow,
    usual,
)
from tracedemo.syscalls.spelled import SPELLED
from tracedemo.syscalls.words import PHASE_MEANINGS, WORDS, Word

_MOST_WORDS = 3
"""Words that may be one name: `three way handshake`."""
_MANY = 8
"""So many errnos are only named."""


def explain(name: str, here: str | None = None) -> tuple[Topic, ...]:
    """What a name means; the usual meaning comes first.

    Args:
        here: the system whose numbers come first; None: this machine's.

    Raises:
        UsageError: it means nothing that we know; the remedy names what looks alike.
    """
    here = here or systems.this_system()
    number = number_in(name)
    if number is not None:
        return _of_number(number, here)
    rows = find(name)
    if rows:
        return tuple(_OF[type(row)](row, rows, here) for row in rows)
    local = systems.local_number(name.strip().upper())
    if local is not None:
        return (_of_local(local),)
    alike = near(name)
    hint = f"Did you mean: {', '.join(alike)}?  " if alike else ""
    raise UsageError(f"there is nothing to explain about {name!r:.60}", f"{hint}All names: tracedemo explain")


def explain_all(words: Sequence[str], here: str | None = None) -> tuple[Topic, ...]:
    """What several words mean, each for itself, or together where that is a name: `not yet`, `file descriptor`.

    Raises:
        UsageError: one of them means nothing.
    """
    found: dict[tuple[str, str], Topic] = {}
    rest = list(words)
    while rest:
        some = range(min(_MOST_WORDS, len(rest)), 1, -1)
        together = next((number for number in some if find(" ".join(rest[:number]))), 1)
        for one in explain(" ".join(rest[:together]), here):
            found.setdefault((one.kind, one.name), one)
        del rest[:together]
    return tuple(found.values())


def catalogue() -> Topic:
    """All that can be asked for."""
    calls = [(phase, _names(row for row in OPERATIONS if row.phase == phase)) for phase in PHASES]
    system_calls = [(group, _names(row for row in SYSTEM_CALLS if row.group == group)) for group in GROUPS]
    lanes = dict.fromkeys(row.lane for row in STEPS)
    return topic(
        "list", "explain", "what can be asked for: tracedemo explain NAME",
        "An errno may be given by its number, too, such as 11.",
        calls=calls,
        system_calls=system_calls,
        errnos=listed(*ERRNO),
        exceptions=listed(_names(EXCEPTIONS)),
        steps=[(lane, _names(row for row in STEPS if row.lane == lane)) for lane in lanes],
        phases=listed(*PHASES),
        words=listed(_names(WORDS)),
    )  # fmt: skip


def _names(rows: Iterable[Operation | SystemCallRow | ExceptionRow | Step | Word]) -> str:
    return ", ".join(typed(row.name) for row in rows)


# Calls


def _of_operation(row: Operation, beside: Sequence[Row], _here: str) -> Topic:
    """A call of Python; what its system call says of itself is left to that, where it is told next."""
    below = {other.name for other in beside if isinstance(other, SystemCallRow)}
    becomes = [
        (name, "see below" if name in below else SYSTEM_CALL[name].meaning) for name in row.system_calls
    ]
    return topic(
        "call", row.name, "a call of Python code", row.meaning,
        in_Python=listed(*SPELLED[row.name]),
        phase=listed(row.phase),
        waits=listed(WAITS[row.could_wait]),
        becomes=becomes or listed("no system call by itself"),
        answers=[] if below & set(row.system_calls[:1]) else _answers(row),
        see_it=shown_by(lambda seen: row.name in seen.names, f"--only {row.name}") or NOBODY,
        manual=[] if row.family == "lookup" else listed(*(f"man 2 {name}" for name in row.system_calls[:1])),
    )  # fmt: skip


def _answers(row: Operation) -> Iterable[tuple[str, str]]:
    """What can come back instead of a result: the errnos of its usual system call, with the exception that Python makes."""
    if row.family in NO_ERRNO:
        return NO_ERRNO[row.family]
    return _raised(SYSTEM_CALL[row.system_calls[0]].answers) if row.system_calls else ()


def _raised(answers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, f"{ERRNO[name].exception}: {text}") for name, text in answers)


WAITS = {
    "": "never",
    "read": "until something arrives, if the descriptor blocks",
    "write": "until the send buffer has room, if the descriptor blocks",
    "connect": "until the handshake is done, if the socket blocks",
    "ready": "until a descriptor is ready, or the timeout ends",
    "lookup": "until the name is looked up, whether or not sockets block",
    "file": "until the disk answers",
    "exec": "until the child runs its program, or ends",
}
"""What a call would sleep for, in words."""


def _of_system_call(row: SystemCallRow, _beside: Sequence[Row], _here: str) -> Topic:
    """A system call; what is usual for it stands with the usual one of its family."""
    head = SYSTEM_CALL[usual(row.name)]
    family = {other.name for other in SYSTEM_CALLS if head.name in (other.name, other.like)}
    return topic(
        "system call", row.name, "a system call", row.meaning,
        where=listed(row.where),
        waits=listed(WAITS[row.waits]),
        also_as=[(name, SYSTEM_CALL[name].meaning) for name in sorted(family - {row.name})],
        made_by=_made_by(family, row.python or head.python),
        answers=_raised(row.answers or head.answers),
        see_it=shown_by(lambda seen: head.name in seen.system_calls, f"--kernel --only {head.name}") or NOBODY,
        manual=listed(f"man 2 {row.name}"),
    )  # fmt: skip


def _made_by(family: set[str], python: str) -> list[tuple[str, str]]:
    """Calls that usually make one of these, with their meaning; then the names of those that do so now and then."""
    makers = [op for op in OPERATIONS if family & set(op.system_calls)]
    usually = [op for op in makers if {op.name, op.system_calls[0]} & family] or makers
    others = ", ".join([*(op.name for op in makers if op not in usually), *filter(None, [python])])
    rows = [(op.name, op.meaning) for op in usually]
    if others:
        rows.append(("", f"also {others}" if rows else others))
    return rows or [("", "nothing in Python's standard library")]


# Answers


def _of_errno(row: ErrnoRow, _beside: Sequence[Row], here: str) -> Topic:
    answers = [
        (call, text)
        for call in SYSTEM_CALLS
        if not call.like
        for name, text in call.answers
        if name == row.name
    ]
    return topic(
        "errno", row.name, "an error of the kernel", sentence(row.meaning),
        also_called=listed(*row.also),
        numbers=[(systems.named(system, here), systems.number_text(row, system)) for system in systems.ordered(here)],
        raised_as=listed(row.exception),
        what_to_do=listed(row.remedy),
        usual_for=[(call.name, text) for call, text in answers],
        see_it=shown_by(lambda seen: row.name in {name for _, name in seen.answers}, f"--only {row.name}", row.show),
    )  # fmt: skip


def _of_exception(row: ExceptionRow, _beside: Sequence[Row], _here: str) -> Topic:
    errnos = {errno.name: errno.meaning for errno in ERRNOS if errno.exception == row.name}
    return topic(
        "exception", row.name, "an exception", row.meaning,
        also_called=listed(*row.also),
        errnos=errnos.items() if len(errnos) < _MANY else listed(*errnos),
        see_it=shown_by(lambda seen: any(name in errnos for _, name in seen.answers), f"--only {row.name}"),
    )  # fmt: skip


def _of_number(number: int, here: str) -> tuple[Topic, ...]:
    """What a number is on each system, then the rows that it can mean.

    Raises:
        UsageError: it is no errno anywhere.
    """
    rows = {system: systems.by_number(number, system) for system in systems.ordered(here)}
    known = {row.name: row for row in rows.values() if row}
    on = [(systems.named(system, here), f"{row.name}: {row.meaning}") for system, row in rows.items() if row]
    if not rows[here] and here == systems.this_system() and (name := systems.local_name(number)):
        on.insert(0, (systems.named(here, here), f"{name}: {systems.local_meaning(number)}"))
    if not on:
        raise UsageError(f"{number} is the number of no errno that we know", "All names: tracedemo explain")
    about = topic(
        "number", str(number), "an errno by its number", "Which one it is depends on the system.", on=on
    )
    return (about, *(_of_errno(row, (), here) for row in known.values()))


def _of_local(number: int) -> Topic:
    """An errno that this machine has and the table has not."""
    here = systems.this_system()
    return topic(
        "errno", systems.local_name(number), "an error of the kernel", sentence(systems.local_meaning(number)),
        numbers=[(systems.named(here, here), str(number))],
        raised_as=listed(type(OSError(number, "")).__name__),
    )  # fmt: skip


# All else


def _of_step(row: Step, _beside: Sequence[Row], _here: str) -> Topic:
    see_it = shown_by(lambda seen: row.name in seen.names, f"--only {row.name}")
    return topic("step", row.name, f"a step in the {row.lane} lane", row.meaning, see_it=see_it)


def _of_word(row: Word, _beside: Sequence[Row], _here: str) -> Topic:
    return topic("word", row.name, "a word of the trade", row.meaning,
                 also_called=listed(*row.also), see_also=listed(*row.see), see_it=command(row.show))  # fmt: skip


def _of_phase(phase: str, _beside: Sequence[Row], _here: str) -> Topic:
    names = [row.name for row in OPERATIONS if row.phase == phase]
    see_it = shown_by(lambda seen: any(name in seen.names for name in names), "--view phases")
    return topic(
        "phase", phase, "a phase of a fetch", PHASE_MEANINGS[phase], calls=listed(*names), see_it=see_it
    )


_OF: Mapping[type, Callable[..., Topic]] = {
    Operation: _of_operation,
    SystemCallRow: _of_system_call,
    ErrnoRow: _of_errno,
    ExceptionRow: _of_exception,
    Step: _of_step,
    Word: _of_word,
    str: _of_phase,
}
"""How a row of the table becomes a topic: (row, all rows of that name, system) -> Topic."""
