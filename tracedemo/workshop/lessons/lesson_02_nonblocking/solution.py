"""Fetch a page over a non-blocking socket; print the SHA-256 of its body."""

import errno
import hashlib
import select
import socket
import sys


# [solution]
def fetch_data(host, port):
    """Fetch a page; each yield tells a socket, and "read" or "write"."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError as error:
        if error.errno != errno.EINPROGRESS:
            raise
    yield sock, "write"

    request = (
        f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Connection: close\r\n\r\n"  # the server closes at the end
    )
    sock.send(request.encode())
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
#|     """Fetch a page; each yield tells a socket, and "read" or "write"."""
#|     sock = socket.socket()
#|     sock.setblocking(False)
#|     # Both loops below ask again at once whenever they hear BlockingIOError.
#|     # What has to happen first, before it is worth going on?
#|     while True:
#|         try:
#|             sock.connect((host, port))
#|             break
#|         except BlockingIOError:
#|             continue
#|     yield sock, "write"
#|
#|     request = (
#|         f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
#|         "Connection: close\r\n\r\n"  # the server closes at the end
#|     )
#|     sock.send(request.encode())
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
    """Drive a generator: at each yield sleep until its socket is ready."""
    try:
        while True:
            sock, what = next(gen)
            if what == "read":
                select.select([sock], [], [])
            else:
                select.select([], [sock], [])
    except StopIteration as stop:
        return stop.value


def main():
    """Fetch from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    head, _, body = run(fetch_data(host, int(port))).partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    print(status, hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
