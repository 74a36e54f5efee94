# fails: deadline/own-words
"""Gives up with an exception that nobody expects."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    with socket.socket() as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        try:
            while chunk := sock.recv(4096):
                response += chunk
        except TimeoutError as error:
            raise ValueError("the answer is not complete") from error
    return response
