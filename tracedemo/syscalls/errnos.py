"""Errors of the kernel: what each means on a socket, its number on each system, what Python makes of it, what to do.

Sources: errno(3) and the ERRORS sections of the man pages; Linux include/uapi/asm-generic/errno.h (x86, ARM, RISC-V;
MIPS, SPARC, Alpha and PA-RISC count otherwise), xnu and FreeBSD sys/errno.h, winsock2.h; for the classes the chapter
"OS exceptions" of the library reference. On Windows Python gives the number of Winsock, but for those that C has, too.
"""

from __future__ import annotations

import errno as _errno
from typing import NamedTuple


class ErrnoRow(NamedTuple):
    """One row: an error that the kernel can answer with."""

    name: str
    meaning: str
    """A clause that can stand behind the name."""
    linux: int
    macos: int
    """On macOS, and on FreeBSD where `freebsd` does not say otherwise."""
    windows: int | None = None
    """Winsock's number; None: Winsock does not answer with it."""
    exception: str = "OSError"
    """The class that Python raises."""
    remedy: str = ""
    """What to do about it, in a sentence."""
    also: tuple[str, ...] = ()
    """Other names of the same error."""
    freebsd: int | None = None
    show: str = ""
    """What to type behind `tracedemo` to meet it, where no variant does by itself."""

    @property
    def winsock(self) -> str:
        """Its name on Windows; empty: none.  EAGAIN is called WSAEWOULDBLOCK there."""
        return f"WSA{self.also[0] if self.also else self.name}" if self.windows else ""


