# passes: recv_into() says "not yet" in the same way
"""Reads into a buffer of its own, a bigger one."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    buffer = bytearray(4096)
    while True:
        try:
            size = sock.recv_into(buffer)
        except BlockingIOError:
            yield
        else:
            if size == 0:
                return
            chunks.append(bytes(buffer[:size]))
