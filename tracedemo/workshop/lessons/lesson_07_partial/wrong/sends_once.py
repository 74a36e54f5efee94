# fails: ends/deadlock
"""Sends once, and does not look at how much was taken."""


def send_all(sock, data):
    """Send all of `data`; at each yield tell what to wait for: the socket, and the event."""
    # How much of it does send() take? It says so. And what if it takes nothing at all?
    sock.send(data)
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
