# passes: a socket begins with the default timeout, and nobody has to set it
"""Sets the timeout of all sockets that are made from now on."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    socket.setdefaulttimeout(PATIENCE_S)
    with socket.socket() as sock:
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        while chunk := sock.recv(4096):
            response += chunk
    return response
