# passes: select() with a timeout is a wait that ends, too
"""Sleeps in select(), and closes in finally."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import select

    sock = socket.socket()
    try:
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        while True:
            if not select.select([sock], [], [], PATIENCE_S)[0]:
                raise TimeoutError
            chunk = sock.recv(4096)
            if not chunk:
                return response
            response += chunk
    finally:
        sock.close()
