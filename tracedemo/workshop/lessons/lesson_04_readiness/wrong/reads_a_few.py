# fails: ends/deadlock
"""Reads a few times for each wakeup, to be fair to others, and forgets the rest."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    while True:
        yield
        for _ in range(3):
            try:
                chunk = sock.recv(CHUNK)
            except BlockingIOError:
                break
            if not chunk:
                return
            chunks.append(chunk)
