# fails: who/function
# Files instead of functions.
WHO = {
    "socketpair": "selector_events.py",
    "register": "selector_events.py",
    "connect": "selector_events.py",
    "SO_ERROR": "selector_events.py",
    "TCP_NODELAY": "base_events.py",
    "recv": "selector_events.py",
}
