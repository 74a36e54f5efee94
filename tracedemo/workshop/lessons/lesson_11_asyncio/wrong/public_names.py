# fails: who/made-it
# The coroutines of the loop that the manual lists: another way to the same calls, which this program does not take.
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "add_reader",
    "connect": "sock_connect",
    "SO_ERROR": "sock_connect",
    "TCP_NODELAY": "_set_nodelay",
    "recv": "sock_recv",
}
