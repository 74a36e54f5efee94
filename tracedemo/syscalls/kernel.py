"""System calls: what each does, whether it can sleep, what it answers, and what it is called elsewhere.

Sources: the man pages of section 2, tcp(7), epoll(7) and signal(7); the kernel's arch/*/entry/syscalls tables and
include/uapi/asm-generic/unistd.h (aarch64 and RISC-V lack what that list leaves out); glibc's sysdeps for which call a
function of C becomes; for kqueue the man page of FreeBSD and macOS. CPython begins a call anew after EINTR (PEP 475).
"""

from __future__ import annotations

from typing import NamedTuple

SOCKETS, MOVING, READY, FILES, PROCESSES = GROUPS = (
    "sockets",
    "sending and receiving",
    "readiness",
    "descriptors and files",
    "processes and machine",
)
"""The groups in which system calls are listed."""


class SystemCallRow(NamedTuple):
    """One row: a system call of Linux, or of macOS and BSD."""

    name: str
    group: str
    meaning: str
    waits: str = ""
    """What it would sleep for: `read`, `write`, `connect`, `ready`, `file`, `exec`; empty: never for long."""
    answers: tuple[tuple[str, str], ...] = ()
    """Errnos that are usual, and what they mean there."""
    like: str = ""
    """The usual call of which this is a variant: it does the same, in other words or on other machines."""
    where: str = ""
    """Where it is to be found, if not on every Linux."""
    python: str = ""
    """Python code that makes it, beyond the operations of the table."""


_READ = (
    ("EAGAIN", "non-blocking, and nothing has come yet"),
    ("ECONNRESET", "the other side broke the connection off"),
    ("ENOTCONN", "nobody is connected yet"),
)
_WRITE = (
    ("EAGAIN", "non-blocking, and the send buffer is full"),
    ("EPIPE", "the other side has gone, or this one was shut down"),
    ("ECONNRESET", "the other side broke the connection off"),
    ("ENOTCONN", "nobody is connected yet"),
)
_ACCEPT = (
    ("EAGAIN", "non-blocking, and nobody is in the queue"),
    ("EMFILE", "no descriptor is left for the new connection, which stays in the queue"),
    ("ECONNABORTED", "the client gave up while it stood in the queue"),
    ("EINVAL", "the socket does not listen"),
)
_NO_SLOT = ("EMFILE", "this process has as many descriptors as it may")
_NOT_ARM = "x86-64; not on aarch64 or RISC-V, where {} stands for it"
_THREADS = "threading.Thread.start, os.fork, subprocess"

