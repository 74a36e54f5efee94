# fails: fds/closed
"""Closes the socket behind the line that raises."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    sock = socket.socket()
    sock.settimeout(PATIENCE_S)
    sock.connect((host, port))
    sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    response = b""
    while chunk := sock.recv(4096):
        response += chunk
    sock.close()
    return response
