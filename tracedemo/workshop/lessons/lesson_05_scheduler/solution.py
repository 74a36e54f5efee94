"""Drive a coroutine with a selector; print the SHA-256 of what it returned."""

import hashlib
import selectors
import socket
import sys
from functools import partial


def fetch_data(host, port):
    """Fetch a page; each yield tells what to wait for: (socket, event).

    Returns the body.
    """
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
    return response.partition(b"\r\n\r\n")[2]


def from_cache(word):
    """A coroutine with nothing to wait for: it returns and never yields."""
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
#|         ...  # 1. Register what was yielded, with `gen` as its data.
#|
#|         while True:
#|             ready = ...  # 2. Sleep until the kernel has news.
#|
#|             for key, _mask in ready:
#|                 # 3. Unregister key.fileobj; resume the generator in key.data;
#|                 #    register what it yields now.
#|                 ...
#|
#|     except StopIteration as stop:
#|         ...  # 4. The generator has ended: return what it returned.
#|     finally:
#|         sel.close()
#|
#|
# [end]
def main():
    """Fetch from HOST:PORT; or, with a WORD, take a page from a cache."""
    host, _, port = sys.argv[1].partition(":")
    coroutine = partial(fetch_data, host, int(port))
    if sys.argv[2:]:
        coroutine = partial(from_cache, sys.argv[2])
    page = run(coroutine)
    print(len(page), "bytes, SHA-256", hashlib.sha256(page).hexdigest())


if __name__ == "__main__":
    main()
