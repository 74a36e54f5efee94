# passes: resumes only for what the key and the mask say; send(None) is another next()
"""Looks at fd and mask before it resumes, and resumes with send()."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.SelectSelector()
    try:
        sock, event = gen.send(None)
        sel.register(sock, event, data=gen)
        while True:
            for key, mask in sel.select():
                if key.fd == sock.fileno() and mask & event:
                    sel.unregister(key.fileobj)
                    sock, event = key.data.send(None)
                    sel.register(sock, event, data=gen)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
