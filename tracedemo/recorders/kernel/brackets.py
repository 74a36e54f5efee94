"""strace's text cut at its commas: the grammar of strings, descriptors and brackets that lines and values have in common.

A buffer may hold `) = 99 <unfinished ...>`, and a path any letter, so nothing is searched for in a text. It is cut into
tokens: a quoted string is one, and so is the <...> behind a descriptor, in which strace writes < and > as octal. Only
then brackets are counted. No text takes longer than its length allows: what is opened and never closed is one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ANNOTATION = r"<\w+:\[[^<>]*->[^<>]*\]>|<[^<>]*+>"
"""What a descriptor stands for.  The first form has an arrow in it: `-yy` of a user, not ours."""

_TOKEN = re.compile(
    r'[^"<()\[\]{},]+'  # anything that has no meaning here
    r'|"(?:[^"\\]+|\\.)*+"'  # a string, whatever it holds
    r'|".*'  # a string that never ends
    rf"|{ANNOTATION}"
    r"|.",  # a bracket, a comma, or the < of 21<<MAP_HUGE_SHIFT
    re.DOTALL,
)
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")
_PAIRS = {"[": "]", "{": "}"}


def cut(text: str, parts: list[str], closing: str = ")") -> int:
    """Cut what stands before a closing bracket at its commas.

    Returns:
        How long it is with that bracket; 0: none closes it.
    """
    now: list[str] = []
    depth = length = 0
    for part in _TOKEN.findall(text):
        length += len(part)
        if part == "," and not depth:
            parts.append("".join(now).strip(" "))
            now.clear()
            continue
        if part in _OPENS:
            depth += 1
        elif part in _CLOSES:
            depth -= 1
            if depth < 0:
                # Where a thread died in its call, the list of arguments ends with a comma, or with a word about that.
                if last := "".join(now).removesuffix("<unfinished ...>").strip(" "):
                    parts.append(last)
                return length if part == closing else 0
        now.append(part)
    return 0


def items(text: str) -> list[str]:
    """The parts of a list or structure; none, if it is neither."""
    parts: list[str] = []
    closing = _PAIRS.get(text[:1])
    return parts if closing is not None and cut(text[1:], parts, closing) == len(text) - 1 else []


def fields(text: str) -> dict[str, str]:
    """The named members of a structure: {a=1, b=[2]}."""
    return dict(_named(items(text)))


def _named(parts: list[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, equals, value = part.partition("=")
        if equals:
            yield name, value
