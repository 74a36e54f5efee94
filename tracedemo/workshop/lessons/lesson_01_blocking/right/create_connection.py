# passes: the timeout of create_connection() is the socket's, and stays
"""Lets create_connection() set the timeout."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    with socket.create_connection((host, port), PATIENCE_S) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        with sock.makefile("rb") as file:
            return file.read()
