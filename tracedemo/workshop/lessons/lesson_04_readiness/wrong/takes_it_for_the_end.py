# fails: result/body
"""Takes "not yet" for the end."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    yield
    try:
        while chunk := sock.recv(CHUNK):
            chunks.append(chunk)
    except BlockingIOError:
        return
