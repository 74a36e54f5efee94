"""Fetch a page by one reader or two, which are woken once for each arrival.

Prints the SHA-256 of the body.
"""

import hashlib
import select
import socket
import sys

CHUNK = 64


# [solution]
def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield to wait."""
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
#|     """Append all that comes to `chunks`, until the end; yield to wait."""
#|     # A wakeup says that bytes have come in. It does not say how many, and
#|     # somebody else may have read them by now. Read so that neither matters.
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
    """A poll object, and what to ask of it: edge mode, where there is one."""
    if hasattr(select, "epoll"):
        return select.epoll(), select.EPOLLIN | select.EPOLLET
    return select.poll(), select.POLLIN


def run(readers):
    """Wake each reader when bytes come in; `readers`: (socket, generator)."""
    poll, mask = new_poll()
    waiting = {sock.fileno(): one for sock, one in readers if resume(one)}
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
    """Fetch from HOST:PORT with N readers, which share one connection."""
    host, _, port = sys.argv[1].partition(":")
    with socket.create_connection((host, int(port))) as sock:
        request = (
            f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Connection: close\r\n\r\n"  # the server closes at the end
        )
        sock.sendall(request.encode())
        sock.setblocking(False)
        socks = [sock, *(sock.dup() for _ in range(int(sys.argv[2]) - 1))]
        chunks = []
        run([(one, read_all(one, chunks)) for one in socks])
        for one in socks:
            one.close()
    head, _, body = b"".join(chunks).partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    print(status, hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
