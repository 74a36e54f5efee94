"""Durations, bytes, and text that is safe for a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracedemo.analysis.text import byte_count, clean, duration_text, duration_words, seconds


@pytest.mark.parametrize(
    ("ns", "short", "words"),
    [
        (None, "", ""),
        (0, "0 ns", "0 nanoseconds"),
        (1, "1 ns", "1 nanosecond"),
        (999, "999 ns", "999 nanoseconds"),
        (1_000, "1.0 µs", "1 microsecond"),
        (9_940, "9.9 µs", "9.9 microseconds"),
        (9_960, "10 µs", "10 microseconds"),
        (94_000, "94 µs", "94 microseconds"),
        (999_499, "999 µs", "999 microseconds"),
        (999_996, "1.0 ms", "1 millisecond"),
        (1_500_000, "1.5 ms", "1.5 milliseconds"),
        (30_000_000, "30.0 ms", "30 milliseconds"),
        (182_400_000, "182 ms", "182 milliseconds"),
        (2_300_000_000, "2.3 s", "2.3 seconds"),
        (1_000_000_000, "1.0 s", "1 second"),
        (12_345_000_000_000, "12345 s", "12345 seconds"),
        (-1_500_000, "-1.5 ms", "-1.5 milliseconds"),
    ],
)
def test_durations(ns: int | None, short: str, words: str) -> None:
    """A duration has at most three digits below a thousand seconds, and a unit that can be read aloud."""
    assert (short, words) == (duration_text(ns), duration_words(ns))
    assert short.replace("µ", "u") == duration_text(ns, ascii=True)


@settings(deadline=None)
@given(st.integers(0, 999_000_000_000))
def test_durations_are_near_the_truth(ns: int) -> None:
    """Every duration is shown with at most four characters of number, and is right to 5 %."""
    number, unit = duration_text(ns, ascii=True).split(" ")
    shown = float(number) * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[unit]

    assert len(number) <= 4
    assert abs(shown - ns) <= 0.05 * ns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("ü — 日本", "ü — 日本"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\r\nb\tc\x00", r"a\r\nb\tc\x00"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp", r"\u202egnp"),
        ("\ud800", r"\ud800"),
        (5, "5"),
        (None, "None"),
    ],
)
def test_clean(text: object, expected: str) -> None:
    """Whatever could move a cursor, change a colour or turn the direction of writing is shown as an escape."""
    assert expected == clean(text)


@settings(deadline=None)
@given(st.text())
def test_clean_can_be_written(text: str) -> None:
    """Cleaned text holds no control character and can be encoded."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", clean(text))
    assert clean(text).encode() or not text
    assert clean(text) == clean(clean(text))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "no limit"),
        (2, "2 s"),
        (2.5, "2.5 s"),
        (0.01, "10 ms"),
        (0, "0 s"),
        ("x\x1b", r"x\x1b"),
        (True, "True"),
    ],
)
def test_seconds(value: object, expected: str) -> None:
    """An argument in seconds is shown as a person would write it."""
    assert expected == seconds(value)


def test_byte_count() -> None:
    """One byte is one byte, and thousands are set apart."""
    assert ["1 byte", "0 bytes", "49 bytes", "1,200 bytes", "some bytes"] == [
        byte_count(count) for count in (1, 0, 49, 1200, None)
    ]
