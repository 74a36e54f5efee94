"""Drive a coroutine with a selector, and print the SHA-256 of what it returned."""

import hashlib
import selectors
import socket
import sys
from functools import partial


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and an event.  Returns the body."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass  # EINPROGRESS: the handshake has begun
    yield sock, selectors.EVENT_WRITE

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
    return response.partition(b"\r\n\r\n")[2]


def from_cache(word):
    """A coroutine that has nothing to wait for: it returns at once, and never yields."""
    if not word:
        yield
    return f"the page {word}, from the cache".encode()


# [solution]
def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    sel = selectors.DefaultSelector()
    try:
        # Up to the first yield: connect() is under way then.
        sock, event = next(gen)
        sel.register(sock, event, data=gen)

        while True:
            ready = sel.select()

            for key, _mask in ready:
                sel.unregister(key.fileobj)
                sock, event = next(key.data)
                sel.register(sock, event, data=key.data)

    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()


# [exercise]
#| def run(gen_func):
#|     """Drive a generator to its end, and return what it returned."""
#|     gen = gen_func()
#|     sel = selectors.DefaultSelector()
#|     try:
#|         # Up to the first yield: connect() is under way then.
#|         sock, event = next(gen)
#|         ...  # 1. Let the selector watch for what was yielded, and keep `gen` with it, as data.
#|
#|         while True:
#|             ready = ...  # 2. Sleep until the kernel has news.
#|
#|             for key, _mask in ready:
#|                 ...  # 3. Watch no longer for key.fileobj; resume the generator in key.data; watch for what it yields.
#|
#|     except StopIteration as stop:
#|         ...  # 4. The generator has ended: return what it returned.
#|     finally:
#|         sel.close()
#|
#|
# [end]
def main():
    """Fetch from HOST:PORT; or, with one more WORD, take that page from a cache."""
    host, _, port = sys.argv[1].partition(":")
    coroutine = partial(from_cache, sys.argv[2]) if sys.argv[2:] else partial(fetch_data, host, int(port))
    page = run(coroutine)
    print(len(page), "bytes, SHA-256", hashlib.sha256(page).hexdigest())


if __name__ == "__main__":
    main()
