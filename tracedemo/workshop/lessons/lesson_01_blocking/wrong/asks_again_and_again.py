# fails: wait/until-ready
"""Does not sleep in recv(), but asks again and again, and naps between."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import time

    with socket.socket() as sock:
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        sock.setblocking(False)
        response = b""
        naps = 0
        while naps < 50:
            try:
                chunk = sock.recv(4096)
            except BlockingIOError:
                naps += 1
                time.sleep(PATIENCE_S / 50)
                continue
            if not chunk:
                return response
            response += chunk
            naps = 0
        sock.settimeout(PATIENCE_S)
        sock.recv(1)
