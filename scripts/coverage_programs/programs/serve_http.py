"""http.server: ThreadingHTTPServer with a folder of files, asked by http.client in the same process."""

import functools
import http.client
import http.server
import pathlib
import tempfile
import threading


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Without a log."""

    def log_message(self, *_):
        """Say nothing."""


with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "file.txt").write_bytes(bytes(200_000))
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        for path in ("/", "/file.txt", "/none"):
            connection = http.client.HTTPConnection(*server.server_address)
            connection.request("GET", path)
            answer = connection.getresponse()
            print(answer.status, len(answer.read()))
            connection.close()
        server.shutdown()
        thread.join()
