# passes: a second connect() gives the outcome of the first (POSIX leaves open how; Linux answers 0 or the error)
"""Asks by a second connect(): it is the outcome of the first."""

import errno


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and the event."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE

    code = sock.connect_ex((host, port))
    if code not in (0, errno.EISCONN):
        sock.close()
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
