"""Fetch a page over a non-blocking socket, and print the SHA-256 of its body."""

import errno
import hashlib
import select
import socket
import sys


# [solution]
def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and "read" or "write"."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError as error:
        if error.errno != errno.EINPROGRESS:
            raise
    yield sock, "write"

    sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    yield sock, "read"

    response = b""
    while True:
        try:
            chunk = sock.recv(4096)
        except BlockingIOError:
            yield sock, "read"
            continue
        if not chunk:
            break
        response += chunk
    sock.close()
    return response


# [exercise]
#| def fetch_data(host, port):
#|     """Fetch a page; at each yield tell what to wait for: a socket, and "read" or "write"."""
#|     sock = socket.socket()
#|     sock.setblocking(False)
#|     # Both loops below ask again whenever they hear BlockingIOError. One of them must not ask twice at all;
#|     # the other one must not ask again before there is something to read.
#|     while True:
#|         try:
#|             sock.connect((host, port))
#|             break
#|         except BlockingIOError:
#|             continue
#|     yield sock, "write"
#|
#|     sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
#|     yield sock, "read"
#|
#|     response = b""
#|     while True:
#|         try:
#|             chunk = sock.recv(4096)
#|         except BlockingIOError:
#|             continue
#|         if not chunk:
#|             break
#|         response += chunk
#|     sock.close()
#|     return response
#|
#|
# [end]
def run(gen):
    """Drive a generator: at each yield sleep until the kernel says that the socket is ready."""
    try:
        while True:
            sock, what = next(gen)
            select.select([sock] if what == "read" else [], [sock] if what == "write" else [], [])
    except StopIteration as stop:
        return stop.value


def main():
    """Fetch from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    head, _, body = run(fetch_data(host, int(port))).partition(b"\r\n\r\n")
    print(head.partition(b"\r\n")[0].decode(), hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
