"""Fetch a page with one selector; print its SHA-256, or what failed."""

import hashlib
import os
import selectors
import socket
import sys


# [solution]
def fetch_data(host, port):
    """Fetch a page; each yield tells what to wait for: (socket, event)."""
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

    request = (
        f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Connection: close\r\n\r\n"  # the server closes at the end
    )
    sock.send(request.encode())
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
#|     """Fetch a page; each yield tells what to wait for: (socket, event)."""
#|     sock = socket.socket()
#|     sock.setblocking(False)
#|     try:
#|         sock.connect((host, port))
#|     except BlockingIOError:
#|         pass
#|     yield sock, selectors.EVENT_WRITE
#|
#|     # The kernel calls this socket writable. Is it connected? Find out here: if
#|     # it is not, close it, and raise the OSError that says why.
#|
#|     request = (
#|         f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
#|         "Connection: close\r\n\r\n"  # the server closes at the end
#|     )
#|     sock.send(request.encode())
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
    """Drive a generator: at each yield sleep until its socket is ready."""
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
    status = head.partition(b"\r\n")[0].decode()
    print(status, hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
