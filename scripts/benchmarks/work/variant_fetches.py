"""Runs a variant's file as it is, once to warm up and once measured; prints its CPU seconds and its time as JSON."""

import contextlib
import io
import json
import runpy
import sys
import time

path, address, count = sys.argv[1:]


def fetch(requests: str) -> None:
    """As from a shell; what it prints is not looked at."""
    sys.argv = [path, address, "-n", requests]
    with contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(path, run_name="__main__")


fetch("1")
cpu, wall = time.process_time(), time.perf_counter()
fetch(count)
print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}))
