# passes: the second connect() comes after the wakeup, and tells the outcome of the first
"""Calls connect() once more when the socket is writable, to hear how connecting ended."""


def fetch_data(host, port):
    """Fetch a page; each yield tells a socket, and "read" or "write"."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        yield sock, "write"
        if sock.connect_ex((host, port)) not in (0, errno.EISCONN):
            raise OSError("no connection")

    sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    yield sock, "read"

    response = b""
    while True:
        try:
            chunk = sock.recv(4096)
        except BlockingIOError:
            yield sock, "read"
            continue
        if not chunk:
            break
        response += chunk
    sock.close()
    return response


