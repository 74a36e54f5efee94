# fails: sleep/in-select-only
"""Makes the socket a blocking one, so that recv() waits for what was promised."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    sock.setblocking(True)
    yield
    while chunk := sock.recv(CHUNK):
        chunks.append(chunk)
