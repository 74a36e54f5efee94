"""Faults: what the words mean, who is drawn, and what a client sees of each."""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.clients import GET, GET_AND_CLOSE, Asker, arrived, available, connect, port_of, read_all
from tracedemo.server import ServerHandle, ServerOptions
from tracedemo.server.faults import FAULTS, MAX_SEED, REFUSE, Faults, noise
from tracedemo.server.plan import Plan
from tracedemo.server.request import RequestParser
from tracedemo.server.response import FILL, FILLS, Answer, Responder, first_half, make_body, spoiled

if TYPE_CHECKING:
    from tests.server.conftest import StartServer

NAMES = [name for name in FAULTS if name != REFUSE]
SEEDS = st.integers(0, MAX_SEED)
PARTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=len(NAMES)).filter(
    lambda parts: sum(parts) <= 10_000
)


# The words


def percent(part: int) -> str:
    return f"{part // 100}.{part % 100:02}%"


@given(PARTS)
def test_percentages_are_kept_to_the_hundredth(parts: list[int]) -> None:
    """Every percentage from 0.01 to 100 is understood as it was written."""
    words = ",".join(f"{name}:{percent(part)}" for name, part in zip(NAMES, parts, strict=False))

    assert parts == list(Faults(words).parts.values())


@given(st.integers(0, 99), st.integers(1, len(NAMES) - 1))
def test_names_alone_share_what_is_left(taken: int, alone: int) -> None:
    """Those without a percentage share the rest, equally but for a hundredth, and nothing is left over."""
    first = [f"{NAMES[-1]}:{taken}%"] if taken else []
    parts = list(Faults(",".join([*first, *NAMES[:alone]])).parts.values())
    shares = parts[len(first) :]

    assert 10_000 == sum(parts)
    assert max(shares) - min(shares) <= 1


@given(st.text(max_size=30))
def test_any_words_are_understood_or_refused(words: str) -> None:
    """Whatever is typed is either faults that make 100 % at most, or a ValueError."""
    parts: dict[str, int] = {}
    with suppress(ValueError):
        parts = Faults(words).parts

    assert sum(parts.values()) <= 10_000


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("rest", "there is no fault 'rest'; faults: refuse, reset, "),
        ("reset,", "there is no fault ''"),
        ("reset:", "a percentage from 0.01% to 100% is needed, as in reset:10%, not 'reset:'"),
        ("reset:10", "a percentage .* not 'reset:10'"),
        ("reset:0%", "a percentage"),
        ("reset:0.001%", "a percentage"),
        ("reset:100.01%", "a percentage"),
        ("reset:-5%", "a percentage"),
        ("reset:1e1%", "a percentage"),
        ("reset:\u0661%", "a percentage"),
        ("reset:1_0%", "a percentage"),
        ("reset:.5%", "a percentage"),
        ("reset,reset:5%", "the fault reset is named twice"),
        ("reset:60%,stall:50%", "these faults are more than 100% together: 110%"),
        ("reset:100%,stall", "nothing is left for stall: the others make 100% together"),
        ("refuse:10%", "refuse is for all connections or for none"),
        ("refuse,stall", "refuse is for all connections or for none"),
    ],
)
def test_nonsense_is_refused(words: str, why: str) -> None:
    """What cannot be meant is refused with its reason, in the options already."""
    with pytest.raises(ValueError, match=why):
        ServerOptions(fault=words)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, True, 1.5, "1"])
def test_seeds(seed: object) -> None:
    """A seed is a whole number of 63 bits."""
    with pytest.raises(ValueError, match="seed must be a whole number from 0 to 9223372036854775807"):
        Faults("reset", seed)  # type: ignore[arg-type]


def test_words_reach_the_process() -> None:
    """Options become the words of a command line, and these the same plan."""
    options = ServerOptions(fault="reset:12.5%, stall", seed=7, nonce="n")
    words = dict(word.split("=", 1) for word in options.words())
    plan = options.plan()

    assert ("reset:12.5%, stall", "7") == (words["fault"], words["seed"])
    assert isinstance(plan, Plan)
    assert ({"reset": 1250, "stall": 8750}, 7) == (plan.faults.parts, plan.faults.seed)


# The draw


@given(PARTS, SEEDS, st.integers(1, 1 << 40))
def test_the_same_seed_draws_the_same(parts: list[int], seed: int, number: int) -> None:
    """Who gets what depends on words, seed and number alone, and is one of the faults asked for, or none."""
    words = ",".join(f"{name}:{percent(part)}" for name, part in zip(NAMES, parts, strict=False))
    drawn = Faults(words, seed).of(number)

    assert drawn == Faults(words, seed).of(number)
    assert drawn in {"", *Faults(words).parts}


