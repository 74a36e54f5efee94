# fails: ends/deadlock
"""Waits for READ where it needs room, while the server waits for the rest."""


def send_all(sock, data):
    """Send all of `data`; at each yield tell what to wait for: the socket, and the event."""
    while data:
        try:
            sent = sock.send(data)
            data = data[sent:]
        except BlockingIOError:
            yield sock, selectors.EVENT_READ


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
