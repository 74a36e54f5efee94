"""Words of the trade, and the phases of a fetch, each in a sentence or two."""

from __future__ import annotations

from typing import NamedTuple

from tracedemo.syscalls.operations import CLOSE, CONNECT, CREATE, LOOKUP, RECEIVE, SEND, WAIT, WATCH

PHASE_MEANINGS = {
    LOOKUP: "A name becomes an address. It blocks, even where the socket does not.",
    CREATE: "A socket is made and set up. The kernel answers at once.",
    CONNECT: "The two sides shake hands; it takes one round trip over the network.",
    SEND: "Bytes are copied into the send buffer, from where the kernel sends them.",
    WAIT: "The thread sleeps until one of many descriptors is ready.",
    RECEIVE: "Bytes are taken out of the receive buffer, where the kernel has put what came.",
    WATCH: "The kernel is told which descriptors to watch, and for what.",
    CLOSE: "The descriptor is given back, and the other side hears of it.",
}
"""What happens in each phase."""


class Word(NamedTuple):
    """A row of the glossary."""

    name: str
    meaning: str
    also: tuple[str, ...] = ()
    """Other ways to ask for it."""
    see: tuple[str, ...] = ()
    """What else to ask for."""
    show: str = ""
    """What to type behind `tracedemo` to see it."""


