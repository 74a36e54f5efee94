"""Calls of the Python interface: what each becomes, in which phase, what it waits for, and the clauses of its sentences.

How to read a sentence
    `says`, `not_yet` and `waited` are clauses that follow the name of whoever made the call. `analysis.sentences`
    fills the places: {fd} "fd 5", {peer} " to 127.0.0.1:8000" or nothing, {from_peer} likewise, {bytes} "49 bytes",
    {size}, {arg[NAME]} an argument, {result}, {opened} "fd 7 from 127.0.0.1:50124", {timeout} "a timeout of 2 s",
    {watched} "3 sockets", {ready} "1 ready: fd 4 (READ)", {by} how it was closed or nothing, {op}, {errno}, {took}. Empty
    `not_yet` or `waited`: the generic clause for the errno, or `says` with the time.

Sources: CPython's Modules/socketmodule.c, Modules/selectmodule.c and Lib/selectors.py, and strace of CPython 3.11 to 3.13.
System call names are those of x86-64 Linux; the first is the usual one.
"""

from __future__ import annotations

from typing import NamedTuple

LOOKUP, CREATE, CONNECT, SEND, WAIT, RECEIVE, WATCH, CLOSE = PHASES = (
    "lookup",
    "create",
    "connect",
    "send",
    "wait",
    "receive",
    "watch",
    "close",
)
"""The phases of a fetch, in the order in which they usually come."""


class Operation(NamedTuple):
    """One row: a call of the Python interface."""

    name: str
    family: str
    """`socket`, `option`, `name`, `lookup`, `readiness`, `watch` or `tls`."""
    phase: str
    system_calls: tuple[str, ...]
    """What strace shows for it; empty: it makes none by itself."""
    could_wait: str
    """What it would sleep for on a blocking socket: `read`, `write`, `connect`, `ready`, `lookup`; empty: never."""
    meaning: str
    says: str
    not_yet: str = ""
    waited: str = ""


_RECV = ("recvfrom",)
_SEND = ("sendto",)
_NOTHING_YET = "asks {fd} for data: nothing there yet ({errno})"
_FULL = "cannot send on {fd} now: the send buffer is full ({errno})"
_GOT = "reads {bytes} from {fd}"
_WAITED_READ = "waits {took} in {op}() for {fd}, then reads {bytes}"
_SENT = "sends {bytes} on {fd}{peer}"
_WAITED_WRITE = "waits {took} in {op}() until {fd} takes {bytes}"
_READY = "asks {op}() about {watched}: {ready}"
_SLEPT = "sleeps {took} in {op}() with {watched} watched; {ready}"

