"""The request parser: pure, so tried on everything."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.server.request import MAX_HEAD, Refusal, Request, RequestParser

if TYPE_CHECKING:
    from collections.abc import Iterable

PIECES_OF_REQUESTS = [
    b"GET / HTTP/1.1",
    b"HEAD /a?b HTTP/1.0",
    b"POST / HTTP/1.1",
    b"GET",
    b" ",
    b"/",
    b"HTTP/2.0",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"Host: here",
    b"Connection: close",
    b"Connection: Keep-Alive, x",
    b"Content-Length: 5",
    b"Content-Length: x",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b" folded",
    b"hello",
    b"\x16\x03\x01",
    b"\0",
    b"\xff",
    b"x" * 500,
]
REQUESTS = st.lists(st.sampled_from(PIECES_OF_REQUESTS) | st.binary(max_size=8), max_size=30).map(b"".join)


def parse(portions: Iterable[bytes]) -> list[Request | Refusal]:
    """Everything that comes out of these portions."""
    parser = RequestParser()
    return [found for portion in portions for found in parser.feed(portion)]


def facts(found: list[Request | Refusal]) -> list[tuple[object, ...]]:
    """The same, comparable."""
    return [
        (one.status, one.why)
        if isinstance(one, Refusal)
        else (one.method, one.line, one.size, one.digest, one.keep_alive)
        for one in found
    ]


def one_request(data: bytes) -> Request:
    """The only request in it."""
    (found,) = parse([data])
    assert isinstance(found, Request)
    return found


def refusal(data: bytes) -> int:
    """The status with which the first thing in it is refused."""
    found = parse([data])[0]
    assert isinstance(found, Refusal)
    assert found.why.isascii()
    return found.status


@given(REQUESTS, st.lists(st.integers(1, 40), min_size=1))
def test_how_the_bytes_are_cut_does_not_matter(data: bytes, sizes: list[int]) -> None:
    """The same requests and refusals come out of any portions of the same bytes."""
    portions: list[bytes] = []
    rest = data
    while rest:
        size = sizes[len(portions) % len(sizes)]
        portions.append(rest[:size])
        rest = rest[size:]

    assert facts(parse([data])) == facts(parse(portions))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    """Whatever bytes come, the parser gives requests and at most one refusal, the last."""
    found = parse([data])

    assert not any(isinstance(one, Refusal) for one in found[:-1])


@given(
    st.sampled_from(["GET", "HEAD", "POST", "get", "X-~"]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1),
    st.binary(max_size=50),
)
def test_every_proper_request_is_understood(method: str, target: str, body: bytes) -> None:
    """A proper request comes out with its method, its line and its full size."""
    head = f"{method} {target} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    request = one_request(head + body)

    assert (method, f"{method} {target} HTTP/1.1") == (request.method, request.line)
    assert len(head + body) == request.size
    assert (hashlib.sha256(body).hexdigest() if body else "") == request.digest


@pytest.mark.parametrize(
    ("version", "header", "expected"),
    [
        ("1.1", "Host: here", True),
        ("1.1", "Connection: close", False),
        ("1.1", "connection: Keep-Alive, CLOSE", False),
        ("1.1", "Connection: keep-alive\r\nConnection: close", False),
        ("1.0", "Host: here", False),
        ("1.0", "Connection: keep-alive", True),
        ("1.0", "Connection: keep-alive, close", False),
        ("1.2", "Host: here", True),
    ],
)
def test_whether_the_connection_is_kept(version: str, header: str, *, expected: bool) -> None:
    """HTTP/1.1 keeps the connection and HTTP/1.0 closes it, unless the request says otherwise."""
    assert expected == one_request(f"GET / HTTP/{version}\r\n{header}\r\n\r\n".encode()).keep_alive


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02", 400),
        (b"\r\n\r\n \r\n", 400),
        (b"hello\r\n", 400),
        (b"GET /\r\n", 400),
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"G(T / HTTP/1.1\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n", 400),
        (b"GET / http/1.1\r\n", 400),
        (b"GET / HTTP/x.1\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : here\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * MAX_HEAD, 431),
        (b"G" * MAX_HEAD, 431),
    ],
)
def test_nonsense_is_refused(data: bytes, status: int) -> None:
    """What is not a request is refused with the fitting status, as soon as it shows."""
    assert status == refusal(data)


def test_requests_may_come_ahead() -> None:
    """Several requests in one portion come out one by one, bodies and empty lines skipped."""
    data = b"\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\n\nGET /2 HTTP/1.1\n\nGET /3"
    parser = RequestParser()

    assert ["POST / HTTP/1.1", "GET /2 HTTP/1.1"] == [
        one.line for one in parser.feed(data) if isinstance(one, Request)
    ]
    assert parser.partial


def test_nothing_is_taken_after_a_refusal() -> None:
    """After a refusal the parser is deaf."""
    parser = RequestParser()
    parser.feed(b"nonsense\r\n")

    assert parser.feed(b"GET / HTTP/1.1\r\n\r\n") == []
    assert not parser.partial


def test_a_request_is_partial_until_its_body_is_over() -> None:
    """A request counts as begun from its first byte, and as complete with the last byte of its body."""
    parser = RequestParser()
    states = []
    for portion in (b"", b"P", b"OST / HTTP/1.1\r\n", b"Content-Length: 2\r\n\r\n", b"a", b"b"):
        found = parser.feed(portion)
        states.append((len(found), parser.partial))

    assert [(0, False), (0, True), (0, True), (0, True), (0, True), (1, False)] == states


def test_a_huge_body_is_counted_without_being_kept() -> None:
    """A body of many megabytes is counted and hashed, not stored."""
    parser = RequestParser()
    megabyte = bytes(1 << 20)
    parser.feed(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
    found = [one for _ in range(64) for one in parser.feed(megabyte)]

    digest = hashlib.sha256(bytes(64 << 20)).hexdigest()
    assert [(64 << 20, digest)] == [(one.body, one.digest) for one in found if isinstance(one, Request)]
    assert not parser.partial
