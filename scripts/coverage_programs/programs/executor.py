"""concurrent.futures: urllib.request in a ThreadPoolExecutor."""

import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor


def fetch(path):
    """One fetch."""
    with urllib.request.urlopen(sys.argv[1] + path) as answer:
        return len(answer.read())


with ThreadPoolExecutor(3) as pool:
    print(list(pool.map(fetch, ["/", "/chunked", "/big"] * 2)))
