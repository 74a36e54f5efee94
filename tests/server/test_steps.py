"""Lock-step on real sockets: the test is the client, and asks for each step before it would wait."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.server.clients import (
    GET,
    GET_AND_CLOSE,
    Asker,
    arrived,
    available,
    connect,
    port_of,
    read_all,
    read_response,
)
from tracedemo.server import ServerHandle, ServerOptions

if TYPE_CHECKING:
    from tests.server.conftest import StartServer


def pieces_of(server: ServerHandle) -> list[tuple[int | None, int | None]]:
    """Connection and piece of everything sent, in order."""
    return [(event.conn, event.piece) for event in server.events() if event.op == "sent"]


def test_nothing_moves_without_a_step(lockstep: ServerHandle, asker: Asker) -> None:
    """A request alone brings nothing, even after the server has answered another client's steps."""
    with connect(lockstep) as asked, connect(lockstep) as stepped:
        asked.sendall(GET)
        stepped.sendall(GET)
        for _ in range(3):
            asker.step(stepped)

        assert available(asked) is None
        assert len(read_response(stepped)[1]) == len(lockstep.body)


def test_k_pieces_and_a_close_are_k_plus_one_moves(lockstep: ServerHandle, asker: Asker) -> None:
    """Each step brings exactly one piece, then the end; what was announced is there, and no more."""
    data = b""
    with connect(lockstep) as client:
        client.sendall(GET_AND_CLOSE)
        for size in (400, 400, 400):
            assert asker.step(client) == ["sent"]
            part = arrived(client) or b""
            data += part
            assert len(part.rpartition(b"\r\n\r\n")[2]) == size
            assert available(client) is None
        assert asker.step(client) == ["closed"]
        assert arrived(client) == b""

    assert lockstep.body == data.partition(b"\r\n\r\n")[2]
    assert [(1, 1), (1, 2), (1, 3)] == pieces_of(lockstep)


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_the_number_of_pieces_is_as_asked(start_server: StartServer, pieces: int) -> None:
    """An answer in k pieces takes k steps, for any k."""
    server = start_server(ServerOptions(pace="lockstep", pieces=pieces))
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET_AND_CLOSE)
        moves = [asker.step(client) for _ in range(pieces + 1)]

        assert [["sent"]] * pieces + [["closed"]] == moves
        assert read_all(client).endswith(server.body)


def test_a_kept_connection_cannot_move_until_it_asks_again(lockstep: ServerHandle, asker: Asker) -> None:
    """An idle connection answers a step at once with nothing, and its next request moves it again."""
    with connect(lockstep) as client:
        for _ in range(2):
            client.sendall(GET)
            assert [["sent"]] * 3 + [[None]] == [asker.step(client) for _ in range(4)]
            assert read_response(client)[1] == lockstep.body
        assert asker.step(client) == [None]


def test_requests_ahead_are_answered_one_after_another(lockstep: ServerHandle, asker: Asker) -> None:
    """Two requests sent together are two answers, in as many moves, then the close that the second wanted."""
    with connect(lockstep) as client:
        client.sendall(GET + GET_AND_CLOSE)
        moves = [move for _ in range(7) for move in asker.step(client)]

        assert ["sent"] * 6 + ["closed"] == moves
        assert read_all(client).count(lockstep.body) == 2


def test_every_named_connection_moves_once_in_the_order_of_accept(
    lockstep: ServerHandle, asker: Asker
) -> None:
    """One step moves all that it names, oldest connection first, whatever order they are named in."""
    clients = [connect(lockstep) for _ in range(4)]
    try:
        for client in reversed(clients):
            client.sendall(GET)
        asker.ask(clients[2], clients[0], clients[3])
        moved = asker.answer()

        assert [port_of(clients[one]) for one in (0, 2, 3)] == list(moved)
        assert [(1, 1), (3, 1), (4, 1)] == pieces_of(lockstep)
        assert available(clients[1]) is None
    finally:
        for client in clients:
            client.close()


