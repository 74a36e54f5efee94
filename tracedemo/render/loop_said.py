"""The event loop in other forms: in sentences, to be read aloud, and as objects, for programs."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.analysis.turns import Handle, Turn
from tracedemo.analysis.turns_folding import fold_turns
from tracedemo.render.lines import safe
from tracedemo.render.loop_words import (
    again_text,
    blocked_text,
    blocked_turns,
    head,
    loop_name,
    loss,
    registered_texts,
    turn_text,
    watchdog_cost,
    what_of,
    who_of,
    why_none,
)
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, moment


def plain(study: Study, options: Options) -> Iterator[str]:
    """Sentences for each turn, one turn a line."""
    if not study.loops:
        yield safe(why_none(study), options.glyphs)
    for text in loss(study) if study.loops else ():
        yield safe(text, options.glyphs)
    for loop in study.loops:
        if len(study.loops) > 1:
            yield safe(f"{capital(loop_name(loop, study.loops, study))}:", options.glyphs)
        texts = [*head(loop, unfold=options.unfold), blocked_turns(loop)]
        yield safe(" ".join(filter(None, texts)), options.glyphs)
        for group in fold_turns(loop.turns, unfold=options.unfold):
            for turn in group.shown:
                yield safe(
                    _turn_sentences(study, turn, group.times if group.period == 1 else 1), options.glyphs
                )
            if group.period > 1:
                yield f"{capital(again_text(group, options.glyphs))}."
    for text in watchdog_cost(study) if study.loops else ():
        yield safe(text, options.glyphs)


def rows(study: Study, _options: Options) -> Iterator[dict[str, object]]:
    """One object a turn; nothing is folded."""
    for number, loop in enumerate(study.loops, start=1):
        for turn in loop.turns:
            yield {
                "loop": number, "pid": loop.pid, "tid": loop.tid, "turn": turn.number, "row": turn.row, "t0": turn.t0,
                "t1": turn.t1, "slept": turn.slept, "timeout": turn.timeout, "failed": turn.failed,
                "ready": [found._asdict() for found in turn.ready], "registered": turn.registered,
                "watched": list(turn.watched), "time": turn.time, "blocked": turn.blocked, "lost": turn.lost,
                "callbacks": [_object(handle) for handle in turn.handles],
            }  # fmt: skip


def _object(handle: Handle) -> dict[str, object]:
    return {
        "row": handle.row, "owner": handle.owner, "name": handle.name, "step": handle.step, "t0": handle.t0,
        "t1": handle.t1, "returned": handle.returned, "nested": handle.nested, "fd": handle.fd, "site": handle.site,
        "asked": [one._asdict() for one in handle.asked], "system_calls": handle.system_calls,
        "samples": [sample._asdict() for sample in handle.samples], "word": handle.word,
    }  # fmt: skip


def _turn_sentences(study: Study, turn: Turn, times: int) -> str:
    """A turn in sentences.

    Args:
        times: how many turns in a row are like this one.
    """
    at = moment(turn.t0 - study.origin)
    begin = f"Turn {turn.number}, at {at}" if turn.row is not None else "Before the first turn"
    if times > 1:
        begin += f", and {times - 1:,} more like it"
    did = turn_text(turn).replace("slept until", f"slept {duration_words(turn.slept)} until", 1)
    long, _ = registered_texts(turn)
    texts = [f"{begin}: {'; '.join(filter(None, (did, long)))}."]
    if turn.row is None:
        texts = [f"{begin}, at {at}."]
    texts += (_handle_sentence(study, handle) for handle in turn.handles)
    return " ".join(texts).replace("|", " and ")


def _handle_sentence(study: Study, handle: Handle) -> str:
    what = what_of(handle) if not handle.step else f"a {what_of(handle)}"
    who = "The loop" if handle.owner == LOOP else capital(who_of(handle.owner))
    text = f"{who} runs {what} for {duration_words(handle.time)}"
    asked = []
    for one in handle.asked:
        answer = f", which says {one.answer}" if one.answer else ""
        asked.append(f"{one.call}{answer}{f', {one.times:,} times' if one.times > 1 else ''}")
    calls = "" if handle.system_calls is None else f" ({count(handle.system_calls, 'system call')})"
    blocked = f"; this {blocked_text(handle, study)}" if handle.blocked else ""
    return f"{text}{' and asks ' if asked else ''}{'; '.join(asked)}{calls}{blocked}."
