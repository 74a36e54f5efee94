"""The programs of the post, each run as a reader would run it, against a small server of the standard library."""

from __future__ import annotations

import ast
import hashlib
import http.server
import re
import resource
import select
import selectors
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from tracedemo.variants import (
    VARIANTS,
    Variant,
    asyncio_sock,
    asyncio_streams,
    blocking,
    by_name,
    nonblocking,
    robust,
    selector,
    sleepers,
    threads,
    upload,
)

MODULES: dict[str, ModuleType] = {
    "blocking": blocking,
    "threads": threads,
    "nonblocking": nonblocking,
    "selector": selector,
    "asyncio_sock": asyncio_sock,
    "asyncio_streams": asyncio_streams,
    "sleepers": sleepers,
    "upload": upload,
    "robust": robust,
}
HEADINGS = (
    "How your application talks to the network",
    "Non-blocking sockets",
    "Letting the OS monitor the sockets for us: select / epoll",
    "The scheduler",
    "Putting it all together",
    "Extending to multiple concurrent requests",
    "Scaling to thousands of sockets",
)
PATIENCE = 60
"""Seconds after which a program counts as hung.  Nothing waits that long unless something is wrong."""

all_variants = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
fetching_variants = pytest.mark.parametrize(
    "variant", [v for v in VARIANTS if v.fetches], ids=lambda variant: variant.name
)
overlapping_variants = pytest.mark.parametrize(
    "variant", [v for v in VARIANTS if v.at_once], ids=lambda variant: variant.name
)
choosing_variants = pytest.mark.parametrize(
    "variant", [v for v in VARIANTS if "--selector" in v.options], ids=lambda variant: variant.name
)


