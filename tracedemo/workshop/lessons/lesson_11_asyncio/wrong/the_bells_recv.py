# fails: who/made-it
# That function receives, too: the byte by which the loop is woken, not the answer.
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "_add_reader",
    "connect": "_sock_connect",
    "SO_ERROR": "_sock_connect_cb",
    "TCP_NODELAY": "_set_nodelay",
    "recv": "_read_from_self",
}
