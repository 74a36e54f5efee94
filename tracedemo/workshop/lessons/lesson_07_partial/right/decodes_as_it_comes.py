# passes: an incremental decoder keeps the half of a letter until the other half comes
"""Decodes chunk by chunk, with a decoder that remembers."""

import codecs


def send_all(sock, data):
    """Send all of `data`; at each yield tell what to wait for: the socket, and the event."""
    while data:
        try:
            sent = sock.send(data)
            data = data[sent:]
        except BlockingIOError:
            yield sock, selectors.EVENT_WRITE


def read_text(sock):
    """Read an answer to its end, and return the text of its body."""
    got, decoder, text = b"", None, ""
    while True:
        try:
            chunk = sock.recv(4096)
        except BlockingIOError:
            yield sock, selectors.EVENT_READ
            continue
        if not chunk:
            return text + decoder.decode(b"", True)
        got += chunk
        head, blank_line, body = got.partition(b"\r\n\r\n")
        if decoder is None and blank_line:
            decoder = codecs.getincrementaldecoder(charset_of(head))()
            chunk = body
        if decoder is not None:
            text += decoder.decode(chunk)
