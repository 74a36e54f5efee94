# passes: a view of the bytes is cut without a copy; waiting before each send() is right, too
"""Sends from a view, and waits before each part."""


def send_all(sock, data):
    """Send all of `data`; at each yield tell what to wait for: the socket, and the event."""
    rest = memoryview(data)
    while rest:
        yield sock, selectors.EVENT_WRITE
        try:
            rest = rest[sock.send(rest) :]
        except BlockingIOError:
            pass


def read_text(sock):
    """Read an answer to its end, and return the text of its body."""
    chunks = []
    while True:
        try:
            chunk = sock.recv(4096)
        except BlockingIOError:
            yield sock, selectors.EVENT_READ
            continue
        if not chunk:
            break
        chunks.append(chunk)
    head, _, body = b"".join(chunks).partition(b"\r\n\r\n")
    return body.decode(charset_of(head))
