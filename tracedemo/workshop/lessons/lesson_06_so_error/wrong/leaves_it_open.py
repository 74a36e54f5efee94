# fails: fds/closed
"""Raises the right exception, and forgets the socket."""


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and the event."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE

    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))

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
