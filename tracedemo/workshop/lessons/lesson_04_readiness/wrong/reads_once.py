# fails: ends/deadlock
"""Reads once for each wakeup, as if it were told again as long as bytes are there."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    while True:
        yield
        try:
            chunk = sock.recv(CHUNK)
        except BlockingIOError:
            continue
        if not chunk:
            return
        chunks.append(chunk)
