"""Fetch a page with a generator, which goes on when the kernel says so.

Prints the SHA-256 of the body.
"""

import hashlib
import selectors
import socket
import sys


# [solution]
def drive(gen):
    """Drive a generator with one selector; return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, event)
            for key, mask in sel.select():
                print(f"woken: fd {key.fd} is ready for {WORDS[mask]}")
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()


# [exercise]
#| def drive(gen):
#|     """Drive a generator with one selector; return what it returned."""
#|     sel = selectors.DefaultSelector()
#|     try:
#|         sock, event = next(gen)
#|         # Registered once, for everything: so any news resumes the generator,
#|         # even news that it did not ask for. Wait after each yield for that
#|         # socket and that event only.
#|         sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
#|         while True:
#|             for key, mask in sel.select():
#|                 print(f"woken: fd {key.fd} is ready for {WORDS[mask]}")
#|             sock, event = next(gen)
#|     except StopIteration as stop:
#|         return stop.value
#|     finally:
#|         sel.close()
#|
#|
# [end]
WORDS = {
    selectors.EVENT_READ: "reading",
    selectors.EVENT_WRITE: "writing",
    selectors.EVENT_READ | selectors.EVENT_WRITE: "reading and writing",
}


def fetch_data(host, port):
    """Fetch a page; each yield tells what to wait for: (socket, event)."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass  # EINPROGRESS: the handshake has begun
    yield sock, selectors.EVENT_WRITE

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


def main():
    """Fetch from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    head, _, body = drive(fetch_data(host, int(port))).partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    print(status, hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
