# fails: who/made-it
# Two that belong together are exchanged: the one that begins to connect, and the one that asks how it ended.
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "_add_reader",
    "connect": "_sock_connect_cb",
    "SO_ERROR": "_sock_connect",
    "TCP_NODELAY": "_set_nodelay",
    "recv": "_read_ready__data_received",
}