# fmt: off
SYSTEM_CALLS = (
    # Sockets
    SystemCallRow("socket", SOCKETS, "Makes a socket and gives back its number, the file descriptor. Nothing is"
                  " sent.", "", (_NO_SLOT, ("EAFNOSUPPORT", "this machine does not have that address family"))),
    SystemCallRow("socketpair", SOCKETS, "Makes two sockets that are connected to each other, inside this machine.",
                  "", (_NO_SLOT,)),
    SystemCallRow("bind", SOCKETS, "Gives a socket its local address and port; port 0 lets the kernel choose.", "",
                  (("EADDRINUSE", "another socket has that port"), ("EACCES", "ports below 1024 need a privilege"),
                   ("EADDRNOTAVAIL", "no interface of this machine has that address"))),
    SystemCallRow("listen", SOCKETS, "Turns a bound socket into one that takes connections. The kernel shakes hands"
                  " by itself and queues what is finished, up to the backlog.", "",
                  (("EADDRINUSE", "another socket listens at that port"),)),
    SystemCallRow("accept", SOCKETS, "Takes the first finished connection out of the queue, as a new descriptor;"
                  " sleeps while the queue is empty.", "read", _ACCEPT, "accept4"),
    SystemCallRow("accept4", SOCKETS, "Takes the first finished connection out of the queue, as a new descriptor,"
                  " and sets its flags in the same stroke; sleeps while the queue is empty.", "read", _ACCEPT),
    SystemCallRow("connect", SOCKETS, "Starts the TCP handshake, and sleeps until the other side has agreed. On a"
                  " non-blocking socket it comes back at once, and the handshake goes on.", "connect",
                  (("EINPROGRESS", "non-blocking: begun, and not finished yet"),
                   ("ECONNREFUSED", "the host answered that nobody listens there"),
                   ("ETIMEDOUT", "the host did not answer"), ("EHOSTUNREACH", "no route leads to the host"),
                   ("ENETUNREACH", "no route leads to the network"),
                   ("EALREADY", "an earlier attempt on this socket still goes on"),
                   ("EISCONN", "an earlier attempt has succeeded"),
                   ("EADDRNOTAVAIL", "all local ports are taken"))),
    SystemCallRow("shutdown", SOCKETS, "Ends one direction of a connection, or both, for every descriptor of the"
                  " socket; the number stays open.", "", (("ENOTCONN", "nobody is connected, or no longer"),)),
    SystemCallRow("getsockname", SOCKETS, "Tells the local address of a socket, such as the port that the kernel"
                  " chose."),
    SystemCallRow("getpeername", SOCKETS, "Tells the address of the other side.", "",
                  (("ENOTCONN", "nobody is connected, so the handshake is not finished"),)),
    SystemCallRow("setsockopt", SOCKETS, "Sets an option of a socket: SO_REUSEADDR, TCP_NODELAY and so on.", "",
                  (("ENOPROTOOPT", "there is no such option at that level"),
                   ("EINVAL", "the value has the wrong size"))),
    SystemCallRow("getsockopt", SOCKETS, "Reads an option of a socket. SO_ERROR gives the error that a connect in"
                  " the background ended with, and forgets it.", "",
                  (("ENOPROTOOPT", "there is no such option at that level"),)),
    # Sending and receiving
    SystemCallRow("sendto", MOVING, "Copies bytes into the send buffer of a socket and tells how many; they leave"
                  " later. C's send() is this call without an address.", "write", _WRITE),
    SystemCallRow("recvfrom", MOVING, "Takes bytes out of the receive buffer of a socket; 0 bytes mean that the"
                  " other side has finished. C's recv() is this call without an address.", "read", _READ),
    SystemCallRow("sendmsg", MOVING, "Sends several buffers in one go, with control data such as descriptors.",
                  "write", _WRITE),
    SystemCallRow("recvmsg", MOVING, "Receives into several buffers, with control data such as descriptors.",
                  "read", _READ),
    SystemCallRow("sendmmsg", MOVING, "Sends several messages in one call. The C library's name lookup asks for the"
                  " IPv4 and the IPv6 address so.", "write", _WRITE, python="a name lookup, inside the C library"),
    SystemCallRow("recvmmsg", MOVING, "Receives several messages in one call.", "read", _READ,
                  python="none in the standard library"),
    SystemCallRow("sendfile", MOVING, "Moves bytes from a file to a socket inside the kernel.", "write",
                  (("EAGAIN", "non-blocking, and the send buffer is full"),
                   ("EINVAL", "that file cannot be sent so"), ("EPIPE", "the other side has gone"))),
    SystemCallRow("read", MOVING, "Reads from any descriptor. Files are read with it, and so are sockets by a TLS"
                  " library.", "read", _READ, python="open, os.read"),
    SystemCallRow("write", MOVING, "Writes to any descriptor. print() ends here, and so does what a TLS library has"
                  " encrypted.", "write", _WRITE, python="print, os.write"),
    # Readiness
    SystemCallRow("epoll_create1", READY, "Makes an epoll: a list of watched descriptors inside the kernel, with a"
                  " descriptor of its own.", "", (_NO_SLOT,), where="Linux"),
    SystemCallRow("epoll_create", READY, "The older way to make an epoll; the size that it takes is ignored.", "",
                  (_NO_SLOT,), "epoll_create1", _NOT_ARM.format("epoll_create1")),
    SystemCallRow("epoll_ctl", READY, "Changes the list of an epoll: adds, changes or drops one descriptor. It"
                  " stays on the list until it is dropped or closed, so it need not be told again.", "",
                  (("EEXIST", "it is on the list already"), ("ENOENT", "it is not on the list"),
                   ("EBADF", "that descriptor is not open"), ("EPERM", "files on a disk cannot be watched"),
                   ("ENOSPC", "this user watches as many as allowed")), where="Linux"),
    SystemCallRow("epoll_wait", READY, "Sleeps until a descriptor on the list of an epoll is ready, or the timeout"
                  " ends, and tells which ones. The cost grows with those that are ready, not with those that are"
                  " watched.", "ready", (("EINTR", "a signal came in"), ("EBADF", "the epoll was closed")),
                  where=_NOT_ARM.format("epoll_pwait")),
    SystemCallRow("epoll_pwait", READY, "As epoll_wait, and sets a signal mask while it sleeps.", "ready", (),
                  "epoll_wait", "Linux; the one in use on aarch64 and RISC-V"),
    SystemCallRow("epoll_pwait2", READY, "As epoll_pwait, with a timeout in nanoseconds.", "ready", (), "epoll_wait",
                  "Linux 5.11"),
    SystemCallRow("poll", READY, "Sleeps until one of the descriptors in a list is ready. The list is handed over"
                  " at each call, and the kernel looks at every entry.", "ready", (("EINTR", "a signal came in"),
                   ("EINVAL", "more descriptors than the process may have")), where=_NOT_ARM.format("ppoll"),
                  python="any call on a socket with a timeout, before its own"),
    SystemCallRow("ppoll", READY, "As poll, with a signal mask and a timeout in nanoseconds.", "ready", (), "poll",
                  "Linux; the one in use on aarch64 and RISC-V"),
    SystemCallRow("select", READY, "Sleeps until one of the descriptors in three sets of bits is ready; takes no"
                  " descriptor above 1023.", "ready", (("EINTR", "a signal came in"),
                   ("EBADF", "one of them is not open")), where=_NOT_ARM.format("pselect6")),
    SystemCallRow("pselect6", READY, "As select, with a signal mask and a timeout in nanoseconds; what C's select() has"
                  " become in newer C libraries.", "ready", (), "select", "Linux"),
    SystemCallRow("kqueue", READY, "Makes a kqueue: a list of watched events inside the kernel, with a descriptor"
                  " of its own. It does what epoll_create1 does on Linux.", "", (_NO_SLOT,), where="macOS, BSD",
                  python="select.kqueue, selectors.DefaultSelector"),
    SystemCallRow("kevent", READY, "Changes what a kqueue watches, or sleeps until something is ready, or both:"
                  " epoll_ctl and epoll_wait in one.", "ready", (("ENOENT", "it was not watched"),
                   ("EINTR", "a signal came in")), where="macOS, BSD", python="register, unregister and select of"
                  " selectors.KqueueSelector"),
    # Descriptors and files
    SystemCallRow("ioctl", FILES, "Asks a driver for something special. On sockets: FIONBIO switches blocking off"
                  " and on, FIONREAD tells how many bytes wait.", "",
                  (("ENOTTY", "that descriptor does not know the request"),)),
    SystemCallRow("fcntl", FILES, "Reads and sets what belongs to a descriptor: O_NONBLOCK, close-on-exec, a second"
                  " number for the same file.", "", (_NO_SLOT,), python="os.set_blocking, fcntl.fcntl"),
    SystemCallRow("close", FILES, "Gives a descriptor back; its number is free for the next one. When the last"
                  " descriptor of a connection goes, the kernel says goodbye to the other side.", "",
                  (("EBADF", "it was closed before"),), python="close of a file, a selector or a kqueue; os.close"),
    SystemCallRow("openat", FILES, "Opens a file. Imports open many, and a name lookup reads /etc/hosts and"
                  " /etc/resolv.conf.", "file",
                  (("ENOENT", "there is no such file: imports and lookups try many places"), _NO_SLOT),
                  python="open, import"),
    # Processes and machine
    SystemCallRow("clone", PROCESSES, "Makes a thread or a process.", "",
                  (("EAGAIN", "there are as many as this user may have"),), "clone3", python=_THREADS),
    SystemCallRow("clone3", PROCESSES, "Makes a thread or a process; its arguments come in one structure.", "",
                  (("EAGAIN", "there are as many as this user may have"),
                   ("ENOSYS", "an older kernel, or a container that forbids it: the C library goes on with clone")),
                  where="Linux 5.3", python=_THREADS),
    SystemCallRow("fork", PROCESSES, "Makes a copy of this process. The C library calls clone for it.", "", (),
                  "clone3", _NOT_ARM.format("clone")),
    SystemCallRow("vfork", PROCESSES, "Makes a process that borrows this one's memory until it runs another"
                  " program; this thread sleeps so long.", "exec", (), "clone3", _NOT_ARM.format("clone"),
                  "subprocess"),
    SystemCallRow("execve", PROCESSES, "Puts another program into this process. Descriptors are closed on the way,"
                  " unless they were made inheritable.", "", (("ENOENT", "there is no such program"),
                   ("EACCES", "it may not be run")), python="subprocess, os.execv"),
    SystemCallRow("uname", PROCESSES, "Tells the name of the machine, and the kernel's name and version."),
    SystemCallRow("sethostname", PROCESSES, "Gives the machine another name.", "",
                  (("EPERM", "this needs a privilege"),)),
)
# fmt: on

SYSTEM_CALL = {row.name: row for row in SYSTEM_CALLS}
"""Rows by name."""


def usual(name: str) -> str:
    """The usual call that a variant stands for: epoll_pwait -> epoll_wait; itself for every other name."""
    row = SYSTEM_CALL.get(name)
    return row.like if row and row.like else name
