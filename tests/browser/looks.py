"""What a page looks like: pictures as other eyes see them, and how far two patches of them lie apart.

PNG is read by hand, since what we need of it is thirty lines, and a library for pictures is seven megabytes.  A hundred
thousand pixels take a second, so ask for the part that matters.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

Pixel = tuple[int, int, int]


def seen_as(page: Page, kind: str, where: str | Mapping[str, float] | None = None) -> bytes:
    """A PNG as eyes of that kind see the screen, the element of a CSS selector, or a part: x, y, width and height."""
    session = page.context.new_cdp_session(page)
    try:
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        if isinstance(where, str):
            return page.locator(where).screenshot()
        return page.screenshot(clip=where)
    finally:
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
        session.detach()


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of red, green and blue, 0 to 255."""

    width: int
    height: int
    pixels: tuple[tuple[Pixel, ...], ...]

    @classmethod
    def decode(cls, png: bytes) -> Picture:
        """Read a PNG of the kind that browsers write: 8 bits, RGB or RGBA (alpha is dropped), not interlaced."""
        chunks = list(_chunks(png))
        width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
        assert (8, 0) == (depth, interlaced)
        step = {2: 3, 6: 4}[colour]
        data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
        above, rows = bytes(width * step), []
        for start in range(0, len(data), width * step + 1):
            above = _unfiltered(data[start], data[start + 1 : start + 1 + width * step], above, step)
            rows.append(tuple(zip(above[0::step], above[1::step], above[2::step], strict=True)))
        return cls(width, height, tuple(rows))

    def at(self, x: int, y: int) -> Pixel:
        """The pixel in that column and row, from 0."""
        return self.pixels[y][x]

    def cut(self, x: int, y: int, width: int, height: int) -> Picture:
        """A part of it."""
        return Picture(width, height, tuple(row[x : x + width] for row in self.pixels[y : y + height]))


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 8, []
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += size + 12
    return found


def _unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """A row as it was before its bytes were told as differences to the left, from above, or from both."""
    if kind == 0:
        return row
    made = bytearray(step) + row
    upper = bytes(step) + above
    for i in range(step, len(made)):
        left, up, corner = made[i - step], upper[i], upper[i - step]
        made[i] = (made[i] + (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]) & 255
    return bytes(made[step:])


def _paeth(left: int, up: int, corner: int) -> int:
    """Whichever of the three is nearest to left + up - corner."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda it: abs(guess - it))


def apart(a: Picture, b: Picture) -> float:
    """How far two patches lie apart, 0 to 100: by their mean colour, by how patterned they are, or by the direction of it.

    The greatest of these differences, each in percent of the way from black to white.
    """
    return max(abs(one - other) for one, other in zip(_traits(a), _traits(b), strict=True))


def _traits(patch: Picture) -> tuple[float, ...]:
    light = [[_luma(it) / 2.55 for it in row] for row in patch.pixels]
    # A colour is told by its distance from grey of the same lightness, two ways.
    red = [(it[0] - _luma(it)) / 2.55 for row in patch.pixels for it in row]
    blue = [(it[2] - _luma(it)) / 2.55 for row in patch.pixels for it in row]
    across = [abs(a - b) for row in light for a, b in pairwise(row)]
    down, falling, rising = [], [], []
    for upper, lower in pairwise(light):
        down += [abs(a - b) for a, b in zip(upper, lower, strict=True)]
        falling += [abs(a - b) for a, b in zip(upper, lower[1:], strict=False)]
        rising += [abs(a - b) for a, b in zip(upper[1:], lower, strict=False)]
    every = [it for row in light for it in row]
    turns = (fmean(steps) if steps else 0 for steps in (across, down, falling, rising))
    return fmean(every), fmean(red), fmean(blue), pstdev(every), *turns


def _luma(pixel: Pixel) -> float:
    red, green, blue = pixel
    return 0.299 * red + 0.587 * green + 0.114 * blue
