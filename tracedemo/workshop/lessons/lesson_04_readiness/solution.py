"""Fetch a page by one reader or two, woken once for each arrival, and print the SHA-256 of its body."""

import hashlib
import select
import socket
import sys

CHUNK = 64


# [solution]
def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    while True:
        try:
            chunk = sock.recv(CHUNK)
        except BlockingIOError:
            yield
            continue
        if not chunk:
            return
        chunks.append(chunk)


# [exercise]
#| def read_all(sock, chunks):
#|     """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
#|     # A wakeup says that bytes have come in. It does not say how many, and it may be that somebody else has
#|     # read them by now. Read so that neither matters.
#|     while True:
#|         yield
#|         chunk = sock.recv(CHUNK)
#|         if not chunk:
#|             return
#|         chunks.append(chunk)
#|
#|
# [end]
def new_poll():
    """A poll object, and what to ask of it: on Linux edge mode; elsewhere there is none, and we are told more often."""
    if hasattr(select, "epoll"):
        return select.epoll(), select.EPOLLIN | select.EPOLLET
    return select.poll(), select.POLLIN


def run(readers):
    """Wake each reader when bytes come in; `readers` is a list of (socket, generator)."""
    poll, mask = new_poll()
    waiting = {sock.fileno(): reader for sock, reader in readers if resume(reader)}
    for fd in waiting:
        poll.register(fd, mask)
    while waiting:
        for fd, _events in poll.poll():
            if not resume(waiting[fd]):
                poll.unregister(fd)
                del waiting[fd]


def resume(reader):
    """Let a reader go on; False: it has come to its end."""
    return next(reader, "the end") is None


def main():
    """Fetch from HOST:PORT with so many readers, which share one connection."""
    host, _, port = sys.argv[1].partition(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        sock.setblocking(False)
        socks = [sock, *(sock.dup() for _ in range(int(sys.argv[2]) - 1))]
        chunks = []
        run([(one, read_all(one, chunks)) for one in socks])
        for one in socks:
            one.close()
    head, _, body = b"".join(chunks).partition(b"\r\n\r\n")
    print(head.partition(b"\r\n")[0].decode(), hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
