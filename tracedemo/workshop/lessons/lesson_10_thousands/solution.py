"""Fetch N pages on one thread with few descriptors; print their SHA-256."""

import hashlib
import selectors
import socket
import sys
from functools import partial

AT_MOST = int(sys.argv[3])
"""How many sockets may be open at once."""


# [solution]
def run_all(gen_funcs):
    """Drive all generators on this one thread, AT_MOST at a time.

    Returns what they returned, in their order.
    """
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]
    waiting = iter(gens)

    def resume(gen):
        while gen is not None:
            try:
                sock, event = next(gen)
                sel.register(sock, event, data=gen)
                return
            except StopIteration as stop:
                results[gen] = stop.value
                gen = next(waiting, None)

    for _ in range(AT_MOST):
        resume(next(waiting, None))

    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]


# [exercise]
#| def run_all(gen_funcs):
#|     """Drive all generators on this one thread, AT_MOST at a time.
#|
#|     Returns what they returned, in their order.
#|     """
#|     results = {}
#|     sel = selectors.DefaultSelector()
#|     gens = [gen_func() for gen_func in gen_funcs]
#|
#|     def resume(gen):
#|         try:
#|             sock, event = next(gen)
#|             sel.register(sock, event, data=gen)
#|         except StopIteration as stop:
#|             results[gen] = stop.value
#|
#|     # A generator makes its socket at its first next(): here all of them do.
#|     for gen in gens:
#|         resume(gen)
#|
#|     while sel.get_map():
#|         for key, _events in sel.select():
#|             sel.unregister(key.fileobj)
#|             resume(key.data)
#|
#|     sel.close()
#|     return [results[gen] for gen in gens]
#|
#|
# [end]
def fetch_data(address, page):
    """Fetch one page; each yield tells what to wait for: (socket, event)."""
    host, port = address
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect(address)
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE

    request = (
        f"GET {page} HTTP/1.1\r\nHost: {host}:{port}\r\n"
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


def describe(response):
    """Status, and the SHA-256 of the body."""
    head, _, body = response.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    return f"{status} {hashlib.sha256(body).hexdigest()}"


def main():
    """Fetch the pages /1 to /N from HOST:PORT, AT_MOST at once."""
    host, _, port = sys.argv[1].partition(":")
    address = host, int(port)
    pages = [f"/{number}" for number in range(1, int(sys.argv[2]) + 1)]
    responses = run_all([partial(fetch_data, address, page) for page in pages])
    for number, response in enumerate(responses, start=1):
        print(f"#{number} {describe(response)}")


if __name__ == "__main__":
    main()