class Server(http.server.ThreadingHTTPServer):
    """Knows how many requests it is busy with, and can hold answers back until so many have come."""

    body = b""
    request_queue_size = 128

    def __init__(self, family: socket.AddressFamily, host: str, body: bytes) -> None:
        self.address_family = family
        super().__init__((host, 0), Handler)
        self.body = body
        self.lock = threading.Lock()
        self.busy = self.most_busy = 0
        self.together = threading.Barrier(1)

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"[{host}]:{port}" if self.address_family == socket.AF_INET6 else f"{host}:{port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the path says."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(f"{len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}\n".encode())

    def do_GET(self) -> None:
        self.answer(self.server.body)

    def answer(self, body: bytes) -> None:
        with self.server.lock:
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
        self.server.together.wait(PATIENCE)
        # No longer busy before the answer goes out: with its last byte the client may begin the next fetch.
        with self.server.lock:
            self.server.busy -= 1
        if self.path == "/garbage":
            self.wfile.write(b"What do you want?\r\n\r\n")
        elif self.path == "/short":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
        elif self.path != "/silence":
            self.send_response(404 if self.path == "/lost" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Keep the terminal quiet."""


def serve(family: socket.AddressFamily, host: str, body: bytes) -> Iterator[Server]:
    """A server in a thread, for as long as a test needs it."""
    with Server(family, host, body) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serve(socket.AF_INET, "127.0.0.1", bytes(range(256)) * 400)


@pytest.fixture
def other_server() -> Iterator[Server]:
    yield from serve(socket.AF_INET, "127.0.0.1", b"the other body\r\n\r\n\r\n")


@pytest.fixture
def closed_address() -> Iterator[str]:
    """An address where nobody listens: the port is taken, so that nobody will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def run(variant: Variant, *args: object) -> subprocess.CompletedProcess[str]:
    """Run the file by itself, with every warning on and fatal."""
    command = [sys.executable, "-I", "-W", "error", "-X", "dev", str(variant.path), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    done.stderr = "".join(
        line for line in done.stderr.splitlines(keepends=True) if not _of_busy_machine(line)
    )
    return done


def _of_busy_machine(line: str) -> bool:
    """Asyncio's remark, in dev mode, that a callback was slow."""
    return line.startswith("Executing <") and line.endswith(" seconds\n")


def line(number: int, body: bytes, status: str = "200 OK") -> str:
    return f"#{number}  {status}  {len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}"


def told(variant: Variant, body: bytes) -> bytes:
    """Of which bytes a variant tells length and digest: what it got, or what it sent and the server confirmed."""
    return upload.make_body(1 << 20) if variant.name == "upload" else body


@fetching_variants
@pytest.mark.parametrize("n", [1, 5])
def test_prints_a_line_for_each_response(variant: Variant, n: int, server: Server) -> None:
    """Every variant prints status, length and digest of each response, and nothing else."""
    done = run(variant, server.address, "-n", n)

    assert [] == done.stderr.splitlines()
    assert [line(i, told(variant, server.body)) for i in range(1, n + 1)] == done.stdout.splitlines()
    assert 0 == done.returncode


@fetching_variants
def test_deals_fetches_out(variant: Variant, server: Server, other_server: Server) -> None:
    """With several addresses fetches go to them in turn, and answers are printed in the order of the requests."""
    done = run(variant, server.address, other_server.address, "-n", 5)

    bodies = [server.body, other_server.body] * 2 + [server.body]
    assert [line(i, told(variant, body)) for i, body in enumerate(bodies, 1)] == done.stdout.splitlines()
    assert 0 == done.returncode


@fetching_variants
def test_asks_for_the_path(variant: Variant, server: Server) -> None:
    """The path is the one that was asked for, and a page that is not found has been fetched, too."""
    done = run(variant, server.address, "--path", "/lost")

    (found,) = done.stdout.splitlines()
    assert found.startswith("#1  404 Not Found  ")
    assert variant.name == "upload" or line(1, server.body, "404 Not Found") == found
    assert 0 == done.returncode


@fetching_variants
def test_takes_a_host_name(variant: Variant, server: Server) -> None:
    """A host may be given by name."""
    done = run(variant, f"localhost:{server.server_port}", "-n", 2)

    body = told(variant, server.body)
    assert [line(1, body), line(2, body)] == done.stdout.splitlines()


@fetching_variants
def test_speaks_ipv6(variant: Variant) -> None:
    """An IPv6 address is written in brackets."""
    try:
        servers = serve(socket.AF_INET6, "::1", b"six")
        server = next(servers)
    except OSError as error:
        pytest.skip(f"no IPv6 on this machine: {error}")
    try:
        done = run(variant, server.address)
    finally:
        next(servers, None)

    assert [line(1, told(variant, b"six"))] == done.stdout.splitlines()


@overlapping_variants
def test_fetches_overlap(variant: Variant, server: Server) -> None:
    """Every variant but `blocking` has all requests out before the first is answered."""
    server.together = threading.Barrier(3)

    done = run(variant, server.address, "-n", 3)

    assert 0 == done.returncode
    assert 3 == server.most_busy


def test_blocking_fetches_queue_up(server: Server) -> None:
    """`blocking` has one request out at a time."""
    done = run(VARIANTS[0], server.address, "-n", 3)

    assert 0 == done.returncode
    assert 1 == server.most_busy


@fetching_variants
def test_refused(variant: Variant, server: Server, closed_address: str) -> None:
    """A refused connection ends in one line that names the fetch, the place and the reason, and exit code 1."""
    done = subprocess.run(
        [sys.executable, variant.path, server.address, closed_address, "-n", "3"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert 1 == done.returncode
    assert 1 == len(done.stderr.splitlines()), done.stderr
    assert done.stderr.startswith(f"{variant.name}.py: fetching #2 from {closed_address} failed: ")
    assert re.search(r"refused|Connect call failed", done.stderr)


@fetching_variants
def test_reset(variant: Variant) -> None:
    """A connection that is reset ends in one line that names the fetch, the place and the reason, and exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        resetter = threading.Thread(target=reset_one, args=(listener,))
        resetter.start()
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, variant.path, place]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        resetter.join()

    assert 1 == done.returncode
    assert re.fullmatch(
        rf"{variant.name}\.py: fetching #1 from {place} failed: .*(reset|Broken pipe|lost).*\n", done.stderr
    ), done.stderr


def reset_one(listener: socket.socket) -> None:
    """Accept a connection, see its request begin, and reset it."""
    sock, _ = listener.accept()
    sock.recv(1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@fetching_variants
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/garbage", r"not an HTTP response: b'What do"),
        ("/silence", r"not an HTTP response: b''"),
        ("/short", r"broken response: 9 bytes came, 100 were promised"),
    ],
)
def test_broken_response(variant: Variant, path: str, reason: str, server: Server) -> None:
    """A response that is none, or not all of one, ends in one line that says so, and exit code 1."""
    done = run(variant, server.address, "--path", path)

    assert 1 == done.returncode
    said = rf"{variant.name}\.py: fetching #1 from {server.address} failed: {reason}.*\n"
    assert re.fullmatch(said, done.stderr), done.stderr


@fetching_variants
@pytest.mark.parametrize(
    "args",
    [
        ("127.0.0.1:1", "-n", "0"),
        ("127.0.0.1:1", "-n", "-1"),
        ("127.0.0.1:1", "-n", "many"),
        ("127.0.0.1",),
        ("127.0.0.1:0",),
        ("127.0.0.1:65536",),
        ("::1:80",),
        (":80",),
        (),
    ],
    ids=" ".join,
)
def test_wrong_usage(variant: Variant, args: tuple[str, ...]) -> None:
    """What makes no sense on the command line is named, with exit code 2."""
    done = run(variant, *args)

    assert 2 == done.returncode
    assert re.search(r"\.py: error: .*(-n/--requests|HOST:PORT)", done.stderr), done.stderr


@all_variants
def test_knows_nothing_of_us(variant: Variant) -> None:
    """No variant says a word about being watched."""
    assert "trace" not in variant.path.read_text(encoding="utf-8").lower()


@all_variants
def test_needs_the_standard_library_only(variant: Variant) -> None:
    """Each variant is one whole file: it imports nothing but the standard library."""
    tree = ast.parse(variant.path.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else str(node.module).partition(".")[0])

    assert names <= sys.stdlib_module_names


@all_variants
def test_shadows_nothing(variant: Variant) -> None:
    """No file has the name of a module of the standard library, which it would hide when run as a file."""
    assert variant.name not in sys.stdlib_module_names


def test_list_is_complete() -> None:
    """`VARIANTS` lists each file of the folder once, and a variant is found by its name."""
    files = {path.stem for path in VARIANTS[0].path.parent.glob("*.py")} - {"__init__"}

    assert sorted(files) == sorted(variant.name for variant in VARIANTS)
    assert list(VARIANTS) == [by_name(variant.name) for variant in VARIANTS]
    assert by_name("asyncio") is None


@all_variants
def test_list_is_of_use(variant: Variant) -> None:
    """Each variant has a short title, one sentence, and a heading of the post or a reason why it has none."""
    assert 0 < len(variant.title) <= 24
    assert re.fullmatch(r"[^.]+\.", variant.teaches.replace("asyncio's", ""))
    assert variant.post in HEADINGS or variant.post.startswith("not in the post: ")


@all_variants
def test_follows_the_names_of_the_post(variant: Variant) -> None:
    """Whoever has read the post finds `fetch_data`, and `run` and `run_all` where there is a loop to speak of."""
    module = MODULES[variant.name]

    assert hasattr(module, "fetch_data")
    assert hasattr(module, "run_all") == (variant.name != "blocking")
    assert hasattr(module, "run") == (variant.name == "selector")


@pytest.mark.parametrize(
    ("module", "read", "write"),
    [(nonblocking, "read", "write"), (selector, selectors.EVENT_READ, selectors.EVENT_WRITE)],
    ids=["nonblocking", "selector"],
)
def test_generator_yields_what_it_waits_for(module: ModuleType, read: object, write: object) -> None:
    """The generator yields (socket, event) after connect, after the request, and at each "not yet" of recv."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gen = module.fetch_data(listener.getsockname(), "/page")
        sock, event = next(gen)
        assert write == event
        peer, _ = listener.accept()
        with peer:
            select.select([], [sock], [], PATIENCE)

            assert (sock, read) == next(gen)
            assert b"GET /page HTTP/1.1" == peer.recv(4096).splitlines()[0]
            assert (sock, read) == next(gen), "nothing has come, so it waits again"
            peer.sendall(b"one ")
            select.select([sock], [], [], PATIENCE)
            assert (sock, read) == next(gen), "one piece is not the end"
            peer.sendall(b"two")
        select.select([sock], [], [], PATIENCE)
        pieces = 0
        with pytest.raises(StopIteration) as end:  # noqa: PT012 - the close may arrive after the last piece
            while pieces < 1_000_000:
                next(gen)
                pieces += 1

    assert b"one two" == end.value.value
    assert -1 == sock.fileno()


def test_polled_generator_survives_a_connection_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A send on a connection that is not made yet means "wait", whether the system says EAGAIN or ENOTCONN."""
    answers: list[object] = [
        BlockingIOError(11, "again"),
        OSError(nonblocking.errno.ENOTCONN, "not connected"),
    ]

    class Connecting(socket.socket):
        def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
            if answers:
                answer = answers.pop(0)
                assert isinstance(answer, OSError)
                raise answer
            return super().send(data, flags)

    monkeypatch.setattr(nonblocking.socket, "socket", Connecting)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gen = nonblocking.fetch_data(listener.getsockname(), "/")
        events = [next(gen)[1] for _ in range(4)]
        sock, _ = next(gen)
        gen.close()
        sock.close()

    assert ["write", "write", "write", "read"] == events


def test_polled_generator_gives_up_a_failed_connection(
    closed_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system answers ENOTCONN to a send after a refusal, the loop does not ask for ever."""
    opened = []

    class Refused(socket.socket):
        def __init__(self, *args: int) -> None:
            super().__init__(*args)
            opened.append(self)

        def send(self, _data: bytes, _flags: int = 0) -> int:  # type: ignore[override]
            raise OSError(nonblocking.errno.ENOTCONN, "not connected")

    monkeypatch.setattr(nonblocking.socket, "socket", Refused)
    gen = nonblocking.fetch_data(nonblocking.parse_address(closed_address), "/")
    next(gen)
    select.select([], opened, [], PATIENCE)
    with pytest.raises(OSError, match="not connected"):
        next(gen)
    opened[0].close()


@choosing_variants
@pytest.mark.parametrize("kind", ["select", "poll", "epoll"])
def test_selector_can_be_chosen(variant: Variant, kind: str, server: Server) -> None:
    """Whichever way to ask the kernel is chosen, the same comes."""
    if kind not in selector.SELECTORS:
        pytest.skip(f"this system has no {kind}")
    done = run(variant, server.address, "-n", 3, "--selector", kind)

    body = told(variant, server.body)
    assert [] == done.stderr.splitlines()
    assert [line(i, body) for i in (1, 2, 3)] == done.stdout.splitlines()


@pytest.mark.parametrize(
    "variant", [by_name("selector"), by_name("upload")], ids=lambda variant: variant.name
)
def test_select_says_where_it_ends(variant: Variant, server: Server) -> None:
    """A descriptor above 1023 is more than select() knows, and the program says so in one line."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("not so many descriptors here")
    code = (
        "import os, resource, runpy, socket, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))\n"
        "taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        str(variant.path),
        server.address,
        "-n",
        "2",
        "--selector",
        "select",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert 1 == done.returncode
    assert (
        f"{variant.name}.py: filedescriptor out of range in select(): it knows descriptors up to 1023 only"
        " (FD_SETSIZE); poll and epoll know them all\n"
    ) == done.stderr


@pytest.mark.parametrize("name", ["asyncio_sock", "asyncio_streams"])
def test_asyncio_is_not_asked_for_more_than_select_knows(name: str) -> None:
    """More fetches at once than select() knows descriptors are refused before asyncio's loop breaks of them."""
    done = run(by_name(name), "127.0.0.1:1", "-n", "1001", "--selector", "select")

    assert 2 == done.returncode
    assert "select knows descriptors up to 1023 only (FD_SETSIZE): at most -n 1000" in done.stderr


@all_variants
def test_options_are_those_of_the_list(variant: Variant) -> None:
    """Each variant knows the options that the list says it has, and each has a default."""
    text = run(variant, "--help").stdout
    options = set(re.findall(r"--[\w-]+", text)) - {"--help", "--requests", "--path"}

    assert set(variant.options) == options