def test_connections_are_at_different_places(lockstep: ServerHandle, asker: Asker) -> None:
    """A step makes the next move of each connection, whichever that is."""
    with connect(lockstep) as ahead, connect(lockstep) as behind, connect(lockstep) as idle:
        idle.sendall(GET)
        for _ in range(3):
            asker.step(idle)
        ahead.sendall(GET_AND_CLOSE)
        for _ in range(3):
            asker.step(ahead)
        behind.sendall(GET)

        assert asker.step(ahead, behind, idle) == ["closed", "sent", None]


def test_a_request_still_on_its_way_is_waited_for(lockstep: ServerHandle, asker: Asker) -> None:
    """A step that overtakes half of the request is answered when the other half has come."""
    with connect(lockstep) as client:
        client.sendall(GET[:10])
        asker.ask(client)
        client.sendall(GET[10:])

        assert asker.answer() == {port_of(client): "sent"}


def test_a_body_still_on_its_way_is_waited_for(lockstep: ServerHandle, asker: Asker) -> None:
    """A request is complete with the last byte of its body, and not before."""
    with connect(lockstep) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab")
        asker.ask(client)
        client.sendall(b"cd")

        assert asker.answer() == {port_of(client): "sent"}
        assert read_response(client)[0].startswith(b"HTTP/1.1 200 ")


def test_a_connection_still_on_its_way_is_waited_for(lockstep: ServerHandle, asker: Asker) -> None:
    """A step may name a port before the server has seen its connection."""
    with socket.socket() as client:
        client.settimeout(15)
        client.bind(("127.0.0.1", 0))
        asker.ask(client)
        client.connect((lockstep.host, lockstep.port))
        client.sendall(GET)

        assert asker.answer() == {port_of(client): "sent"}


def test_those_who_are_ready_wait_for_those_who_are_not(lockstep: ServerHandle, asker: Asker) -> None:
    """No move of a step is made before it is clear which of its connections can move."""
    with connect(lockstep) as ready, connect(lockstep) as late, Asker(lockstep) as other:
        ready.sendall(GET)
        late.sendall(GET[:5])
        asker.ask(ready, late)
        other.step()  # by now the server has read the question above, for it reads in the order of arrival
        assert available(ready) is None
        late.sendall(GET[5:])

        assert asker.answer() == {port_of(ready): "sent", port_of(late): "sent"}


def test_a_client_that_never_asked_is_a_deadlock_found_by_the_grace(start_server: StartServer) -> None:
    """A connection without a request cannot move; the grace is spent on it once, not at every step."""
    grace_s = 0.3
    server = start_server(ServerOptions(pace="lockstep", grace_ms=grace_s * 1000))
    with Asker(server) as asker, connect(server) as client:
        began = time.monotonic()
        assert asker.step(client) == [None]
        first = time.monotonic() - began
        assert [[None]] * 50 == [asker.step(client) for _ in range(50)]
        later = time.monotonic() - began - first
        client.sendall(GET)

        assert asker.step(client) == ["sent"]
        assert first >= grace_s
        assert later < 50 * grace_s / 2


def test_half_a_request_does_not_hold_up_the_others_for_longer_than_the_grace(
    start_server: StartServer,
) -> None:
    """When the grace is over, the connections that can move do."""
    server = start_server(ServerOptions(pace="lockstep", grace_ms=50))
    with Asker(server) as asker, connect(server) as stuck, connect(server) as ready, socket.socket() as alone:
        stuck.sendall(GET[:10])
        ready.sendall(GET)
        alone.bind(("127.0.0.1", 0))

        assert asker.step(stuck, alone, ready) == [None, None, "sent"]


def test_two_threads_ask_independently(lockstep: ServerHandle) -> None:
    """A question that waits does not hold up the question of another control connection."""
    with Asker(lockstep) as one, Asker(lockstep) as two, connect(lockstep) as slow, connect(lockstep) as fast:
        slow.sendall(GET[:10])
        fast.sendall(GET)
        one.ask(slow)

        assert [["sent"]] * 3 == [two.step(fast) for _ in range(3)]

        slow.sendall(GET[10:])
        assert one.answer() == {port_of(slow): "sent"}


def test_two_questions_about_one_connection_are_two_moves(lockstep: ServerHandle) -> None:
    """Two threads that wait for the same connection each get a move, as soon as its request is there."""
    with Asker(lockstep) as one, Asker(lockstep) as two, connect(lockstep) as client:
        client.sendall(GET[:10])
        one.ask(client)
        two.ask(client)
        client.sendall(GET[10:])

        assert [{port_of(client): "sent"}] * 2 == [one.answer(), two.answer()]
        assert [(1, 1), (1, 2)] == pieces_of(lockstep)


