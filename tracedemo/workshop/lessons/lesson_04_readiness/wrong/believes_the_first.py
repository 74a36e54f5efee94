# fails: ends/well
"""Believes that the first recv() after a wakeup brings bytes, and catches "not yet" only after that."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    yield
    while True:
        chunk = sock.recv(CHUNK)
        try:
            while chunk:
                chunks.append(chunk)
                chunk = sock.recv(CHUNK)
            return
        except BlockingIOError:
            yield
