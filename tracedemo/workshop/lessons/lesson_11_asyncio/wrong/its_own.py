# fails: who/inside
# The line of the program that waits, where the call is asyncio's.
WHO = {
    "socketpair": "main",
    "register": "main",
    "connect": "fetch_data",
    "SO_ERROR": "fetch_data",
    "TCP_NODELAY": "fetch_data",
    "recv": "fetch_data",
}
