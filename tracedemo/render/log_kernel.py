"""The kernel's lane in the log: beside each call where there is room, else on lines of its own under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tracedemo.analysis.beneath import Beneath, beneath, imports, names
from tracedemo.analysis.folding import Fold
from tracedemo.analysis.join import counts, reasons
from tracedemo.analysis.sentences import duration_words, sentence
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import spoken, system_call
from tracedemo.events import KERNEL
from tracedemo.render.grid import EMPTY, Cell, cell, note
from tracedemo.render.lines import BLANK, Line, fold_text, safe
from tracedemo.render.log_cells import ANSWER, BENEATH, CALL, Row
from tracedemo.render.options import Options
from tracedemo.render.words import count

KERNEL_WIDE = 140
"""From so many columns on the kernel's lane is a column."""
KERNEL_MOST = 48
OUTSIDE = "(no Python call)"


def aloud(lines: Sequence[Beneath]) -> str:
    """What stands beneath a call, to be read aloud; empty: nothing."""
    if not lines:
        return ""
    number = sum(len(line.rows) for line in lines)
    if not number:
        return f"Beneath it is {lines[0].aloud}."
    if number > 1 and len(lines) == 1:
        return f"Beneath it, {lines[0].aloud}."
    calls = f"{'is' if number == 1 else 'are'} {count(number, 'system call')}"
    return f"Beneath it {calls}: {'; '.join(line.aloud for line in lines)}."


class Kernel:
    """What stands beneath each line of a log."""

    def __init__(self, study: Study, folds: Sequence[Fold], options: Options) -> None:
        self._study, self._folds, self._glyphs = study, folds, options.glyphs
        self._join = study.join
        # With every row shown, system calls have lines of their own.
        self.shown = self._join is not None and not options.unfold
        self._loose = not named(options)

    def beside(self, width: int | None) -> bool:
        """Whether it is a column."""
        return self.shown and (width is None or width >= KERNEL_WIDE)

    def put_beside(self, rows: Sequence[Row], *, in_lines: bool) -> list[Row]:
        """The rows with their cell for the kernel.

        Args:
            in_lines: each system call is a piece of its own, for a column with lines.
        """
        return [
            (*row[:BENEATH], self._cell(one, in_lines=in_lines), *row[BENEATH + 1 :])
            for row, one in zip(rows, self._folds, strict=True)
        ]

    def below(self, number: int, width: int, indent: int) -> Iterator[Line]:
        """The lines under a row."""
        mark = f"{self._glyphs.below} "
        for line in self._lines(self._folds[number]):
            first, *rest = fold_text(safe(line.text, self._glyphs), max(width - indent - len(mark), 12))
            yield ((" " * indent + mark, "dim"), (first, _style(line)))
            for more in rest:
                yield ((" " * (indent + len(mark)) + more, _style(line)),)

    def told(self, one: Fold) -> str:
        """What stands beneath, to be read aloud; empty: nothing."""
        return aloud(() if self._outside(one) else self._lines(one))

    def footer(self, options: Options) -> Iterator[Line]:
        """How well the two lanes fit, and what is not shown of the kernel's."""
        texts = list(self.sentences(options))
        if texts:
            yield BLANK
            yield from note(" ".join(texts), options.width)

    def sentences(self, options: Options) -> Iterator[str]:
        """The same in sentences."""
        found = self._join
        if found is None:
            return
        yield found.told
        yield from (f"{number:,} of them: {reason}." for reason, number in reasons(found.unmatched))
        if found.startup and not options.startup and not options.unfold:
            calls = count(len(found.startup), "system call")
            yield f"{calls} of the interpreter's start hidden; --startup shows them."

    def retold(self, row: Row, one: Fold) -> Row:
        """The row of system calls under no Python call: what they are, stands beneath."""
        if not self._outside(one):
            return row
        cells = list(row)
        cells[CALL] = cell(OUTSIDE, "dim")
        cells[ANSWER] = cell(f"  {count(one.count, 'system call')}", "dim")
        return tuple(cells)

    def spoken(self, one: Fold) -> str:
        """A line of the log as a sentence."""
        event = self._study.events[one.first]
        if not self._outside(one):
            return sentence(event, self._study.context)
        calls = f"{count(one.count, 'system call')} under no Python call"
        if one.count == 1:
            return f"{calls}: {spoken(event)}."
        return f"{calls}: {self._names(one)}; {duration_words(one.time)} in all."

    def is_again(self, one: Fold) -> bool:
        """Whether a line stands for one call that was made several times."""
        return one.count > 1 and not self._outside(one)

    def _outside(self, one: Fold) -> bool:
        """Whether a line stands for system calls under no Python call."""
        row = one.first
        if not self.shown or not self._loose or self._study.events[row].lane != KERNEL:
            return False
        return row not in self._study.startup_rows

    def _names(self, one: Fold) -> str:
        events = self._study.events
        others = [row for row in one.rows if not imports(events[row])]
        modules = len(one.rows) - len(others)
        texts = [f"importing modules {modules:,}"] if modules else []
        return ", ".join([*texts, *filter(None, [names(events[row].op for row in others)])])

    def _cell(self, one: Fold, *, in_lines: bool) -> Cell:
        lines = self._lines(one)
        if not lines:
            return EMPTY
        if in_lines:
            return tuple((safe(line.text, self._glyphs), _style(line)) for line in lines)
        return cell(safe("; ".join(line.text for line in lines), self._glyphs), _style(lines[-1]))

    def _lines(self, one: Fold) -> Sequence[Beneath]:
        """What stands beneath a line of the log."""
        if self._join is None or not self.shown:
            return ()
        events = self._study.events
        if not self._outside(one):
            return beneath(one.rows, self._join, events)
        if one.count > 1:
            return [Beneath(text := self._names(one), text, one.rows)]
        event = events[one.first]
        return [Beneath(system_call(event), spoken(event), one.rows, event.not_yet, event.failed)]


def named(options: Options) -> set[str]:
    """The words of the filter."""
    return {word for words in (options.only.terms if options.only else {}).values() for word in words}


def together(folds: Iterable[Fold], study: Study, options: Options) -> Iterator[Fold]:
    """Lines of a log, with system calls that stand under no call, one after another in one thread, in one line."""
    one_by_one = bool(named(options))
    group: list[Fold] = []
    for one in folds:
        event = study.events[one.first]
        loose = (
            event.lane == KERNEL
            and not one_by_one
            and one.first not in study.startup_rows
            and not counts(event)
        )
        if group and not (loose and study.events[group[0].first].tid == event.tid):
            yield _joined(group)
            group = []
        if loose:
            group.append(one)
        else:
            yield one
    if group:
        yield _joined(group)


def _joined(group: Sequence[Fold]) -> Fold:
    if len(group) == 1:
        return group[0]
    return Fold(tuple(row for one in group for row in one.rows), sum(one.time for one in group))


def _style(line: Beneath) -> str:
    return "not-yet" if line.not_yet else "error" if line.failed else "dim"