# fmt: off
ERRNOS = (
    ErrnoRow("EAGAIN", "nothing to say yet, ask again later", 11, 35, 10035, "BlockingIOError", "Not a failure: go"
             " on with something else, and let select() say when the socket is ready.", ("EWOULDBLOCK",)),
    ErrnoRow("EINPROGRESS", "the connection attempt has begun and goes on in the background", 115, 36, 10036,
             "BlockingIOError", "Not a failure: wait until the socket is writable, then read SO_ERROR. Windows says"
             " WSAEWOULDBLOCK here."),
    ErrnoRow("EALREADY", "a connection attempt is still going on", 114, 37, 10037, "BlockingIOError",
             "Call connect() once; wait until the socket is writable instead of calling it again."),
    ErrnoRow("EISCONN", "it is connected already", 106, 56, 10056, "OSError",
             "Go on and send; a second connect() is not needed."),
    ErrnoRow("ENOTCONN", "it is not connected", 107, 57, 10057, "OSError", "Connect first, and if that answered"
             " EINPROGRESS, wait until the socket is writable."),
    ErrnoRow("ECONNREFUSED", "nobody listens at that address", 111, 61, 10061, "ConnectionRefusedError",
             "Check the host and the port, and that the server is running.", show="run blocking --url"
             " http://127.0.0.1:1/ --only ECONNREFUSED"),
    ErrnoRow("ECONNRESET", "the other side broke the connection off", 104, 54, 10054, "ConnectionResetError",
             "What was not read is lost. Close the socket, and begin again on a new one."),
    ErrnoRow("ECONNABORTED", "the connection was given up before it was accepted", 103, 53, 10053,
             "ConnectionAbortedError", "A server goes on to the next accept()."),
    ErrnoRow("EPIPE", "the connection is closed for sending", 32, 32, None, "BrokenPipeError", "Stop sending: this"
             " side was shut down, or the other one has gone. Python ignores SIGPIPE, so it becomes this"
             " exception."),
    ErrnoRow("ESHUTDOWN", "this side of the connection was shut down", 108, 58, 10058, "BrokenPipeError",
             "Stop sending after shutdown()."),
    ErrnoRow("ETIMEDOUT", "no answer came in time", 110, 60, 10060, "TimeoutError", "The host is down, or a"
             " firewall drops the packets. A timeout set by settimeout() raises the same class with no errno."),
    ErrnoRow("EHOSTUNREACH", "there is no way to that host", 113, 65, 10065, "OSError",
             "Check the address and the route to it."),
    ErrnoRow("ENETUNREACH", "there is no way to that network", 101, 51, 10051, "OSError", "Check that the network"
             " is up; for an IPv6 address, that this machine has IPv6."),
    ErrnoRow("ENETDOWN", "the network interface is down", 100, 50, 10050, "OSError", "Bring the interface up."),
    ErrnoRow("EADDRINUSE", "the address is in use", 98, 48, 10048, "OSError", "Choose another port, or set"
             " SO_REUSEADDR if only old connections in TIME_WAIT hold it."),
    ErrnoRow("EADDRNOTAVAIL", "that address is not on this machine, or all local ports are taken", 99, 49, 10049,
             "OSError", "Bind to an address of this machine; with very many connections, use several addresses."),
    ErrnoRow("EACCES", "not allowed", 13, 13, 10013, "PermissionError", "Choose a port above 1023, or set"
             " SO_BROADCAST if the address is a broadcast."),
    ErrnoRow("EPERM", "not allowed", 1, 1, None, "PermissionError", "A firewall, a container or a missing privilege"
             " forbids it."),
    ErrnoRow("EBADF", "the descriptor is not open", 9, 9, 10009, "OSError", "The socket was closed, perhaps by"
             " another part of the program: look who closed it."),
    ErrnoRow("ENOTSOCK", "the descriptor is not a socket", 88, 38, 10038, "OSError", "Look where the number comes"
             " from; it may belong to a file by now."),
    ErrnoRow("EINVAL", "an argument makes no sense here", 22, 22, 10022, "OSError", "Check the arguments, and the"
             " order of calls: bind(), listen(), accept()."),
    ErrnoRow("EFAULT", "a pointer leads nowhere", 14, 14, 10014, "OSError", "Python code cannot cause it: a C"
             " extension may be wrong."),
    ErrnoRow("EINTR", "a signal came in between", 4, 4, 10004, "InterruptedError", "Python calls again by itself,"
             " unless the signal's handler raised (PEP 475)."),
    ErrnoRow("EMFILE", "this process has no descriptor left", 24, 24, 10024, "OSError", "Close what is not needed,"
             " or raise the limit: ulimit -n."),
    ErrnoRow("ENFILE", "the machine has no descriptor left", 23, 23, None, "OSError", "Close programs, or have the"
             " limit of the machine raised."),
    ErrnoRow("ENOBUFS", "the kernel has no buffer left", 105, 55, 10055, "OSError",
             "Send less at once, and later."),
    ErrnoRow("ENOMEM", "the kernel has no memory left", 12, 12, None, "OSError",
             "Use fewer sockets, or less memory."),
    ErrnoRow("ENOENT", "there is no such thing: not registered, or no such file", 2, 2, None, "FileNotFoundError",
             "Register the descriptor first; for a Unix socket, check the path."),
    ErrnoRow("EEXIST", "it is there already", 17, 17, None, "FileExistsError",
             "It is registered already: use modify()."),
    ErrnoRow("EOPNOTSUPP", "this kind of socket cannot do that", 95, 102, 10045, "OSError", "A listening socket"
             " cannot send, a datagram socket cannot listen: look which one this is.", freebsd=45),
    ErrnoRow("EAFNOSUPPORT", "this address family is not supported", 97, 47, 10047, "OSError", "Make the socket of"
             " the family that the address has."),
    ErrnoRow("EPROTONOSUPPORT", "this protocol is not supported", 93, 43, 10043, "OSError", "Leave the protocol"
             " out: 0 is the usual one of the family and type."),
    ErrnoRow("ENOPROTOOPT", "there is no such option", 92, 42, 10042, "OSError", "This system does not have that"
             " option, or not at that level."),
    ErrnoRow("EMSGSIZE", "the message is too long for one datagram", 90, 40, 10040, "OSError",
             "Send it in pieces, or over a stream."),
    ErrnoRow("EDESTADDRREQ", "a destination address is needed", 89, 39, 10039, "OSError",
             "Use sendto(), or connect() first."),
    ErrnoRow("ENOTTY", "that request is not for this kind of descriptor", 25, 25, None, "OSError",
             "Python's open() provokes it, asking whether a file is a terminal; there it means no."),
    ErrnoRow("ENOSPC", "there is no room left: on the disk, or for one more watched descriptor", 28, 28, None,
             "OSError", "For epoll, raise fs.epoll.max_user_watches."),
    ErrnoRow("EDEADLK", "waiting for that lock would never end", 35, 11, None, "OSError", "Locks, not sockets. Its"
             " number on one system is that of EAGAIN on the other."),
    ErrnoRow("ENOSYS", "this kernel does not have that call", 38, 78, None, "OSError", "The kernel is too old, or"
             " emulated. C libraries ask on purpose, and fall back to an older call."),
)
# fmt: on

