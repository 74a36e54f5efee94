# fails: ends/deadlock
"""Has a timeout for connect(), and takes it away before it waits for the answer."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    with socket.create_connection((host, port), timeout=PATIENCE_S) as sock:
        sock.settimeout(None)
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        while chunk := sock.recv(4096):
            response += chunk
    return response
