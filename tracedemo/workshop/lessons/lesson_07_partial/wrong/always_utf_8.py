# fails: ends/well
"""Takes every page for UTF-8."""


def send_all(sock, data):
    """Send all of `data`; at each yield tell what to wait for: the socket, and the event."""
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
    return body.decode()
