"""The pace of the clock, on real sockets: order and lower bounds, never upper bounds."""

from __future__ import annotations

import http.client
import selectors
import socket
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.server.clients import GET, GET_AND_CLOSE, PATIENCE_S, connect, read_all, read_response
from tracedemo.server import ServerHandle, ServerOptions

if TYPE_CHECKING:
    from tests.server.conftest import StartServer

MS = 1_000_000


def test_delay_and_gaps_are_kept(start_server: StartServer) -> None:
    """The first byte comes no earlier than the delay, each piece no earlier than the gap; then comes the end."""
    server = start_server(ServerOptions(delay_ms=20, gap_ms=5, pieces=4))
    with connect(server) as client:
        client.sendall(GET_AND_CLOSE)
        assert read_all(client).endswith(server.body)

    _, request, *sent, closed = server.events()
    assert ["sent"] * 4 + ["closed"] == [*(event.op for event in sent), closed.op]
    assert [1, 2, 3, 4] == [event.piece for event in sent]
    assert sent[0].t - request.t >= 20 * MS
    # The stamps are from just before each send: a little of the send itself lies between them and the timer.
    assert all(after.t - before.t >= 5 * MS for before, after in pairwise(sent))


def test_a_kept_connection_serves_again(quick: ServerHandle) -> None:
    """Requests on one connection are answered one after another, with the same body, until one says close."""
    with connect(quick) as client:
        bodies = []
        for request in (GET, GET, GET_AND_CLOSE):
            client.sendall(request)
            head, body = read_response(client)
            bodies.append(body)
        assert b"Connection: close" in head
        assert client.recv(1) == b""

    assert [quick.body] * 3 == bodies


def test_requests_ahead_are_answered_in_order(quick: ServerHandle) -> None:
    """A hundred requests sent at once get a hundred answers."""
    with connect(quick) as client:
        client.sendall(GET * 99 + GET_AND_CLOSE)

        assert read_all(client).count(quick.body) == 100


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_closing_client_is_closed_at_once(quick: ServerHandle, version: str) -> None:
    """An HTTP/1.0 request, or `Connection: close`, ends the connection after the answer."""
    with connect(quick) as client:
        client.sendall(f"GET / HTTP/{version}\r\nConnection: close\r\n\r\n".encode())

        assert read_all(client).endswith(quick.body)


def test_a_half_closed_client_gets_its_answer(quick: ServerHandle) -> None:
    """A client that ends its side after the request gets the whole answer, and the end."""
    with connect(quick) as client:
        client.sendall(GET)
        client.shutdown(socket.SHUT_WR)

        assert read_all(client).endswith(quick.body)


def test_the_standard_library_understands_the_answers(quick: ServerHandle) -> None:
    """`http.client`, an independent witness, reads GET, HEAD and POST on one connection as they are meant."""
    client = http.client.HTTPConnection(quick.host, quick.port, timeout=PATIENCE_S)
    try:
        seen = []
        for method, body in (("GET", None), ("HEAD", None), ("POST", b"x" * 100_000), ("GET", None)):
            client.request(method, "/any/path?x=1", body)
            response = client.getresponse()
            seen.append((response.status, response.headers["Content-Length"], len(response.read())))
    finally:
        client.close()

    assert [(200, "1200", 1200), (200, "1200", 0), (200, "86", 86), (200, "1200", 1200)] == seen


def test_a_slow_reader_gets_every_byte(start_server: StartServer) -> None:
    """An answer far bigger than all buffers arrives whole, in the order of its pieces."""
    server = start_server(ServerOptions(delay_ms=0, gap_ms=0, size=20 << 20, pieces=5))
    with socket.socket() as client:
        client.settimeout(PATIENCE_S)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((server.host, server.port))
        client.sendall(GET_AND_CLOSE)

        assert read_all(client).partition(b"\r\n\r\n")[2] == server.body

    sent = [event for event in server.events() if event.op == "sent"]
    pieces = [event.piece or 0 for event in sent]
    assert sorted(pieces) == pieces
    assert {1, 2, 3, 4, 5} == set(pieces)
    assert len(sent) > len(set(pieces))


def test_two_hundred_clients_at_once(quick: ServerHandle) -> None:
    """200 clients that connect before any of them asks all get the same body, from one thread."""
    number = 200
    bodies = []
    with selectors.DefaultSelector() as selector:
        for _ in range(number):
            client = connect(quick)
            selector.register(client, selectors.EVENT_READ, [])
        for key in list(selector.get_map().values()):
            key.fileobj.sendall(GET_AND_CLOSE)  # type: ignore[union-attr]
        while selector.get_map():
            ready = selector.select(PATIENCE_S)
            assert ready, "nobody was answered for a long time"
            for key, _ in ready:
                client = key.fileobj  # type: ignore[assignment]
                part = client.recv(1 << 16)
                key.data.append(part)
                if not part:
                    selector.unregister(client)
                    client.close()
                    bodies.append(b"".join(key.data).partition(b"\r\n\r\n")[2])

    assert [quick.body] * number == bodies


def test_the_body_is_that_of_the_run(start_server: StartServer) -> None:
    """The body carries the nonce that was given."""
    server = start_server(ServerOptions(delay_ms=0, gap_ms=0, nonce="given1"))
    with connect(server) as client:
        client.sendall(GET)
        body = read_response(client)[1]

    assert b"given1" in body
    assert server.options.nonce == "given1"


def test_ipv6_works_where_there_is_any(start_server: StartServer) -> None:
    """The server listens on ::1 as well as on 127.0.0.1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    server = start_server(ServerOptions(host="::1", delay_ms=0, gap_ms=0))
    with connect(server) as client:
        client.sendall(GET)
        assert read_response(client)[1] == server.body
        assert {("::1", client.getsockname()[1])} == {event.peer for event in server.events()}
