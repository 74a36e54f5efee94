"""Fetch a page with one selector, and print the SHA-256 of its body, or what went wrong."""

import hashlib
import os
import selectors
import socket
import sys


# [solution]
def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and the event."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE

    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        sock.close()
        raise OSError(code, os.strerror(code))

    sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    yield sock, selectors.EVENT_READ

    response = b""
    while True:
        try:
            chunk = sock.recv(4096)
        except BlockingIOError:
            yield sock, selectors.EVENT_READ
            continue
        if not chunk:
            break
        response += chunk
    sock.close()
    return response


# [exercise]
#| def fetch_data(host, port):
#|     """Fetch a page; at each yield tell what to wait for: a socket, and the event."""
#|     sock = socket.socket()
#|     sock.setblocking(False)
#|     try:
#|         sock.connect((host, port))
#|     except BlockingIOError:
#|         pass
#|     yield sock, selectors.EVENT_WRITE
#|
#|     # The kernel calls this socket writable. Is it connected? Find out here: if it is not, close it, and
#|     # raise the OSError that says why.
#|
#|     sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
#|     yield sock, selectors.EVENT_READ
#|
#|     response = b""
#|     while True:
#|         try:
#|             chunk = sock.recv(4096)
#|         except BlockingIOError:
#|             yield sock, selectors.EVENT_READ
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
    with selectors.DefaultSelector() as sel:
        try:
            while True:
                sock, event = next(gen)
                sel.register(sock, event)
                sel.select()
                sel.unregister(sock)
        except StopIteration as stop:
            return stop.value


def main():
    """Fetch from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    try:
        response = run(fetch_data(host, int(port)))
    except OSError as error:
        print(f"{type(error).__name__}: {error}")
        return
    head, _, body = response.partition(b"\r\n\r\n")
    print(head.partition(b"\r\n")[0].decode(), hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
