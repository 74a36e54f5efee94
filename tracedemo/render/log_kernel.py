"""The kernel's lane in the log: beside each call where there is room, else on lines of its own under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tracedemo.analysis.beneath import Beneath, beneath, names
from tracedemo.analysis.folding import Fold
from tracedemo.analysis.join import reasons
from tracedemo.analysis.sentences import sentence
from tracedemo.analysis.study import Study
from tracedemo.events import KERNEL
from tracedemo.render.grid import EMPTY, Cell, cell, note
from tracedemo.render.lines import BLANK, Line, fold_text, safe
from tracedemo.render.log_cells import ANSWER, BENEATH, CALL, Row
from tracedemo.render.options import Options
from tracedemo.render.words import count

KERNEL_WIDE = 140
"""From so many columns on the kernel's lane is a column."""
KERNEL_MOST = 48


class Kernel:
    """What stands beneath each line of a log."""

    def __init__(self, study: Study, folds: Sequence[Fold], options: Options) -> None:
        self._study, self._folds, self._glyphs = study, folds, options.glyphs
        self._join = study.join
        # With every row shown, system calls have lines of their own.
        self.shown = self._join is not None and bool(self._join.beneath) and not options.unfold

    def beside(self, width: int | None) -> bool:
        """Whether it is a column."""
        return self.shown and (width is None or width >= KERNEL_WIDE)

    def put_beside(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with their cell for the kernel."""
        return [
            (*row[:BENEATH], self._cell(one), *row[BENEATH + 1 :])
            for row, one in zip(rows, self._folds, strict=True)
        ]

    def below(self, number: int, width: int, indent: int) -> Iterator[Line]:
        """The lines under a row."""
        if not self.shown:
            return
        mark = f"{self._glyphs.below} "
        for line in self._lines(self._folds[number]):
            first, *rest = fold_text(safe(line.text, self._glyphs), max(width - indent - len(mark), 12))
            yield ((" " * indent + mark, "dim"), (first, _style(line)))
            for more in rest:
                yield ((" " * (indent + len(mark)) + more, _style(line)),)

    def told(self, one: Fold) -> str:
        """What stands beneath, to be read aloud; empty: nothing."""
        return "; ".join(line.text for line in self._lines(one)) if self.shown else ""

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

    def _cell(self, one: Fold) -> Cell:
        lines = self._lines(one)
        text = "; ".join(line.text for line in lines)
        return cell(safe(text, self._glyphs), _style(lines[-1])) if lines else EMPTY

    def _lines(self, one: Fold) -> Sequence[Beneath]:
        """What stands beneath a line of the log; of one that stands for several, beneath the first of them."""
        if self._join is None:
            return ()
        events = self._study.events
        lines = beneath(events[one.first], self._join.beneath.get(one.first, ()), events)
        if one.count == 1 or not lines:
            return lines
        return [*lines[:-1], lines[-1]._replace(text=f"{lines[-1].text} {self._glyphs.times}{one.count:,}")]


def together(folds: Iterable[Fold], study: Study, named: set[str]) -> Iterator[Fold]:
    """Lines of a log, with system calls that stand under no call, one after another in one thread, in one line."""
    group: list[Fold] = []
    for one in folds:
        loose = study.events[one.first].lane == KERNEL and not named
        if group and not (loose and _same_thread(group[0], one, study)):
            yield _joined(group)
            group = []
        if loose:
            group.append(one)
        else:
            yield one
    if group:
        yield _joined(group)


def _same_thread(one: Fold, other: Fold, study: Study) -> bool:
    return study.events[one.first].tid == study.events[other.first].tid


def _joined(group: Sequence[Fold]) -> Fold:
    if len(group) == 1:
        return group[0]
    return Fold(tuple(row for one in group for row in one.rows), sum(one.time for one in group))


def several(one: Fold, study: Study) -> str:
    """The call of a line that stands for several system calls under no Python call: their names; empty: it is none."""
    events = study.events
    if one.count == 1 or events[one.first].lane != KERNEL:
        return ""
    return names(events[row].op for row in one.rows)


def spoken(one: Fold, study: Study) -> str:
    """A line of the log as a sentence."""
    if found := several(one, study):
        return f"{count(one.count, 'system call')} under no Python call: {found}."
    return sentence(study.events[one.first], study.context)


def retold(row: Row, one: Fold, study: Study) -> Row:
    """The row of such a line."""
    found = several(one, study)
    if not found:
        return row
    cells = list(row)
    cells[CALL] = cell(found, "dim")
    cells[ANSWER] = cell(f"  {count(one.count, 'system call')}", "dim")
    return tuple(cells)


def _style(line: Beneath) -> str:
    return "not-yet" if line.not_yet else "error" if line.failed else "dim"