# fmt: off
OPERATIONS = (
    # Names
    Operation("getaddrinfo", "lookup", LOOKUP, ("openat", "socket", "connect"), "lookup",
              "Turns a host name into addresses. It may read files and ask a DNS server, and blocks while it does.",
              "looks up {arg[host]}: {result}", "", "waits {took} while {arg[host]} is looked up: {result}"),
    Operation("gethostbyname", "lookup", LOOKUP, ("openat", "socket", "connect"), "lookup",
              "Turns a host name into one IPv4 address; blocks while it does.",
              "looks up {arg[host]}: {result}", "", "waits {took} while {arg[host]} is looked up: {result}"),
    Operation("gethostbyaddr", "lookup", LOOKUP, ("openat", "socket", "connect"), "lookup",
              "Turns an address into a host name; blocks while it does.",
              "asks for the name of {arg[host]}: {result}", "", "waits {took} for the name of {arg[host]}: {result}"),
    Operation("getnameinfo", "lookup", LOOKUP, ("openat", "socket", "connect"), "lookup",
              "Turns an address into a host and a service name; blocks while it does.",
              "asks for the name of {arg[host]}: {result}", "", "waits {took} for the name of {arg[host]}: {result}"),
    Operation("getservby", "lookup", LOOKUP, ("openat", "read"), "",
              "Looks a service or protocol up in a file of the system.",
              "looks up {arg[name]} in the system's files: {result}"),
    Operation("gethostname", "lookup", LOOKUP, ("uname",), "",
              "Asks the kernel for the name of this machine.", "asks for the name of this machine: {result}"),
    Operation("sethostname", "lookup", LOOKUP, ("sethostname",), "",
              "Gives this machine another name; needs privileges.", "gives this machine a new name"),
    Operation("if_names", "lookup", LOOKUP, ("ioctl", "sendto", "recvmsg"), "",
              "Asks the kernel about its network interfaces.", "asks about the network interfaces: {result}"),
    # Making and preparing a socket
    Operation("socket", "socket", CREATE, ("socket",), "",
              "Makes a socket: the kernel allocates it and hands back a file descriptor, a small number.",
              "makes a socket: {fd}"),
    Operation("socketpair", "socket", CREATE, ("socketpair",), "",
              "Makes two sockets that are connected to each other.", "makes a pair of connected sockets: {opened}"),
    Operation("dup", "socket", CREATE, ("fcntl",), "",
              "Makes a second descriptor for the same socket.", "makes a second descriptor for {fd}: {opened}"),
    Operation("setblocking", "option", CREATE, ("ioctl",), "",
              "Sets whether calls on this socket may put the thread to sleep. Off: they answer at once, with EAGAIN if"
              " there is nothing to say yet.",
              "switches {fd} to {arg[mode]}"),
    Operation("settimeout", "option", CREATE, ("ioctl",), "",
              "Sets how long a call may wait. Below the surface Python makes the descriptor non-blocking and calls"
              " poll() first.",
              "gives calls on {fd} {timeout}"),
    Operation("setsockopt", "option", CREATE, ("setsockopt",), "",
              "Sets an option of a socket.", "sets {arg[option]} of {fd} to {arg[value]}"),
    Operation("getsockopt", "option", CREATE, ("getsockopt",), "",
              "Reads an option of a socket. SO_ERROR tells how a non-blocking connect ended.",
              "reads {arg[option]} of {fd}: {result}"),
    Operation("get_inheritable", "option", CREATE, ("fcntl",), "",
              "Asks whether child processes inherit this descriptor.", "asks whether {fd} is inherited: {result}"),
    Operation("set_inheritable", "option", CREATE, ("ioctl",), "",
              "Sets whether child processes inherit this descriptor.", "sets whether {fd} is inherited"),
    Operation("ioctl", "option", CREATE, ("ioctl",), "",
              "Asks the driver of a socket for something special (Windows).", "calls ioctl on {fd}"),
    Operation("set_wakeup_fd", "option", CREATE, ("fcntl",), "",
              "Names a socket, or a pipe, to which CPython writes a byte when a signal comes, so that a loop which sleeps"
              " wakes up. It looks first what it is, and whether it blocks.",
              "has a signal write a byte to {fd}"),
    Operation("share", "socket", CREATE, (), "",
              "Prepares a socket for another process (Windows).", "shares {fd} with another process"),
    Operation("getsockname", "name", CREATE, ("getsockname",), "",
              "Asks for the local address of a socket.", "asks for the local address of {fd}: {result}"),
    Operation("getpeername", "name", CREATE, ("getpeername",), "",
              "Asks who is at the other end.", "asks who is at the other end of {fd}: {result}"),
    Operation("bind", "socket", CREATE, ("bind",), "",
              "Gives a socket a local address.", "binds {fd} to {arg[address]}"),
    Operation("listen", "socket", CREATE, ("listen",), "",
              "Makes a socket accept connections; the backlog is how many may wait to be accepted.",
              "listens on {fd}, backlog {arg[backlog]}"),
    # Connecting
    Operation("connect", "socket", CONNECT, ("connect",), "connect",
              "Starts the TCP handshake. A blocking socket sleeps until it is done; a non-blocking one answers"
              " EINPROGRESS and the handshake goes on without the program.",
              "connects {fd} to {arg[address]}",
              "starts to connect {fd} to {arg[address]}: the handshake goes on without us ({errno})",
              "waits {took} in connect() until {fd} is connected to {arg[address]}"),
    Operation("connect_ex", "socket", CONNECT, ("connect",), "connect",
              "As connect, but gives the errno back instead of raising.",
              "connects {fd} to {arg[address]}",
              "starts to connect {fd} to {arg[address]}: the handshake goes on without us ({errno})",
              "waits {took} in connect_ex() until {fd} is connected to {arg[address]}"),
    Operation("accept", "socket", CONNECT, ("accept4",), "read",
              "Takes a finished connection out of the backlog of a listening socket.",
              "accepts a connection on {fd}: {opened}",
              "asks {fd} for a new connection: nobody there yet ({errno})",
              "waits {took} in accept() on {fd}, then accepts a connection: {opened}"),
    # Sending
    Operation("send", "socket", SEND, _SEND, "write",
              "Copies bytes into the kernel's send buffer; it may take fewer than it was given.",
              _SENT, _FULL, _WAITED_WRITE),
    Operation("sendall", "socket", SEND, _SEND, "write",
              "Sends until all is taken: one Python call, as many system calls as it needs.",
              _SENT, _FULL, _WAITED_WRITE),
    Operation("sendto", "socket", SEND, _SEND, "write",
              "Sends a datagram to an address.", _SENT, _FULL, _WAITED_WRITE),
    Operation("sendmsg", "socket", SEND, ("sendmsg",), "write",
              "Sends several buffers, and control data such as descriptors, in one call.",
              _SENT, _FULL, _WAITED_WRITE),
    Operation("sendfile", "socket", SEND, ("sendfile",), "write",
              "Sends from a file without copying through Python.", _SENT, _FULL, _WAITED_WRITE),
    Operation("shutdown", "socket", SEND, ("shutdown",), "",
              "Ends one direction of a connection; the other side reads the end of the stream.",
              "shuts down {fd} ({arg[how]})"),
    # Receiving
    Operation("recv", "socket", RECEIVE, _RECV, "read",
              "Takes bytes out of the kernel's receive buffer. Zero bytes mean that the other side has finished.",
              _GOT, _NOTHING_YET, _WAITED_READ),
    Operation("recv_into", "socket", RECEIVE, _RECV, "read",
              "As recv, into a buffer of the caller.", _GOT, _NOTHING_YET, _WAITED_READ),
    Operation("recvfrom", "socket", RECEIVE, _RECV, "read",
              "As recv, and tells who sent it.", _GOT, _NOTHING_YET, _WAITED_READ),
    Operation("recvfrom_into", "socket", RECEIVE, _RECV, "read",
              "As recvfrom, into a buffer of the caller.", _GOT, _NOTHING_YET, _WAITED_READ),
    Operation("recvmsg", "socket", RECEIVE, ("recvmsg",), "read",
              "Receives bytes and control data such as descriptors.", _GOT, _NOTHING_YET, _WAITED_READ),
    Operation("recvmsg_into", "socket", RECEIVE, ("recvmsg",), "read",
              "As recvmsg, into buffers of the caller.", _GOT, _NOTHING_YET, _WAITED_READ),
    # TLS: the bytes that Python moves are not those of the wire
    Operation("read", "tls", RECEIVE, ("read",), "read",
              "Reads decrypted bytes; below it the TLS library reads records from the descriptor.",
              _GOT, _NOTHING_YET, _WAITED_READ),
    Operation("write", "tls", SEND, ("write",), "write",
              "Encrypts bytes and writes them to the descriptor.", _SENT, _FULL, _WAITED_WRITE),
    Operation("do_handshake", "tls", CONNECT, ("read", "write"), "read",
              "Agrees on keys with the other side: several reads and writes.",
              "shakes hands for TLS on {fd}", "the TLS handshake on {fd} needs more from the other side ({errno})",
              "waits {took} in do_handshake() on {fd}"),
    Operation("unwrap", "tls", CLOSE, ("read", "write"), "read",
              "Ends TLS on a connection and keeps the socket.", "ends TLS on {fd}"),
    # Readiness
    Operation("select", "readiness", WAIT, ("epoll_wait", "poll", "pselect6", "select"), "ready",
              "Asks the kernel which of the watched descriptors are ready, and sleeps until one is. The one place"
              " where an event loop sleeps.",
              _READY, "", _SLEPT),
    Operation("poll", "readiness", WAIT, ("epoll_wait", "poll"), "ready",
              "Asks the kernel which of the watched descriptors are ready, and sleeps until one is.",
              _READY, "", _SLEPT),
    Operation("control", "readiness", WAIT, ("kevent",), "ready",
              "Changes what a kqueue watches and asks what is ready (macOS, BSD).", _READY, "", _SLEPT),
    # Watching
    Operation("selector", "watch", WATCH, ("epoll_create1",), "",
              "Makes a selector. For epoll the kernel allocates a watch list with a descriptor of its own.",
              "makes a selector: {arg[selector]}"),
    Operation("register", "watch", WATCH, ("epoll_ctl",), "",
              "Asks the kernel to watch a descriptor. With poll and select it is only noted in Python.",
              "has {fd} watched for {arg[events]}"),
    Operation("modify", "watch", WATCH, ("epoll_ctl",), "",
              "Changes what a descriptor is watched for.", "has {fd} watched for {arg[events]} from now on"),
    Operation("unregister", "watch", WATCH, ("epoll_ctl",), "",
              "Ends the watching of a descriptor.", "ends the watch on {fd}"),
    # Closing
    Operation("close", "socket", CLOSE, ("close",), "",
              "Gives the descriptor back. The kernel says goodbye to the other side.", "closes {fd}{by}"),
    Operation("detach", "socket", CLOSE, (), "",
              "Takes the descriptor out of the Python object without closing it.", "lets go of {fd} without closing it"),
)
# fmt: on

OPERATION = {row.name: row for row in OPERATIONS}
"""Rows by name."""


def phase_of(op: str) -> str | None:
    """The phase that an operation of the python lane belongs to by itself; None for one that is not in the table."""
    row = OPERATION.get(op)
    return row.phase if row else None
