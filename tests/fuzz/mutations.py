"""Damage to bytes, drawn from a seed: the same seed, the same damage."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    1 << 62,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
"""At these counters turn over, and signs change."""


class Mutator:
    """Damages samples."""

    def __init__(self, draw: Random, words: Sequence[bytes] = ()) -> None:
        """Draw from this, and put these words in, too, which mean something in such bytes."""
        self.draw = draw
        self.words = words
        self._at_one_spot = (self._bit, self._byte, self._cut, self._noise, self._number, self._word)
        self._ways = (*self._at_one_spot, self._lost, self._twice, self._moved)

    def __call__(self, sample: bytes, most: int = 4) -> bytes:
        """A sample, damaged in one to `most` ways."""
        data = bytearray(sample)
        for _ in range(self.draw.randint(1, most)):
            self.draw.choice(self._ways)(data)
        return bytes(data)

    def spot(self, sample: bytes) -> bytes:
        """A sample with a few bytes that are wrong, at one spot, or without its end."""
        data = bytearray(sample)
        self.draw.choice(self._at_one_spot)(data)
        return bytes(data)

    def _place(self, data: bytearray) -> int:
        return self.draw.randrange(len(data) + 1)

    def _piece(self, data: bytearray) -> slice:
        first = self._place(data)
        # Mostly short, sometimes up to the end.
        return slice(first, first + self.draw.choice((1, 2, 8, 64, 300, len(data))))

    def _bit(self, data: bytearray) -> None:
        if data:
            data[self.draw.randrange(len(data))] ^= 1 << self.draw.randrange(8)

    def _byte(self, data: bytearray) -> None:
        if data:
            data[self.draw.randrange(len(data))] = self.draw.randrange(256)

    def _cut(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def _lost(self, data: bytearray) -> None:
        del data[self._piece(data)]

    def _twice(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = data[self._piece(data)]

    def _noise(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self.draw.randbytes(self.draw.choice((1, 3, 20)))

    def _number(self, data: bytearray) -> None:
        place, size = self._place(data), self.draw.choice((1, 2, 4, 8))
        number = self.draw.choice(NUMBERS) & (1 << 8 * size) - 1
        data[place : place + size] = number.to_bytes(size, "little")

    def _word(self, data: bytearray) -> None:
        if self.words:
            place = self._place(data)
            data[place : self.draw.choice((place, place + 4))] = self.draw.choice(self.words)

    def _moved(self, data: bytearray) -> None:
        piece = self._piece(data)
        moved = bytes(data[piece])
        del data[piece]
        place = self._place(data)
        data[place:place] = moved
