"""The variant that sends more than fits: its retry branch runs, by cause, and its answer is compared."""

from __future__ import annotations

import hashlib
import selectors
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.variants import upload

PATIENCE = 60
BODY = upload.make_body(1 << 20)


def answer(told: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told


def test_generator_waits_while_nobody_reads() -> None:
    """With a full buffer the generator yields (socket, WRITE), again and again, and goes on when the server reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gen = upload.fetch_data(listener.getsockname(), "/", BODY, 4096)
        sock, event = next(gen)
        peer, _ = listener.accept()
        with peer, selectors.DefaultSelector() as sel:
            sel.register(sock, event)
            assert sel.select(PATIENCE)
            for _ in range(3):
                assert (sock, selectors.EVENT_WRITE) == next(gen), "nobody has read"
            got = bytearray()
            event = selectors.EVENT_WRITE
            while event == selectors.EVENT_WRITE:
                got += peer.recv(1 << 16)
                assert sel.select(PATIENCE)
                _, event = next(gen)
            while len(got) < len(upload.make_request(*listener.getsockname(), "/", BODY)):
                got += peer.recv(1 << 16)
            peer.sendall(b"thanks")
            peer.shutdown(socket.SHUT_WR)
            with pytest.raises(StopIteration) as end:  # noqa: PT012 - the end may arrive after the last bytes
                for _ in range(1_000_000):
                    next(gen)

    assert BODY == bytes(got).partition(b"\r\n\r\n")[2]
    assert b"thanks" == end.value.value


@given(st.integers(0, 5000))
def test_body_has_its_size(size: int) -> None:
    """A body has exactly the size that was asked for."""
    assert size == len(upload.make_body(size))


def test_body_has_no_two_parts_alike() -> None:
    """What gets lost, or comes twice, cannot hide: no block of the body is like another."""
    blocks = [BODY[start : start + 16] for start in range(0, len(BODY), 16)]

    assert len(blocks) == len(set(blocks))


def test_what_the_server_got_is_compared() -> None:
    """A receipt for other bytes than those sent is an error that tells both."""
    right = f"{len(BODY)} bytes  sha256 {hashlib.sha256(BODY).hexdigest()}"

    assert f"200 OK  {right}" == upload.describe(answer(right.encode() + b"\n"), BODY)
    with pytest.raises(ValueError, match=rf"what was sent is {right}, and what the server got is b'5 bytes"):
        upload.describe(answer(b"5 bytes  sha256 0"), BODY)
