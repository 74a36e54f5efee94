"""threading: four threads, a connection each."""

import http.client
import sys
import threading


def fetch():
    """One fetch."""
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
    connection.request("GET", "/")
    sizes.append(len(connection.getresponse().read()))
    connection.close()


sizes = []
threads = [threading.Thread(target=fetch) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sizes)