@given(st.sampled_from(list(FAULTS)), SEEDS, st.integers(1, 1 << 40))
def test_all_are_all(name: str, seed: int, number: int) -> None:
    """Of a fault without a percentage no connection is spared."""
    assert name == Faults(name, seed).of(number)


@pytest.mark.parametrize("seed", [0, 1, 2, MAX_SEED])
def test_shares_are_as_asked(seed: int) -> None:
    """Of a hundred thousand connections each fault gets its part, but for what chance makes of it (five sigma)."""
    many, asked = 100_000, {"reset": 0.2, "stall": 0.01, "garbage": 0.005}
    faults = Faults("reset:20%,stall:1%,garbage:0.5%", seed)
    counts = Counter(map(faults.of, range(1, many + 1)))

    for name, part in asked.items():
        assert abs(counts[name] - many * part) < 5 * (many * part * (1 - part)) ** 0.5


def test_seeds_draw_others() -> None:
    """Two hundred seeds draw two hundred different sets of forty connections."""
    drawn = {tuple(Faults("reset:50%", seed).of(number) for number in range(40)) for seed in range(200)}

    assert 200 == len(drawn)


@given(SEEDS, st.integers(1, 1 << 30), st.integers(0, 100))
def test_noise(seed: int, number: int, size: int) -> None:
    """Noise has the size that is asked for, is the same each time, and none of it is ASCII."""
    data = noise(seed, number, size)

    assert size == len(data)
    assert data == noise(seed, number, size)
    assert all(byte > 0x7F for byte in data)


# What becomes of an answer


@given(st.integers(1, 5000), st.data())
def test_first_half(size: int, data: st.DataObject) -> None:
    """The first half is the head and half of the body, cut where the pieces were cut, with no empty piece."""
    pieces = data.draw(st.integers(1, min(size, 20)))
    (request,) = RequestParser().feed(GET)
    whole = Responder(make_body(size, "n"), pieces).answer(request).pieces
    half = first_half(whole)

    assert b"".join(whole).startswith(b"".join(half))
    assert size // 2 == len(b"".join(half).partition(b"\r\n\r\n")[2])
    assert all(half)
    assert whole[: len(half) - 1] == half[:-1]


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_about_the_answer_leaves_it(name: str) -> None:
    """An answer that is spoiled is another one; the others go out as they are."""
    good = Answer((b"HTTP/1.1 200 OK\r\n\r\nab", b"cd"), close=True)
    untouched = name in ("refuse", "slow-read", "no-accept", "close-before-read")

    assert untouched == (spoiled(good, name, 1, 0) is good)


# What a client sees


@pytest.fixture
def faulty(start_server: StartServer):
    """Starts a lock-step server with a fault."""

    def start(fault: str, seed: int = 0) -> ServerHandle:
        return start_server(ServerOptions(pace="lockstep", fault=fault, seed=seed, grace_ms=60_000))

    return start


def told(server: ServerHandle) -> list[str]:
    return [f"fault {event.detail}" if event.op == "fault" else event.op for event in server.events()]


def is_reset(client: socket.socket) -> bool:
    assert select.select([client], [], [], 15)[0]
    try:
        client.recv(1)
    except ConnectionResetError:
        return True
    return False


def test_refuse(faulty) -> None:
    """A server that refuses has the port, so that nobody else gets it, and does not listen."""
    server = faulty("refuse")
    with socket.socket() as client, socket.socket() as other:
        assert errno.ECONNREFUSED == client.connect_ex((server.host, server.port))
        with pytest.raises(OSError, match="in use"):
            other.bind((server.host, server.port))

    assert [] == told(server)


def test_reset(faulty) -> None:
    """The request is read, and the first move is a reset."""
    server = faulty("reset")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET)

        assert ["reset"] == asker.step(client)
        assert is_reset(client)
    assert ["accepted", "fault reset", "request", "reset"] == told(server)


def test_reset_mid_body(faulty) -> None:
    """Half of the body comes, then the reset, each in a move of its own."""
    server = faulty("reset-mid-body")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET)
        data = b""
        for _ in range(2):
            assert ["sent"] == asker.step(client)
            data += arrived(client) or b""

        assert server.body[:600] == data.partition(b"\r\n\r\n")[2]
        assert ["reset"] == asker.step(client)
        assert is_reset(client)


def test_stall(faulty) -> None:
    """After half of the body every step is answered at once, with nothing; the client's end is still taken."""
    server = faulty("stall")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET)
        moves = [asker.step(client) for _ in range(5)]

        assert [["sent"], ["sent"], [None], [None], [None]] == moves
        assert 600 == len((available(client) or b"").partition(b"\r\n\r\n")[2])
        assert available(client) is None
        client.shutdown(socket.SHUT_WR)
        assert ["closed"] == asker.step(client)
        assert b"" == arrived(client)


