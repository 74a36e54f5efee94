"""gevent: the standard library's sockets, replaced by its own."""

from gevent import monkey

monkey.patch_all()

import sys
import urllib.request

import gevent


def fetch(path):
    """One fetch."""
    with urllib.request.urlopen(sys.argv[1] + path) as answer:
        return len(answer.read())


greenlets = [gevent.spawn(fetch, path) for path in ("/", "/chunked", "/big")]
gevent.joinall(greenlets)
print([greenlet.value for greenlet in greenlets])
