# fails: result/body
"""Throws away what it has read in a round when "not yet" ends the round."""


def read_all(sock, chunks):
    """Append all that comes to `chunks`, until the end; yield wherever there is nothing to do but wait."""
    yield
    while True:
        round_of = []
        try:
            while chunk := sock.recv(CHUNK):
                round_of.append(chunk)
            return
        except BlockingIOError:
            chunks.extend(round_of[:-1])
            yield