def test_half_close(faulty) -> None:
    """The server's end comes in place of an answer, and what the client sends after it is still taken."""
    server = faulty("half-close")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET)

        assert ["closed"] == asker.step(client)
        assert b"" == arrived(client)
        for _ in range(3):
            client.sendall(
                GET
            )  # to a closed socket the first would be answered by a reset, and the next fail
        assert b"" == available(client)


@pytest.mark.parametrize(("fault", "bodies"), [("truncated", 600), ("garbage", None)])
def test_wrong_answers(fault: str, bodies: int | None, faulty) -> None:
    """A wrong answer is followed by a proper end, even where the connection was to be kept."""
    server = faulty(fault)
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET)
        moves = []
        while moves[-1:] != [["closed"]]:
            moves.append(asker.step(client))
        data = read_all(client)

    if bodies is None:
        assert all(byte > 0x7F for byte in data)
    else:
        assert b"Content-Length: 1200\r\n" in data
        assert server.body[:bodies] == data.partition(b"\r\n\r\n")[2]


def test_huge_headers(faulty) -> None:
    """A proper answer has a header longer than most clients take, in pieces that fit into any buffer."""
    server = faulty("huge-headers")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET_AND_CLOSE)
        data = b""
        while ["sent"] == asker.step(client):
            data += arrived(client) or b""
    head, _, body = data.partition(b"\r\n\r\n")

    assert server.body == body
    assert FILLS * FILL == max(map(len, head.split(b"\r\n"))) - len("X-Fill: ")


def test_slow_read_hurries_when_asked(faulty) -> None:
    """In lock-step a request that is read slowly is read whole before the client is told that nothing moves."""
    server = faulty("slow-read")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 5000 + b"\r\n\r\n")

        assert ["sent"] == asker.step(client)


def test_slow_read_by_the_clock(start_server: StartServer) -> None:
    """By the clock even a large request is read to its end, and answered properly."""
    server = start_server(ServerOptions(delay_ms=0, gap_ms=0, fault="slow-read"))
    with connect(server) as client:
        client.sendall(
            b"GET / HTTP/1.1\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n" + b"x" * 1_000_000
        )

        assert server.body == read_all(client).partition(b"\r\n\r\n")[2]


def test_no_accept(faulty) -> None:
    """The kernel makes the connection and takes the request, a step finds nothing at once, and the backlog is counted."""
    server = faulty("no-accept")
    with Asker(server) as asker, connect(server) as client, connect(server) as other:
        client.sendall(GET)

        assert [None, None] == asker.step(client, other)
        assert [] == told(server)
        ports = [port_of(client), port_of(other)]
        server.stop()
    assert ["fault no-accept"] * 2 == told(server)
    assert ports == [event.peer[1] for event in server.events() if event.peer]


def test_no_accept_for_some(faulty) -> None:
    """Where others are to be served, the connection is taken out of the backlog, and then left alone."""
    server = faulty("no-accept:50%", seed=5)
    drawn = [Faults("no-accept:50%", 5).of(number) for number in range(1, 7)]
    assert 0 < drawn.count("no-accept") < 6
    with Asker(server) as asker:
        for fault in drawn:
            with connect(server) as client:
                client.sendall(GET)
                assert [None if fault else "sent"] == asker.step(client)


def test_close_before_read(faulty) -> None:
    """Nothing is read, and the close over it reaches the client as a reset, without SO_LINGER."""
    server = faulty("close-before-read")
    with Asker(server) as asker, connect(server) as client:
        client.sendall(GET)

        assert ["reset"] == asker.step(client)
        assert is_reset(client)
    assert ["accepted", "fault close-before-read", "closed"] == told(server)


def test_close_before_read_waits_for_what_is_not_read(faulty) -> None:
    """A step that overtakes the request waits for it, so that the close always finds something unread."""
    server = faulty("close-before-read")
    with Asker(server) as asker, connect(server) as client:
        asker.ask(client)
        client.sendall(GET)

        assert {port_of(client): "reset"} == asker.answer()
        assert is_reset(client)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("refuse", "no-accept")])
def test_clients_that_break_off(fault: str, start_server: StartServer) -> None:
    """Whatever the fault, a client that resets, or goes without a word, does no harm to the next one."""
    server = start_server(ServerOptions(delay_ms=0, gap_ms=0, fault=f"{fault}:50%", seed=1))
    for _ in range(8):
        with connect(server) as client:
            client.sendall(GET)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connect(server).close()
    good = [Faults(f"{fault}:50%", 1).of(number) for number in range(17, 60)].index("") + 17
    for number in range(17, good + 1):
        with connect(server) as client:
            if number == good:
                client.sendall(GET_AND_CLOSE)
                assert read_all(client).endswith(server.body)
    assert 0 == server.stop()
