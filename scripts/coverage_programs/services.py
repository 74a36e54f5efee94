"""What the programs need around them: a certificate, our servers, and Debian's Redis; all ended when the block is left."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tracedemo.errors import MachineError

SERVERS = Path(__file__).with_name("servers.py")
PATIENCE_S = 10.0
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""By these a client is told to trust our certificate: Python's ssl, httpx and aiohttp; and requests."""


@dataclass(frozen=True)
class Services:
    """Where everything is: numbers of ports on 127.0.0.1."""

    http: int
    https: int
    echo: int
    smtp: int
    ftp: int
    redis: int
    """0: there is none."""
    certificate: str
    key: str

    def fill(self, words: Sequence[str]) -> list[str]:
        """Arguments of a program, with `{http}` and its like replaced."""
        return [word.format(**asdict(self)) for word in words]


@contextmanager
def running_services() -> Iterator[Services]:
    """Start them.

    Raises:
        MachineError: openssl is missing, or a server does not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tracedemo-coverage-")))
        certificate, key = _certificate(folder)
        ports = stack.enter_context(_servers(certificate, key))
        redis = stack.enter_context(_redis(folder))
        yield Services(**ports, redis=redis, certificate=str(certificate), key=str(key))


@contextmanager
def trusting(certificate: Path, libraries: Path | None = None) -> Iterator[None]:
    """Let clients that are started meanwhile trust a certificate, as their documentation says, use no proxy, and find
    libraries in a folder.
    """
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(TRUST, str(certificate)), NO_PROXY="*", no_proxy="*")
    if libraries is not None:
        os.environ["PYTHONPATH"] = str(libraries)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Of its own making and strict enough for Python 3.13, which takes none without keyUsage."""
    if shutil.which("openssl") is None:
        raise MachineError("openssl is not installed", "Debian, Ubuntu: apt install openssl")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    for extension in (
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "keyUsage=critical,digitalSignature,keyCertSign",
    ):
        words += ["-addext", extension]
    subprocess.run([*words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@contextmanager
def _servers(certificate: Path, key: Path) -> Iterator[dict[str, int]]:
    words = [sys.executable, str(SERVERS), str(certificate), str(key)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline() or "{}")
        finally:
            process.terminate()


@contextmanager
def _redis(folder: Path) -> Iterator[int]:
    """Redis without persistence, on a port that was free a moment ago; 0 where it is not installed."""
    if shutil.which("redis-server") is None:
        yield 0
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with (
        (folder / "redis.log").open("wb") as log,
        subprocess.Popen([*words, "--dir", str(folder)], stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(port, folder / "redis.log")
            yield port
        finally:
            process.terminate()


def _wait_for(port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise MachineError(
        f"redis-server does not start: {log.read_text(errors='replace')[-300:]}", "Start it by hand once."
    )
