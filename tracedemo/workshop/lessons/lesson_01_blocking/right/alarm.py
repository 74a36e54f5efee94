# passes: an alarm that raises ends a wait, too, where there is one thread only
"""Sets an alarm before each wait, whose handler raises."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import signal

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
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
