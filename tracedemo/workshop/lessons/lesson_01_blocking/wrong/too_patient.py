# fails: deadline/timeout
"""Waits for much longer than it was told."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    with socket.socket() as sock:
        sock.settimeout(4 * PATIENCE_S)
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        while chunk := sock.recv(4096):
            response += chunk
    return response
