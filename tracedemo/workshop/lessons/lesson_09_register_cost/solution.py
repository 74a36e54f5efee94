"""Fetch N pages at once, on one thread, and print the SHA-256 of each body."""

import hashlib
import selectors
import socket
import sys
from functools import partial


# [solution]
def run_all(gen_funcs):
    """Drive all generators on one thread; return their results, in order."""
    results = {}
    registered = {}
    sel = selectors.DefaultSelector()

    def resume(gen):
        try:
            sock, event = next(gen)
        except StopIteration as stop:
            results[gen] = stop.value
            if gen in registered:
                sock, _event = registered.pop(gen)
                sel.unregister(sock)
                sock.close()
            return
        if gen not in registered:
            sel.register(sock, event, data=gen)
        elif registered[gen] != (sock, event):
            sel.modify(sock, event, data=gen)
        registered[gen] = sock, event

    gens = [gen_func() for gen_func in gen_funcs]
    for gen in gens:
        resume(gen)

    while sel.get_map():
        for key, _events in sel.select():
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]


# [exercise]
#| def run_all(gen_funcs):
#|     """Drive all generators on one thread; return their results, in order."""
#|     results = {}
#|     sel = selectors.DefaultSelector()
#|
#|     def resume(gen, sock=None):
#|         try:
#|             sock, event = next(gen)
#|         except StopIteration as stop:
#|             results[gen] = stop.value
#|             sock.close()
#|             return
#|         sel.register(sock, event, data=gen)
#|
#|     gens = [gen_func() for gen_func in gen_funcs]
#|     for gen in gens:
#|         resume(gen)
#|
#|     while sel.get_map():
#|         for key, _events in sel.select():
#|             # The kernel is made to forget the socket, though its generator may
#|             # wait for the same event again.
#|             sel.unregister(key.fileobj)
#|             resume(key.data, key.fileobj)
#|
#|     sel.close()
#|     return [results[gen] for gen in gens]
#|
#|
# [end]
def fetch_data(address, page):
    """Fetch one page; each yield tells what to wait for: (socket, event).

    Whoever drives it closes the socket.
    """
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
            return response
        response += chunk


def describe(response):
    """Status, and the SHA-256 of the body."""
    head, _, body = response.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    return f"{status} {hashlib.sha256(body).hexdigest()}"


def main():
    """Fetch the pages /1 to /N from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    address = host, int(port)
    pages = [f"/{number}" for number in range(1, int(sys.argv[2]) + 1)]
    responses = run_all([partial(fetch_data, address, page) for page in pages])
    for number, response in enumerate(responses, start=1):
        print(f"#{number} {describe(response)}")


if __name__ == "__main__":
    main()
