"""Fetch a page, send its text back many times; print what the server got."""

import selectors
import socket
import sys


# [solution]
def send_all(sock, data):
    """Send all of `data`; each yield tells what to wait for."""
    while data:
        try:
            sent = sock.send(data)
            data = data[sent:]
        except BlockingIOError:
            yield sock, selectors.EVENT_WRITE


def read_text(sock):
    """Read an answer to its end, and return the text of its body."""
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
    head, _, body = response.partition(b"\r\n\r\n")
    return body.decode(charset_of(head))


# [exercise]
#| def send_all(sock, data):
#|     """Send all of `data`; each yield tells what to wait for."""
#|     # How much of it does send() take? It says so. And if it takes nothing?
#|     sock.send(data)
#|     yield sock, selectors.EVENT_WRITE
#|
#|
#| def read_text(sock):
#|     """Read an answer to its end, and return the text of its body."""
#|     # Each chunk is made text as it comes. Where does a chunk end, and in which
#|     # charset is it?
#|     text = ""
#|     while True:
#|         try:
#|             chunk = sock.recv(4096)
#|         except BlockingIOError:
#|             yield sock, selectors.EVENT_READ
#|             continue
#|         if not chunk:
#|             break
#|         text += chunk.decode()
#|     return text.partition("\r\n\r\n")[2]
#|
#|
# [end]
def charset_of(head):
    """The charset that the headers of an answer name, such as "utf-8"."""
    return head.decode("ascii").partition("charset=")[2].partition("\r\n")[0]


def exchange(host, port, request):
    """Send a request, and return the text of the answer."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE
    yield from send_all(sock, request)
    yield sock, selectors.EVENT_READ
    text = yield from read_text(sock)
    sock.close()
    return text


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
    """Fetch a page from HOST:PORT; send its text back, N times over."""
    host, _, port = sys.argv[1].partition(":")
    head = f"HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
    page = run(exchange(host, int(port), f"GET / {head}\r\n".encode()))
    body = page.encode() * int(sys.argv[2])
    head = f"POST / {head}Content-Length: {len(body)}\r\n\r\n"
    print(run(exchange(host, int(port), head.encode() + body)), end="")


if __name__ == "__main__":
    main()
