# fails: wait/until-ready
"""Waits until it may write, which it may at once, and reads again: a busy loop in disguise."""


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and "read" or "write"."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError as error:
        if error.errno != errno.EINPROGRESS:
            raise
    yield sock, "write"

    sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    yield sock, "read"

    response = b""
    while True:
        try:
            chunk = sock.recv(4096)
        except BlockingIOError:
            yield sock, "write"
            continue
        if not chunk:
            break
        response += chunk
    sock.close()
    return response
