# fails: ends/killed
"""Sets an alarm, for which there is no handler: it ends the program, and nobody says a word."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import signal

    with socket.socket() as sock:
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        try:
            while True:
                signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
                chunk = sock.recv(4096)
                if not chunk:
                    return response
                response += chunk
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
