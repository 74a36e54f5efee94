"""Getting ready to serve: the listening sockets, and as many descriptors as this user may have."""

from __future__ import annotations

import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BACKLOG = max(4096, socket.SOMAXCONN)
"""The kernel cuts it to what the machine allows (net.core.somaxconn)."""


def listen_tcp(host: str, port: int, *, deaf: bool = False) -> socket.socket:
    """A non-blocking listener.

    Args:
        deaf: take the port, and do not listen: the kernel refuses whoever comes, and nobody else gets the port.

    Raises:
        OSError: the host is not known (socket.gaierror), or nothing can listen there.
    """
    family, kind, protocol, address = _resolve(host, port)
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            # A restart must not wait for the old connections' TIME_WAIT. (On Windows it would mean: take it
            # from another.)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        if not deaf:
            listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _resolve(host: str, port: int) -> tuple[int, int, int, tuple[Any, ...]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except ValueError as error:  # a name that cannot even be asked for
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    family, kind, protocol, _, address = found[0]
    return family, kind, protocol, address


def listen_unix(path: str) -> socket.socket:
    """A non-blocking listener at a path that must not exist yet.

    Raises:
        OSError: this system has no UNIX sockets (EAFNOSUPPORT), or the path cannot be used.
    """
    if not hasattr(socket, "AF_UNIX"):
        import errno

        raise OSError(errno.EAFNOSUPPORT, "this system has no UNIX sockets, which the lock-step pace needs")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def raise_file_limit() -> None:
    """Allow as many descriptors as this user may have without asking; do nothing where there is no limit."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        # macOS calls the hard limit infinite and refuses it. What there was is still there.
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
