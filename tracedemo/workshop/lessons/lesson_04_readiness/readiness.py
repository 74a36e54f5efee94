"""Bytes wait in a socket. How often does the kernel say so, and to whom?

readiness.py level    whenever it is asked, as long as a byte is there
readiness.py edge     when bytes come in, and then no more (EPOLLET, on Linux)
readiness.py stolen   two readers wait for the same socket
"""

import argparse
import select
import selectors
import socket

MOST = 1000
"""Reports after which we stop asking: with `--read 0` there is no end."""


def level(here, there, args):
    """The way of select(), poll() and, unless told otherwise, epoll."""
    with selectors.DefaultSelector() as sel:
        sel.register(here, selectors.EVENT_READ)
        there.send(b"x" * args.bytes)
        # Timeout 0: it does not sleep, so that we hear "nothing" at the end.
        count_reports(lambda: sel.select(0), here, args.read)


def edge(here, there, args):
    """The other way: it reports what has happened since the last report."""
    with select.epoll() as poll:
        poll.register(here, select.EPOLLIN | select.EPOLLET)
        there.send(b"x" * args.bytes)
        count_reports(lambda: poll.poll(0), here, args.read)


def count_reports(ask, sock, size):
    """Ask until nothing is reported; read a little after each report."""
    reports = got = 0
    while reports < MOST and ask():
        reports += 1
        if size:
            got += len(sock.recv(size))
    print(f"reported {reports} times; {got} bytes were read")


def stolen(here, there, args):
    """Two readers, each with a descriptor of its own for the same socket."""
    other = here.dup()
    with selectors.DefaultSelector() as sel:
        sel.register(here, selectors.EVENT_READ)
        sel.register(other, selectors.EVENT_READ)
        there.send(b"x" * args.bytes)
        for key, _events in sel.select():
            try:
                got = len(key.fileobj.recv(4096))
                print(f"fd {key.fd} was told ready, and got {got} bytes")
            except BlockingIOError as error:
                print(f"fd {key.fd} was told ready, and heard: {error}")
    other.close()


def main():
    """Send some bytes to one end of a pair of sockets, and watch the other."""
    about = "How often the kernel says that a socket is ready."
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("way", choices=("level", "edge", "stolen"))
    parser.add_argument("--bytes", type=int, default=10, help="that come (10)")
    parser.add_argument("--read", type=int, default=1, help="each time (1)")
    args = parser.parse_args()
    if args.way == "edge" and not hasattr(select, "epoll"):
        parser.error("there is no edge mode here: EPOLLET is Linux's")
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        way = {"level": level, "edge": edge, "stolen": stolen}[args.way]
        way(here, there, args)


if __name__ == "__main__":
    main()
