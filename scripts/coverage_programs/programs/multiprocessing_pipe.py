"""multiprocessing: a duplex Pipe, which is a pair of sockets, and a Listener with its Client."""

import threading
from multiprocessing import Pipe
from multiprocessing.connection import Client, Listener

left, right = Pipe()
left.send("hello")
print(right.poll(5), right.recv())
left.close(), right.close()


def answer(listener):
    """One connection."""
    with listener.accept() as connection:
        connection.send(connection.recv().upper())


with Listener(("127.0.0.1", 0)) as listener:
    thread = threading.Thread(target=answer, args=(listener,))
    thread.start()
    with Client(listener.address) as client:
        client.send("hello")
        print(client.recv())
    thread.join()
