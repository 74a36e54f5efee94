"""What is run: a row for each program, with what is promised of it, and why where less than everything can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PROGRAMS_FOLDER = Path(__file__).with_name("programs")


class Program(NamedTuple):
    """A program and the arguments that it is run with."""

    name: str
    """What a reader calls it, and `--only` knows it by."""
    group: str
    file: str
    args: Sequence[str] = ()
    """`{http}`, `{certificate}` and so on are filled in by `Services`."""
    needs: Sequence[str] = ()
    """Modules that have to be there."""
    least: float | None = 1.0
    """The share that is promised; None: nothing is, and `why` tells the reason."""
    why: str = ""
    in_check: bool = False
    """Whether `--check` runs it: enough of them for each kind of call, few enough for three minutes."""

    @property
    def path(self) -> Path:
        """The file."""
        return PROGRAMS_FOLDER / self.file


STDLIB, LIBRARIES, BEYOND = GROUPS = ("The standard library", "Libraries", "Out of reach")

_HTTP, _HTTPS = "http://127.0.0.1:{http}", "https://localhost:{https}"
_TLS = ("{certificate}", "{key}")

SIGNAL = (
    "CPython's signal handler, in C, writes one byte into the loop's pair of sockets at the moment the signal comes,"
    " whatever the thread is doing. While the loop sleeps, that is inside its `select()`, and is seen; in the middle of a"
    " computation it is under no call."
)
PIPE = (
    "a `Connection` takes the descriptor away from the socket (`detach`), and moves bytes with `os.read` and `os.write`,"
    " which are the calls of files; it closes it with `os.close`. Making, listening, connecting and polling are seen."
)
GEVENT = (
    "its sockets are a class of its own on the C socket, of which no method can be watched, and its loop is libev in C:"
    " sends, receives, `epoll_ctl` and `epoll_wait` are made there. The trace says so when it is imported."
)
UVLOOP = (
    "its sockets and its epoll are libuv's, in C; what Python itself opens (the pair of sockets for signals) is seen."
    " libuv hands part of its `epoll_ctl` over by io_uring, which strace cannot see either. The trace says so when it is"
    " imported, with the remedy: asyncio's own loop."
)

PROGRAMS = (
    Program("http.client", STDLIB, "http_client.py", ("http", "{http}"), in_check=True),
    Program("http.client, TLS", STDLIB, "http_client.py", ("https", "{https}"), in_check=True),
    Program("urllib.request", STDLIB, "urllib_request.py", (_HTTP,)),
    Program("urllib.request, TLS", STDLIB, "urllib_request.py", (_HTTPS,)),
    Program("ssl, blocking", STDLIB, "ssl_blocking.py", ("{https}",), in_check=True),
    Program("ssl, non-blocking, and a server", STDLIB, "ssl_nonblocking.py", _TLS),
    Program("socket with a timeout", STDLIB, "socket_timeout.py", ("{echo}",), in_check=True),
    Program("select, poll, epoll, selectors", STDLIB, "readiness.py", in_check=True),
    Program("threads", STDLIB, "threads.py", ("{http}",), in_check=True),
    Program("ThreadPoolExecutor", STDLIB, "executor.py", (_HTTP,)),
    Program("socketserver", STDLIB, "serve_socketserver.py", in_check=True),
    Program("http.server", STDLIB, "serve_http.py"),
    Program("sendfile, sendmsg, 2 MB sendall", STDLIB, "moving.py", ("{echo}",), in_check=True),
    Program("connect(hostname)", STDLIB, "hostname.py", ("{echo}",), in_check=True),
    Program("UDP, socketpair, __del__", STDLIB, "datagrams.py", in_check=True),
    Program("smtplib, ftplib", STDLIB, "lines.py", ("{smtp}", "{ftp}")),
    Program("xmlrpc", STDLIB, "xmlrpc_both.py"),
    Program("asyncio streams", STDLIB, "asyncio_streams.py", ("http", "{http}"), in_check=True),
    Program("asyncio streams, TLS", STDLIB, "asyncio_streams.py", ("https", "{https}"), in_check=True),
    Program("asyncio sock_*", STDLIB, "asyncio_sock.py", ("{echo}",), in_check=True),
    Program("asyncio transports and protocols", STDLIB, "asyncio_protocol.py", ("{echo}",)),
    Program("asyncio server and client", STDLIB, "asyncio_server.py", in_check=True),
    Program("asyncio TLS server, start_tls", STDLIB, "asyncio_start_tls.py", _TLS),
    Program("asyncio UDP", STDLIB, "asyncio_udp.py"),
    Program("asyncio threads and signals", STDLIB, "asyncio_threads.py", in_check=True),
    Program("asyncio subprocess", STDLIB, "asyncio_subprocess.py"),
    Program("requests", LIBRARIES, "requests_session.py", (_HTTP,), ("requests",)),
    Program("requests, TLS", LIBRARIES, "requests_session.py", (_HTTPS,), ("requests",)),
    Program("urllib3", LIBRARIES, "urllib3_pool.py", (_HTTP,), ("urllib3",)),
    Program("urllib3, TLS", LIBRARIES, "urllib3_pool.py", (_HTTPS,), ("urllib3",)),
    Program("httpx", LIBRARIES, "httpx_sync.py", (_HTTP,), ("httpx",), in_check=True),
    Program("httpx, TLS", LIBRARIES, "httpx_sync.py", (_HTTPS,), ("httpx",)),
    Program("httpx async", LIBRARIES, "httpx_async.py", (_HTTP, "asyncio"), ("httpx",)),
    Program("httpx async, TLS", LIBRARIES, "httpx_async.py", (_HTTPS, "asyncio"), ("httpx",)),
    Program("httpx async on trio", LIBRARIES, "httpx_async.py", (_HTTP, "trio"), ("httpx", "trio"), 0.98),
    Program("aiohttp client", LIBRARIES, "aiohttp_client.py", (_HTTP,), ("aiohttp",), in_check=True),
    Program("aiohttp client, TLS", LIBRARIES, "aiohttp_client.py", (_HTTPS,), ("aiohttp",)),
    Program("aiohttp server", LIBRARIES, "aiohttp_server.py", (), ("aiohttp",)),
    Program("trio", LIBRARIES, "trio_streams.py", ("http", "{http}"), ("trio",), 0.98, in_check=True),
    Program("trio, TLS", LIBRARIES, "trio_streams.py", ("https", "{https}"), ("trio",), 0.98),
    Program("trio server and client", LIBRARIES, "trio_server.py", (), ("trio",), 0.98, in_check=True),
    Program("anyio on asyncio", LIBRARIES, "anyio_streams.py", ("asyncio", "{echo}"), ("anyio",)),
    Program("anyio on trio", LIBRARIES, "anyio_streams.py", ("trio", "{echo}"), ("anyio", "trio"), 0.98),
    Program("redis-py", LIBRARIES, "redis_sync.py", ("{redis}",), ("redis",), in_check=True),
    Program("redis-py on asyncio", LIBRARIES, "redis_async.py", ("{redis}",), ("redis",), in_check=True),
    Program("websockets", LIBRARIES, "websockets_both.py", (), ("websockets",)),
    Program("a signal while Python computes", BEYOND, "asyncio_signal.py", (), (), None, SIGNAL),
    Program("multiprocessing", BEYOND, "multiprocessing_pipe.py", (), (), None, PIPE),
    Program("gevent, its own sockets", BEYOND, "gevent_own.py", ("{echo}",), ("gevent",), None, GEVENT),
    Program("gevent, monkey-patched", BEYOND, "gevent_patched.py", (_HTTP,), ("gevent",), None, GEVENT),
    Program("uvloop", BEYOND, "uvloop_streams.py", ("{http}",), ("uvloop",), None, UVLOOP),
)
