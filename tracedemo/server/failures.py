"""What keeps the server from starting, in words that a user can act on."""

from __future__ import annotations

import errno
import socket

from tracedemo.errors import MachineError

_REMEDIES = {
    "EADDRINUSE": "choose another port, or port 0 for a free one",
    "EADDRNOTAVAIL": "use an address of this machine; 127.0.0.1 always is",
    "EACCES": "choose a port from 1024 up, or port 0 for a free one",
    "EAFNOSUPPORT": "use the clock pace here",
    "EAI_NONAME": "use a known host name or an address; 127.0.0.1 always works",
}


class ServerError(MachineError):
    """The server could not start.  `errno_name` is as in `errno`, or an `EAI_` name of `socket`, or empty."""

    def __init__(self, message: str, errno_name: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy or _REMEDIES.get(errno_name, ""))
        self.errno_name = errno_name


def errno_name(error: OSError) -> str:
    """The name of an error's number: `EADDRINUSE`, `EAI_NONAME`; empty if it has none."""
    if not isinstance(error, socket.gaierror):
        return errno.errorcode.get(error.errno or 0, "")
    names = (name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == error.errno)
    return next(names, "")


def why_not_listening(error: OSError, host: str, port: int) -> str:
    """One sentence on why nothing can listen there."""
    name = errno_name(error)
    sentences = {
        "EADDRINUSE": f"port {port} on {host} is already in use",
        "EADDRNOTAVAIL": f"{host} is not an address of this machine",
        "EACCES": f"this user may not listen on port {port}",
        "EAI_NONAME": f"the host {host!r} is not known",
    }
    return sentences.get(
        name, f"cannot listen on {host} port {port}: {error.strerror or error} ({name or 'unknown'})"
    )
