# passes: a pending error is told to whoever asks first, and recv() with MSG_PEEK takes no byte away
"""Asks by a recv() that takes nothing away."""


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and the event."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE

    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        pass
    except OSError:
        sock.close()
        raise

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
