"""Bytes as text, and strace's strings as bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.recorders.kernel.by_hand import in_hex, quoted
from tracedemo.recorders.kernel.quoting import CUT, escaped, unquoted

ALL = bytes(range(256))


def read_back(text: str) -> bytes:
    """The bytes of a text of ours, by what shapes.py says about it."""
    units = re.findall(r"\\x[0-9a-f]{2}|\\[nrt\\]|[^\\]", text)
    assert "".join(units) == text
    letters = {r"\n": b"\n", r"\r": b"\r", r"\t": b"\t", r"\\": b"\\"}
    return b"".join(letters.get(unit) or bytes.fromhex(unit[2:]) or unit.encode() for unit in units)


@given(st.binary())
@example(ALL)
@example(b"\x001\x01a\x009")
@example(rb"\1\x41\n")
def test_string_of_strace_gives_its_bytes(data: bytes) -> None:
    """Short and long octal, letters and hexadecimal: all that strace writes is read back."""
    assert data == unquoted(quoted(data))
    assert data == unquoted(quoted(data, also=b"<>"))
    assert data == unquoted(in_hex(data))


@given(st.binary())
@example(ALL)
@example(rb"\x41")
@example("…".encode())
def test_escaped_bytes_can_be_read_back(data: bytes) -> None:
    """No two buffers are written alike: a text can be turned into its bytes."""
    assert data == read_back(escaped(data))


@given(st.binary())
@example(ALL)
@example("…".encode())
def test_escaped_bytes_are_one_line_of_ascii(data: bytes) -> None:
    """Every sign is printable, and only a buffer that was cut ends with the sign for that."""
    text = escaped(data)

    assert text.isascii()
    assert text.isprintable()
    assert text + CUT == escaped(data, cut=True)


@given(st.text(alphabet=st.characters(max_codepoint=255)))
@example("\\")
@example("\\8")
@example("\\x")
@example("\\777")
def test_any_text_has_bytes(text: str) -> None:
    """What strace never writes is taken as it stands."""
    assert isinstance(unquoted(text), bytes)


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"GET / HTTP/1.1\r\n", r"GET / HTTP/1.1\r\n"), (b'\t"\\', r'\t"\\'), (b"\0\x7f\xff\v", r"\x00\x7f\xff\x0b")],
)  # fmt: skip
def test_spelling(data: bytes, text: str) -> None:
    """Printable signs stand as they are, four others have letters, and the rest is hexadecimal."""
    assert text == escaped(data)
