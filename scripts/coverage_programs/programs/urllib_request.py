"""urllib.request: three fetches, a connection each."""

import sys
import urllib.request

for path in ("/", "/chunked", "/big"):
    with urllib.request.urlopen(sys.argv[1] + path) as answer:
        print(answer.status, len(answer.read()))
