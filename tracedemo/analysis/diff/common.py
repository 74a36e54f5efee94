"""The longest common subsequence of two series, for series of any kind: in the time of n × m bits.

Theory (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004)
    A column of the table of the textbook is one integer with a bit for each place of the other series: 0 where one more
    place makes the longest common subsequence longer. The next column takes an addition and three logical operations, which
    Python does 30 bits at a time. So 20,000 calls against 20,000 take a tenth of a second whatever they hold, where
    `difflib` may take minutes (calls that repeat are its worst case), and nothing is guessed.
    The columns are kept to find the way back. Where they would take too much memory, the first series is halved
    (Hirschberg): the place where the halves meet is known by their lengths alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

Pairs = list[tuple[int, int]]
"""Places in the one series and in the other, both ascending."""

MOST_BITS = 1 << 29
"""Bits of columns that are kept at once: 64 MiB."""


def common(a: Sequence[Hashable], b: Sequence[Hashable]) -> Pairs:
    """Places of equal values that make a longest common subsequence.  What is alike at both ends stays together."""
    low, high_a, high_b = 0, len(a), len(b)
    while low < high_a and low < high_b and a[low] == b[low]:
        low += 1
    while high_a > low and high_b > low and a[high_a - 1] == b[high_b - 1]:
        high_a, high_b = high_a - 1, high_b - 1
    inner = _inner(a[low:high_a], b[low:high_b])
    return [
        *((place, place) for place in range(low)),
        *((one + low, other + low) for one, other in inner),
        *zip(range(high_a, len(a)), range(high_b, len(b)), strict=True),
    ]


def _inner(a: Sequence[Hashable], b: Sequence[Hashable]) -> Pairs:
    if not a or not b:
        return []
    if len(a) * len(b) <= MOST_BITS or len(a) == 1:
        return _way_back(list(_columns(a, b)), len(a), len(b))
    half = len(a) // 2
    *_, before = _columns(a[:half], b)
    *_, behind = _columns(a[half:][::-1], b[::-1])
    middle = _meeting(before, behind, len(b))
    head = _inner(a[:half], b[:middle])
    return head + [(one + half, other + middle) for one, other in _inner(a[half:], b[middle:])]


def _columns(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[int]:
    """A column for each value of `a`."""
    places: dict[Hashable, int] = {}
    for place, value in enumerate(b):
        places[value] = places.get(value, 0) | 1 << place
    full = (1 << len(b)) - 1
    column = full
    for value in a:
        matches = column & places.get(value, 0)
        column = (column + matches | column - matches) & full
        yield column


def _way_back(columns: Sequence[int], row: int, place: int) -> Pairs:
    pairs: Pairs = []
    while row and place:
        if columns[row - 1] >> (place - 1) & 1:
            place -= 1
            continue
        row -= 1
        if row and not columns[row - 1] >> (place - 1) & 1:
            continue
        place -= 1
        pairs.append((row, place))
    return pairs[::-1]


def _meeting(before: int, behind: int, size: int) -> int:
    """Where to cut the second series, so that what the two halves have in common is most."""
    # Zeros in the low bits of a column: the length up to there.
    bits = bin(behind | 1 << size)[3:]  # the highest bit first: the whole of `b` behind place 0, and so on
    length = bits.count("0")
    best, middle = length, 0
    for place, (one, other) in enumerate(zip(bin(before | 1 << size)[:2:-1], bits, strict=True), start=1):
        length += (one == "0") - (other == "0")
        if length > best:
            best, middle = length, place
    return middle
