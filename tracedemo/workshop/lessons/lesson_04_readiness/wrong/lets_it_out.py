# fails: ends/well
"""Reads on, and does not catch what tells it to stop."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    while True:
        yield
        while chunk := sock.recv(CHUNK):
            chunks.append(chunk)
        return
