# fails: who/function
# A guess in words.
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "_add_reader",
    "connect": "the event loop",
    "SO_ERROR": "the event loop",
    "TCP_NODELAY": "the kernel",
    "recv": "the transport",
}