# fmt: off
WORDS = (
    # What a trace is made of
    Word("call", "What Python code makes: a method or function of socket, select, selectors or ssl. It makes none,"
         " one or many system calls.", (), ("system call",), "run blocking --view log"),
    Word("system call", "A question to the kernel. The thread changes into the kernel and comes back with an"
         " answer; if it has to wait, it sleeps in there.", ("syscall",), ("call",), "run blocking --kernel"),
    Word("not yet", "The answer EAGAIN or EINPROGRESS: nothing failed, the kernel has no result at this moment, and"
         " the thread was not made to wait.", (), ("EAGAIN", "EINPROGRESS", "BlockingIOError"),
         "run nonblocking --only not-yet"),
    Word("wakeup", "A return from select, poll or epoll_wait: the kernel wakes the thread and names the descriptors"
         " that are ready.", (), ("select", "epoll_wait"), "run selector --view wakeups"),
    Word("waits", "A call waits when it could sleep and nothing was ready. With the server's lock-step pace that is"
         " looked up before the call; by the clock a call of more than 50 us counts.", ("wait for",),
         ("blocking", "lock-step")),
    Word("parked", "A coroutine is parked when it waits and holds no thread: its frame is kept, and others run.",
         (), ("yield", "coroutine"), "run selector -n 3 --view timeline"),
    Word("lock-step", "The pace at which our server moves one step only when the program is about to wait. A run"
         " then makes the same calls on every machine.", (), (), "run selector --pace lockstep"),
    # Sockets
    Word("file descriptor", "A small number by which a process names something open in the kernel: a file, a"
         " socket, an epoll. Once closed it is given to the next one.", ("fd", "descriptor"), ("socket", "close")),
    Word("blocking", "A blocking socket lets the kernel put the thread to sleep until the call has a result. Every"
         " socket is made so.", (), ("non-blocking", "setblocking"), "run blocking --view timeline"),
    Word("non-blocking", "A non-blocking socket never puts the thread to sleep: what cannot be done now answers"
         ' "not yet".', (), ("setblocking", "FIONBIO", "not yet"), "run nonblocking"),
    Word("FIONBIO", "The ioctl request that switches a descriptor to non-blocking (1) or blocking (0)."
         " setblocking() and settimeout() make it: one system call, where fcntl with O_NONBLOCK takes two.", (),
         ("setblocking", "settimeout", "ioctl", "O_NONBLOCK"), "run selector --kernel --only ioctl"),
    Word("O_NONBLOCK", "The flag of an open file or socket that makes it non-blocking. It belongs to the open file,"
         " not to the number: all descriptors of the socket share it.", ("SOCK_NONBLOCK",), ("fcntl", "FIONBIO")),
    Word("SO_ERROR", "The socket option that holds how a connect in the background ended: 0, or an errno. Reading"
         " it clears it.", (), ("getsockopt", "EINPROGRESS"), "run asyncio_sock --only getsockopt"),
    Word("SO_REUSEADDR", "The socket option that lets a server bind a port while old connections of it are in"
         " TIME_WAIT.", (), ("bind", "EADDRINUSE", "TIME_WAIT")),
    Word("TCP_NODELAY", "The socket option that sends small pieces at once instead of collecting them (Nagle's"
         " algorithm). asyncio sets it.", (), ("setsockopt",), "run asyncio_streams --only setsockopt"),
    Word("TIME_WAIT", "The state in which the kernel keeps the port pair of a connection for a while (a minute on"
         " Linux) after this side has closed first, so that late packets fool nobody.", (),
         ("SO_REUSEADDR", "EADDRNOTAVAIL")),
    Word("handshake", "SYN, SYN-ACK, ACK: the three packets that make a TCP connection. The kernels do it; the"
         " programs only ask for it with connect() and listen().", ("three-way handshake", "SYN"),
         ("connect", "backlog")),
    Word("backlog", "The queue of finished connections that a listening socket holds for accept(), and its length."
         " A client is connected as soon as it stands in there; when it is full, new handshakes are put off.", (),
         ("listen", "accept")),
    Word("send buffer", "The memory of the kernel in which bytes wait to be sent and confirmed. send() returns when"
         " they are in there; when it is full, it sleeps or answers EAGAIN.", ("socket buffer",),
         ("send", "receive buffer")),
    Word("receive buffer", "The memory of the kernel in which bytes wait to be read. recv() takes them from there; when"
         " it is empty, it sleeps or answers EAGAIN. When it is full, the other side is told to stop.", (),
         ("recv", "send buffer")),
    Word("end of stream", "What a recv() of 0 bytes means: the other side has closed or shut down, and all that it sent was"
         " read. It is no error, and comes again at every call.", ("EOF",), ("recv", "shutdown"),
         "run blocking --only recv --unfold"),
    # Readiness
    Word("readiness", "A descriptor is ready when a call on it would not sleep: readable when bytes, an end or an"
         " error are there; writable when the buffer has room, or a connect has ended.",
         ("ready", "readable", "writable"), ("select", "not yet"), "run selector --only select"),
    Word("level-triggered", "A selector that goes on telling that a descriptor is ready as long as it is. select,"
         " poll and, if not told otherwise, epoll and kqueue do so: what you leave unread is told again.",
         (), ("edge-triggered",)),
    Word("edge-triggered", "A selector that tells only the change to ready, once (EPOLLET, EV_CLEAR). You must read"
         " until EAGAIN, or you will sleep on bytes that are there. Python's selectors do not use it.",
         ("EPOLLET",), ("level-triggered",)),
    Word("epoll", "Linux's selector: the list of watched descriptors stays inside the kernel, and only what is"
         " ready comes back.", (), ("epoll_create1", "epoll_ctl", "epoll_wait"),
         "run selector --kernel --only epoll_ctl,epoll_wait"),
    Word("EPOLLIN", 'The event "readable" of epoll; POLLIN for poll. EPOLLOUT is "writable". EPOLLERR and EPOLLHUP,'
         " an error and the end of both directions, are told whether asked for or not.", ("EPOLLOUT", "EPOLLHUP",
          "EPOLLERR", "EPOLLRDHUP", "POLLIN", "POLLOUT"), ("readiness", "epoll_ctl")),
    Word("event loop", "A loop that sleeps in one place for all its descriptors, and gives each one that is ready"
         " its turn.", ("asyncio", "loop"), ("select", "wakeup", "callback"), "run asyncio_sock --view wakeups"),
    Word("self-pipe", "A pair of sockets that an event loop watches, so that other threads and signals can wake it"
         " by a byte. asyncio makes one at its start.", (), ("socketpair", "event loop"),
         "run asyncio_sock --only socketpair"),
    Word("coroutine", "A function that can stop in the middle and go on later: a generator at yield, an async"
         " function at await. Between the two it needs no thread.", ("generator", "await"),
         ("yield", "resume", "parked"), "run selector --view wakeups"),
    Word("proactor", "The other kind of event loop, as on Windows: the kernel is handed the buffer and tells when"
         " the transfer is complete, instead of when it could begin.", ("IOCP", "completion"), ("readiness",)),
    Word("ERESTARTSYS", "What strace shows when a signal breaks a sleep off: an answer inside the kernel that no"
         " program sees. The call is begun again, or ends in EINTR.", ("ERESTARTNOHAND", "ERESTART_RESTARTBLOCK"),
         ("EINTR",)),
)
# fmt: on