def test_many_threads_fetch_at_once(lockstep: ServerHandle) -> None:
    """Sixteen blocking clients, each with its own control connection, all get their bytes in k + 1 steps."""
    seen: list[tuple[list[str | None], bool]] = []

    def fetch() -> None:
        with Asker(lockstep) as asker, connect(lockstep) as client:
            client.sendall(GET_AND_CLOSE)
            moves = [asker.step(client)[0] for _ in range(4)]
            seen.append((moves, read_all(client).endswith(lockstep.body)))

    threads = [threading.Thread(target=fetch) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(["sent", "sent", "sent", "closed"], True)] * 16 == seen


def test_a_half_closed_client_is_answered_step_by_step(lockstep: ServerHandle, asker: Asker) -> None:
    """A client that has said it sends no more still gets all pieces and the end, one a step."""
    with connect(lockstep) as client:
        client.sendall(GET)
        client.shutdown(socket.SHUT_WR)

        assert [["sent"]] * 3 + [["closed"]] == [asker.step(client) for _ in range(4)]
        assert read_all(client).endswith(lockstep.body)


def test_a_client_that_only_ends_gets_an_end(lockstep: ServerHandle, asker: Asker) -> None:
    """A connection on which nothing was asked, and nothing will be, is closed by a step."""
    with connect(lockstep) as client:
        client.shutdown(socket.SHUT_WR)

        assert asker.step(client) == ["closed"]
        assert client.recv(1) == b""


def test_a_client_that_is_gone_is_still_moved(lockstep: ServerHandle, asker: Asker) -> None:
    """A client may close and leave its answer to nobody; the server makes the moves and lives."""
    client = connect(lockstep)
    port = port_of(client)
    client.sendall(GET)
    client.close()
    asker.sock.sendall(b"step %d\n" % port)
    assert asker.answer() == {port: "sent"}

    with connect(lockstep) as other:
        other.sendall(GET)
        assert asker.step(other) == ["sent"]


def test_a_reused_port_stands_for_its_new_connection(start_server: StartServer) -> None:
    """When a client's port comes back, a step names the new connection."""
    server = start_server(ServerOptions(pace="lockstep", pieces=1, grace_ms=60_000))
    with Asker(server) as asker:
        with connect(server) as first:
            port = port_of(first)
            first.sendall(GET_AND_CLOSE)
            assert [["sent"], ["closed"]] == [asker.step(first) for _ in range(2)]
            assert read_all(first).endswith(server.body)
        with socket.socket() as second:
            second.settimeout(15)
            try:
                # The same number on another address: nobody else can have taken it meanwhile.
                second.bind(("127.0.0.2", port))
            except OSError as error:
                pytest.skip(f"only one loopback address here: {error}")
            second.connect((server.host, server.port))
            second.sendall(GET)

            assert asker.step(second) == ["sent"]
    assert [(1, 1), (2, 1)] == pieces_of(server)


def test_a_piece_bigger_than_the_buffers_follows_by_itself(start_server: StartServer) -> None:
    """A huge piece counts as sent at once; its rest comes as the client reads, and before the next piece."""
    size = 32 << 20
    server = start_server(ServerOptions(pace="lockstep", size=size, pieces=2))
    received = 0
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET_AND_CLOSE)
        while (move := asker.step(client)[0]) == "sent":
            # As a client does: read while there is something, and ask before waiting.
            received += len(arrived(client) or b"")
            while part := available(client):
                received += len(part)
        assert move == "closed"
        received += len(read_all(client))

    pieces = [piece for _, piece in pieces_of(server)]
    assert sorted(pieces, key=int) == pieces  # type: ignore[arg-type]
    assert size < received < size + 1000


def test_a_refused_request_is_answered_and_ended_in_two_moves(lockstep: ServerHandle, asker: Asker) -> None:
    """Nonsense gets its sentence by one step and the end by the next."""
    with connect(lockstep) as client:
        client.sendall(b"nonsense\r\n")

        assert [["sent"], ["closed"]] == [asker.step(client) for _ in range(2)]
        assert read_all(client).startswith(b"HTTP/1.1 400 ")


