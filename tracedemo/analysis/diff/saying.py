"""What differs, in sentences.  A and B are the two runs, which every view names at its head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tracedemo.analysis.diff import model as kinds
from tracedemo.analysis.diff.model import Diff, Group, Side
from tracedemo.analysis.findings.model import many, times
from tracedemo.analysis.text import clean, duration_words


def with_more(text: str, values: Mapping[str, str], names: Iterable[str]) -> str:
    """A call, or an answer, with what its short form leaves out: `close() [by=garbage collection]`."""
    found = [f"{name}={values[name]}" if name in values else f"no {name}" for name in names]
    return clean(f"{text} [{', '.join(found)}]") if found else text


def step_says(kind: str, a: Side | None, b: Side | None, beneath: int = 0, *, kernel: bool = False) -> str:
    """The difference in one sentence.

    Args:
        beneath: how many system calls beneath it differ.
        kernel: it is a system call itself.
    """
    makes = "makes the system call" if kernel else "calls"
    if a is None or b is None:
        return _only(a or b, "A" if b is None else "B", makes)
    where = _lines(a, b)
    match kind:
        case kinds.ANSWER if a.call == b.call:
            text = f"{a.call} is answered {_answer(a)} in A, and {_answer(b)} in B{where}."
        case kinds.ANSWER:
            text = f"A {makes} {a.call}, answered {_answer(a)}; B {b.call}, answered {_answer(b)}{where}."
        case kinds.ARGUMENTS:
            text = f"A {makes} {_often(a)}, and B {_often(b)}{where}"
            text += "." if a.answer == b.answer else f"; A is answered {_answer(a)}, and B {_answer(b)}."
        case kinds.REPEATS:
            text = f"{a.call} is answered {a.answer} {times(a.times)} in A, and {times(b.times)} in B{where}."
        case kinds.BENEATH:
            under = f"{many(beneath, 'system call')} under it {'differs' if beneath == 1 else 'differ'}"
            text = f"{a.call} is the same in both, and {under}{where}."
        case _:
            text = ""
    return text


def _only(side: Side | None, name: str, makes: str) -> str:
    if side is None:
        return ""
    often = f" {times(side.times)}" if side.times > 1 else ""
    where = f" ({_line(side)})" if side.site else ""
    return f"Only {name} {makes} {side.call}{where}{often}: {side.answer or 'no answer'}."


def _answer(side: Side) -> str:
    return f"{side.answer or 'nothing'}{f' {times(side.times)}' if side.times > 1 else ''}"


def _often(side: Side) -> str:
    return f"{side.call}{f' {times(side.times)}' if side.times > 1 else ''}"


def _lines(a: Side, b: Side) -> str:
    """Where it was written; once if both say the same."""
    one, other = _line(a), _line(b)
    if one == other:
        return f" ({one})" if one else ""
    return f" ({one or 'no line'} in A, {other or 'no line'} in B)"


def _line(side: Side) -> str:
    if side.site is None:
        return ""
    name = side.site.file.replace("\\", "/").rpartition("/")[2]
    return clean(f"{name}:{side.site.line}")


def alone_says(title: str, name: str, calls: int) -> str:
    """Of a group that only one run has."""
    what = f"calls on {title}" if title.startswith("no connection") else title
    return f"Only {name} has {what}: {many(calls, 'call')}."


def moved_says(title: str, place_a: int, place_b: int) -> str:
    """Of a connection that came at another place of the order."""
    return f"{title[:1].upper()}{title[1:]} was connected as number {place_a} in A, and as number {place_b} in B."


def like_says(group: Group, other: str) -> str:
    """Of a group in which the same differs as in another one."""
    number = len(group.change)
    same = "The same difference" if number == 1 else f"The same {number:,} differences"
    return f"{same} as on {other}."


def ending_says(what: str, a: object, b: object) -> str:
    """How the runs ended otherwise."""
    return f"{what} of A was {a}, and of B {b}."


def total_says(found: Diff) -> str:
    """Whether there is a difference, and how much was compared."""
    a, b = found.compared
    beneath = ", and the system calls under them" if found.kernel else ""
    if not a and not b and not found.total:
        return "No difference: there is no call to compare."
    compared = f"{many(a, 'call')} of A and {many(b, 'call')} of B{beneath}"
    if not found.total:
        return f"No difference: {compared} are the same."
    return f"{many(found.total, 'difference')} in {compared}."


def counts_say(found: Diff) -> str:
    """How many of each kind: `1 only in A, 2 answered otherwise`."""
    return ", ".join(f"{number:,} {_KINDS[kind]}" for kind, number in found.counts.items())


_KINDS = {
    kinds.REMOVED: "only in A",
    kinds.ADDED: "only in B",
    kinds.ANSWER: "answered otherwise",
    kinds.ARGUMENTS: "with other arguments",
    kinds.REPEATS: "repeated more or less often",
    kinds.BENEATH: "with other system calls beneath",
    kinds.MOVED: "connected in another order",
    kinds.ENDING: "in how the runs ended",
}


def times_say(group: Group) -> Iterator[str]:
    """What was waited for in each phase, in a sentence for each."""
    for it in group.times:
        if any(it.waited):
            told = " and ".join(
                f"{duration_words(ns)} in {name}"
                if number
                else f"not at all in {name}, which has no such call"
                for name, ns, number in zip("AB", it.waited, it.calls, strict=True)
            )
            title = f"{group.title[:1].upper()}{group.title[1:]}"
            yield f"{title}, {it.phase}: calls waited {told}."
