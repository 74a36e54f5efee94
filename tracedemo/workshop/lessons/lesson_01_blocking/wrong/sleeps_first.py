# fails: ends/asleep
"""Sleeps until the answer must have come: no news of a socket wakes it there."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import time

    with socket.socket() as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        time.sleep(60)
        response = b""
        while chunk := sock.recv(4096):
            response += chunk
    return response
