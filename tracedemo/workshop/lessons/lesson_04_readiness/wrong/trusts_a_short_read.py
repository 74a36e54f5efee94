# fails: readiness/drained
"""Takes a short answer for a sign that nothing is left: an end that came with the bytes would never be heard of."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    yield
    while True:
        try:
            chunk = sock.recv(CHUNK)
        except BlockingIOError:
            yield
            continue
        if not chunk:
            return
        chunks.append(chunk)
        if len(chunk) < CHUNK:
            yield