def test_a_head_is_one_move(lockstep: ServerHandle, asker: Asker) -> None:
    """The headers alone go out in one piece."""
    with connect(lockstep) as client:
        client.sendall(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")

        assert [["sent"], ["closed"]] == [asker.step(client) for _ in range(2)]
        assert b"Content-Length: 1200\r\n" in read_all(client)


def test_a_step_for_nobody_moves_nobody(asker: Asker) -> None:
    """A step without ports is answered with nothing."""
    assert asker.step() == []


@pytest.mark.parametrize("line", [b"hello\n", b"step x\n", b"step 0\n", b"moved\n", b"\xff\xfe\n"])
def test_nonsense_on_the_control_socket_ends_that_one_alone(
    lockstep: ServerHandle, asker: Asker, line: bytes
) -> None:
    """Who does not speak the language is hung up on, and that is logged; the others go on."""
    with Asker(lockstep) as other:
        other.sock.sendall(line)
        assert other.gone()

    assert asker.step() == []
    assert [event.op for event in lockstep.events()] == ["error"]


def test_an_endless_line_on_the_control_socket_is_cut_off(lockstep: ServerHandle, asker: Asker) -> None:
    """A message longer than any can be ends its connection."""
    endless = b"step" + b" 1" * (1 << 24)
    with Asker(lockstep) as other, pytest.raises(OSError, match=r"pipe|reset"):
        other.sock.sendall(endless)
    assert asker.step() == []


def test_an_asker_that_leaves_takes_its_question_along(lockstep: ServerHandle, asker: Asker) -> None:
    """A question of a thread that has died moves nothing later."""
    with connect(lockstep) as client:
        client.sendall(GET[:10])
        with Asker(lockstep) as other:
            other.ask(client)
            asker.step()
        # Each step is a round of the server's loop: in one it accepts the other, in the next it reads the question, in a
        # third the end of it. A few more do no harm.
        for _ in range(6):
            asker.step()
        client.sendall(GET[10:])

        assert asker.step(client) == ["sent"]
        assert [(1, 1)] == pieces_of(lockstep)


def test_questions_sent_ahead_are_answered_in_turn(lockstep: ServerHandle, asker: Asker) -> None:
    """Thousands of questions in one go are answered one by one, in order."""
    number = 3000
    with connect(lockstep) as client:
        client.sendall(GET_AND_CLOSE)
        asker.sock.sendall(b"step %d\n" % port_of(client) * 4 + b"step\n" * number)
        moves = [asker.answer().get(port_of(client)) for _ in range(4 + number)]

    assert ["sent", "sent", "sent", "closed"] + [None] * number == moves


def test_two_hundred_connections_move_together(lockstep: ServerHandle, asker: Asker) -> None:
    """With 200 connections each step moves all of them, and every client has the same bytes at the end."""
    clients = [connect(lockstep) for _ in range(200)]
    try:
        for client in clients:
            client.sendall(GET_AND_CLOSE)
        for what in ("sent", "sent", "sent", "closed"):
            assert [what] * 200 == asker.step(*clients)
        bodies = {read_all(client).partition(b"\r\n\r\n")[2] for client in clients}
    finally:
        for client in clients:
            client.close()

    assert {lockstep.body} == bodies


def test_the_log_tells_causes_before_their_effects(lockstep: ServerHandle, asker: Asker) -> None:
    """Each move is stamped after the question and before its answer, on the client's own clock."""
    with connect(lockstep) as client:
        client.sendall(GET_AND_CLOSE)
        stamps = []
        for _ in range(4):
            before = time.monotonic_ns()
            asker.step(client)
            stamps.append((before, time.monotonic_ns()))
        peer = client.getsockname()

    events = lockstep.events()
    moves = [event for event in events if event.op in ("sent", "closed")]
    assert ["accepted", "request", "sent", "sent", "sent", "closed"] == [event.op for event in events]
    assert all(before <= move.t <= after for (before, after), move in zip(stamps, moves, strict=True))
    assert {peer} == {event.peer for event in events}
    assert events[1].bytes == len(GET_AND_CLOSE)
    assert events[1].detail == "GET / HTTP/1.1"
