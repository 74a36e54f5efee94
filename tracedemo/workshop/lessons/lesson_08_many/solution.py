"""Fetch N pages at once, on one thread, and print what came of each.

That is the SHA-256 of its body, or its failure.
"""

import hashlib
import selectors
import socket
import sys
from functools import partial


# [solution]
def fetch_data(address, page):
    """Fetch one page; each yield tells what to wait for: (socket, event)."""
    sock = socket.socket()
    try:
        sock.setblocking(False)
        try:
            sock.connect(address)
        except BlockingIOError:
            pass
        yield sock, selectors.EVENT_WRITE

        sock.send(make_request(address, page))
        yield sock, selectors.EVENT_READ

        response = b""
        while True:
            try:
                chunk = sock.recv(4096)
            except BlockingIOError:
                yield sock, selectors.EVENT_READ
                continue
            if not chunk:
                return whole(response)
            response += chunk
    finally:
        sock.close()


def run_all(gen_funcs):
    """Drive all generators on this one thread.

    Returns for each, in order, what it returned, or its exception.
    """
    results = {}
    sel = selectors.DefaultSelector()

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value
        except Exception as error:
            results[gen] = error

    gens = [gen_func() for gen_func in gen_funcs]
    for gen in gens:
        resume(gen)

    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]


# [exercise]
#| def fetch_data(address, page):
#|     """Fetch one page; each yield tells what to wait for: (socket, event)."""
#|     sock = socket.socket()
#|     sock.setblocking(False)
#|     try:
#|         sock.connect(address)
#|     except BlockingIOError:
#|         pass
#|     yield sock, selectors.EVENT_WRITE
#|
#|     sock.send(make_request(address, page))
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
#|     sock.close()  # and if recv() fails?
#|     return whole(response)
#|
#|
#| def run_all(gen_funcs):
#|     """Drive all generators on this one thread.
#|
#|     Returns for each, in order, what it returned, or its exception.
#|     """
#|     results = {}
#|     sel = selectors.DefaultSelector()
#|
#|     def resume(gen):
#|         try:
#|             sock, event = next(gen)
#|             sel.register(sock, event, data=gen)
#|         except StopIteration as stop:
#|             results[gen] = stop.value
#|         # Something else can come out of next(), too. It ends this generator,
#|         # and must not end the others.
#|
#|     gens = [gen_func() for gen_func in gen_funcs]
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
def make_request(address, page):
    """The bytes of a GET request."""
    host, port = address
    request = (
        f"GET {page} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Connection: close\r\n\r\n"  # the server closes at the end
    )
    return request.encode()


def whole(response):
    """The response, if it is a whole one; else an exception."""
    head, _, body = response.partition(b"\r\n\r\n")
    lines = head.decode("ascii").splitlines()[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    if len(body) < int(headers["Content-Length"]):
        raise EOFError(f"{len(body)} of {headers['Content-Length']} bytes")
    return response


def describe(result):
    """What came of a fetch, in one line."""
    if not isinstance(result, bytes):
        return f"failed: {result!r}"
    head, _, body = result.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    return f"{status} {hashlib.sha256(body).hexdigest()}"


def main():
    """Fetch the pages /1 to /N from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    address = host, int(port)
    pages = [f"/{number}" for number in range(1, int(sys.argv[2]) + 1)]
    results = run_all([partial(fetch_data, address, page) for page in pages])
    for number, result in enumerate(results, start=1):
        print(f"#{number} {describe(result)}")


if __name__ == "__main__":
    main()
