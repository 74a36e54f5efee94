"""The lines of a run that stand behind an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.sentences import sentence
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import spoken
from tracedemo.cli.workshop.common import near
from tracedemo.cli.workshop.voice import Voice
from tracedemo.events import KERNEL
from tracedemo.render.words import count, moment, short_file
from tracedemo.workshop.evidence import More, evidence
from tracedemo.workshop.lesson import Question
from tracedemo.workshop.measures import Measured
from tracedemo.workshop.running import Ran


def show_proof(voice: Voice, question: Question, found: Measured, ran: Ran) -> None:
    """The rows that made the answer, and how to see them among the others."""
    lines = list(_lines(found, ran))
    if lines:
        voice.say(
            "  Seen in the run:" if found.counted else "  Seen in the run, where none could be counted:"
        )
    for first, text in lines:
        voice.say(text, first, 6)
    runs = {at.run for at in (*found.counted, *found.beside)}
    files = [path for run, path in enumerate(ran.files) if run in runs or not runs]
    voice.say("  In the log:")
    voice.typed(f"show {' '.join(near(path) for path in files)} --view log --only {question.proof}")


def _lines(found: Measured, ran: Ran) -> Iterator[tuple[str, str]]:
    """Each with what it begins with; where there are several programs, each has its name above its lines."""
    above = 0 if len(ran.studies) == 1 else None
    for item in evidence(found):
        if isinstance(item, More):
            yield (
                "    ... ",
                f"and {count(item.rows, 'more row')} that {'was' if item.rows == 1 else 'were'} counted",
            )
            continue
        study = ran.studies[item.run]
        if item.run != above:
            yield "    ", f"{study.name}:"
            above = item.run
        yield "    - ", told(study, item.row)


def told(study: Study, row: int) -> str:
    """A row in a sentence, with the moment and the line of the program."""
    event = study.events[row]
    place = f", {short_file(event.place.file)} line {event.place.line}" if event.place else ""
    what = f"system call {spoken(event)}." if event.lane == KERNEL else sentence(event, study.context)
    offered = event.args.get("size", 0) if event.op.startswith("send") and event.bytes else 0
    rest = f" It was offered {offered:,}." if offered > (event.bytes or 0) else ""
    return f"At {moment(event.t0 - study.origin)}{place}: {what}{rest}"


def same_rows(found: Measured, others: Sequence[Measured]) -> bool:
    """Whether the same rows have been shown for another answer of the run."""
    return any(evidence(found) == evidence(other) for other in others)
