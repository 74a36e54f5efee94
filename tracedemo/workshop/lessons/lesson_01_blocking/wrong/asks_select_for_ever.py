# fails: ends/deadlock
"""Asks select() first, and gives it no timeout either."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import select

    with socket.socket() as sock:
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        while select.select([sock], [], [])[0] and (chunk := sock.recv(4096)):
            response += chunk
    return response