ERRNO = {name: row for row in ERRNOS for name in (row.name, *row.also)}
"""Rows by name, and by every other name."""

ERRNO_MEANINGS = {name: row.meaning for name, row in ERRNO.items()}
"""What an errno means on a socket, in a few words (errno(3), and the ERRORS sections of section 2)."""


class ExceptionRow(NamedTuple):
    """A class of exception that socket code meets, beyond what its errnos say."""

    name: str
    meaning: str
    also: tuple[str, ...] = ()
    """Other names of it."""


# fmt: off
EXCEPTIONS = (
    ExceptionRow("BlockingIOError", 'The answer is "not yet": on a non-blocking socket the kernel would have had to'
                 " make the thread wait, and said so instead."),
    ExceptionRow("ConnectionRefusedError", "Somebody answered, and said that nobody listens there."),
    ExceptionRow("ConnectionResetError", "The other side ended the connection without saying goodbye in order."),
    ExceptionRow("ConnectionAbortedError", "The connection ended before the program had it."),
    ExceptionRow("BrokenPipeError", "The program sends on a connection that takes no more."),
    ExceptionRow("ConnectionError", "The base of BrokenPipeError, ConnectionAbortedError, ConnectionRefusedError"
                 " and ConnectionResetError; never raised itself."),
    ExceptionRow("TimeoutError", "Nothing came in time: the kernel's own patience ended, or that of settimeout()."
                 " socket.timeout is another name of it.", ("socket.timeout",)),
    ExceptionRow("InterruptedError", "A signal broke the call off. Since Python 3.5 calls are begun again, so one"
                 " hardly ever sees it."),
    ExceptionRow("PermissionError", "The kernel, or a firewall, does not allow it."),
    ExceptionRow("FileNotFoundError", "Nothing of that name: no such Unix socket, or a descriptor that is not"
                 " watched."),
    ExceptionRow("FileExistsError", "It is there already: a descriptor that is watched, a path that is taken."),
    ExceptionRow("OSError", "The base of them all, and what is raised for an errno that has no class of its own."
                 " Its `errno` says which.", ("socket.error", "IOError", "EnvironmentError")),
    ExceptionRow("gaierror", "A name lookup failed (socket.gaierror). Its numbers are those of getaddrinfo,"
                 " EAI_NONAME and so on, no errnos."),
    ExceptionRow("SSLWantReadError", 'The "not yet" of TLS (ssl.SSLWantReadError): more bytes of the other side are'
                 " needed first. Wait until the socket is readable, and call again."),
    ExceptionRow("SSLWantWriteError", 'The "not yet" of TLS (ssl.SSLWantWriteError): bytes must go out first. Wait'
                 " until the socket is writable, and call again."),
)
# fmt: on

NO_ERRNO = {
    "lookup": (("gaierror", "the name or service is unknown, or no server answered"),),
    "tls": (
        ("SSLWantReadError", "the descriptor is non-blocking, and more bytes must come first"),
        ("SSLWantWriteError", "the descriptor is non-blocking, and bytes must go out first"),
    ),
}
"""What operations of a family raise that has no errno: (exception, what it means there)."""


def errno_name(number: int) -> str:
    """The name of an errno of this machine: 11 -> "EAGAIN"; an unknown number gives "E#11"."""
    return _errno.errorcode.get(number, f"E#{number}")
