"""Any bytes, and any moment of a death, by Hypothesis: what is shown is a prefix of what was recorded."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from importlib import import_module
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recorders.conftest import InProcess
from tracedemo.recorders.inprocess import layout
from tracedemo.recorders.inprocess.decode import Recording, read_spool
from tracedemo.variants import VARIANTS

SLOTS, CHUNKS, SENDS = 64, 256, 20


@pytest.fixture(scope="module")
def spool() -> Iterator[Path]:
    """A spool of some sends, in a folder of its own."""
    with TemporaryDirectory() as name:
        recorder = InProcess(Path(name), slots=SLOTS, chunks=CHUNKS)
        left, right = socket.socketpair()
        with left, right, recorder:
            for size in range(SENDS):
                left.send(bytes(size))
        yield next(Path(name).glob("*.spool"))


def without(spool: Path, start: int, end: int) -> Recording:
    """The spool as it was before these bytes of it were written."""
    data = bytearray(spool.read_bytes())
    data[start:end] = bytes(end - start)
    path = spool.with_suffix(".cut")
    path.write_bytes(data)
    return read_spool(path)


@given(st.integers(0, SENDS))
def test_killed_after_so_many_records(spool: Path, count: int) -> None:
    """Of a program that was killed after so many records exactly those are shown."""
    whole = read_spool(spool).events
    found = without(spool, layout.PAGE + (count + 1) * layout.SIZE, layout.PAGE + SLOTS * layout.SIZE)

    assert list(map(repr, whole[:count])) == list(map(repr, found.events))
    assert not any(found.dropped.values())


@settings(max_examples=60)
@given(st.integers(0, CHUNKS * layout.CHUNK_SIZE))
def test_killed_before_the_facts_were_told(spool: Path, at: int) -> None:
    """Of a program that was killed before it had told all facts every record is there; what nobody told is missing."""
    whole = read_spool(spool).events
    start = layout.PAGE + 2 * SLOTS * layout.SIZE
    found = without(spool, start + at, start + CHUNKS * layout.CHUNK_SIZE)

    def bare(recording: list) -> list[tuple[object, ...]]:
        return [(event.seq, event.op, event.t0, event.t1, event.fd, event.bytes) for event in recording]

    assert bare(whole) == bare(found.events)
    for event, other in zip(whole, found.events, strict=True):
        assert other.site in (event.site, None)


GETS = {
    variant.name: describe
    for variant in VARIANTS
    if (describe := getattr(import_module(f"tracedemo.variants.{variant.name}"), "describe", None))
    and len(signature(describe).parameters) == 1
}
"""What tells of the answer to a GET."""
ANSWERS = st.binary(max_size=60) | st.builds(
    b"HTTP/1.%d %s\r\n%s\r\n\r\n%s".__mod__,
    st.tuples(
        st.integers(0, 9),
        st.sampled_from([b"200 OK", b"", b"404 \xff", b"200"]),
        st.sampled_from([b"A: b", b"Content-Length: 3", b"content-length:x", b"CONTENT-LENGTH: 99999999999"]),
        st.binary(max_size=4),
    ),
)


@pytest.mark.parametrize("name", GETS)
@given(ANSWERS)
def test_answers(name: str, answer: bytes) -> None:
    """Whatever bytes a variant is answered with, it describes what came, or says that it is no whole answer."""
    body = answer.partition(b"\r\n\r\n")[2]
    try:
        said = GETS[name](answer)
    except ValueError:
        return
    assert said.endswith(f"  {len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}")
    assert said.isprintable()
