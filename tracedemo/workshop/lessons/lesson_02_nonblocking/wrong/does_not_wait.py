# fails: wait/connected
"""Sends before the handshake is done."""


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and "read" or "write"."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError as error:
        if error.errno != errno.EINPROGRESS:
            raise
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
