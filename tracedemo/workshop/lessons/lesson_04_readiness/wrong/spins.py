# fails: wait/until-ready
"""Asks again at once, and never lets the kernel wake it."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    yield
    while True:
        try:
            chunk = sock.recv(CHUNK)
        except BlockingIOError:
            continue
        if not chunk:
            return
        chunks.append(chunk)
