# passes: nobody has been told anything before the first wakeup, so it may as well wait for it
"""Waits first, and then reads all there is."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    while True:
        yield
        try:
            while chunk := sock.recv(CHUNK):
                chunks.append(chunk)
            return
        except BlockingIOError:
            pass
