# fails: sleep/in-select-only
"""Lets connect() wait for its own outcome, and the whole thread with it."""


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and the event."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setblocking(True)
    try:
        sock.connect((host, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
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
    return response
