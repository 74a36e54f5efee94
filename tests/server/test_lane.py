"""The server's log: written by the journal, read by the lane, whatever happened in between."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.server import RawServerEvent, read_log
from tracedemo.server.journal import Journal, quote
from tracedemo.server.lane import OPS, parse_log

GOOD = b'{"t": 5, "op": "sent", "conn": 1, "peer": ["127.0.0.1", 4711], "bytes": 520, "piece": 1}\n'
SENT = RawServerEvent(5, "sent", 1, ("127.0.0.1", 4711), 520, 1, None)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every field comes back as it was written, and absent ones come back as None."""
    log = tmp_path / "log"
    fd = os.open(log, os.O_WRONLY | os.O_CREAT)
    told: list[RawServerEvent] = []
    try:
        journal = Journal(fd, lambda *fields: told.append(RawServerEvent(*fields)))
        journal.write("sent", t=5, conn=1, peer=("127.0.0.1", 4711), size=520, piece=1)
        journal.write("error", detail='an "odd" \\ text, \u00fc and\nmore')
    finally:
        os.close(fd)
    events = read_log(log)

    assert told == events
    assert events[0] == SENT
    assert events[1].detail == 'an "odd" \\ text, \u00fc and\nmore'
    assert events.broken == 0


@given(st.text())
def test_any_text_is_proper_json(text: str) -> None:
    """A quoted text is ASCII, one line, and JSON for the same text."""
    quoted = quote(text)

    assert text == json.loads(quoted)
    assert quoted.isascii()
    assert "\n" not in quoted


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_last_line_cut_anywhere_is_counted(cut: int) -> None:
    """Of a log that was cut in its last line all other events are read, and the cut line counts as broken."""
    log = parse_log(GOOD + GOOD[:cut])
    complete = cut == len(GOOD) - 1  # only the line's end is missing

    assert ([SENT] * (1 + complete), not complete) == (list(log), bool(log.broken))


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"5",
        b"{}",
        b'{"t": "5", "op": "sent"}',
        b'{"t": true, "op": "sent"}',
        b'{"t": 5, "op": "eaten"}',
        b'{"t": 5, "op": ["sent"]}',
        b'{"t": 5, "op": "sent", "conn": "x"}',
        b'{"t": 5, "op": "sent", "peer": 1}',
        b'{"t": 5, "op": "sent", "peer": ["127.0.0.1"]}',
        b'{"t": 5, "op": "sent", "detail": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_broken_line_is_counted_and_the_others_read(line: bytes) -> None:
    """A line that is no event is left out and counted."""
    log = parse_log(GOOD + line + b"\n" + GOOD)

    assert [SENT, SENT] == list(log)
    assert log.broken == 1


def test_fields_of_a_later_version_are_passed_over() -> None:
    """An unknown field does no harm."""
    assert list(parse_log(b'{"t": 1, "op": "closed", "mood": "good"}\n')) == [RawServerEvent(1, "closed")]


@given(st.binary(max_size=100))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Whatever is in the file, reading it raises nothing."""
    parse_log(data)


def test_an_empty_log_has_no_events(tmp_path: Path) -> None:
    """An empty file is a log of nothing."""
    (tmp_path / "log").touch()

    assert list(read_log(tmp_path / "log")) == []


def test_a_full_disk_does_not_stop_the_server() -> None:
    """An event that cannot be written is lost, without an exception."""
    full = Path("/dev/full")
    fd = os.open(full if full.exists() else os.devnull, os.O_WRONLY)
    try:
        Journal(fd).write("closed")
    finally:
        os.close(fd)


def test_the_words_for_what_is_done_are_known() -> None:
    """The operations are those of the design."""
    assert set(OPS) == {"accepted", "request", "sent", "closed", "reset", "refused", "error", "fault"}
