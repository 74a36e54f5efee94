# fails: resume/told
"""Registers for both events: a socket can be written to nearly always, so nothing sleeps."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            for key, mask in sel.select():
                print(f"woken: fd {key.fd} is ready for {WORDS[mask]}")
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
