"""CPU work without a socket call, in a program that has imported socket; prints its CPU seconds, the best of rounds."""

import json
import socket  # noqa: F401  # so that the recorder is in place
import time


def sieve(limit: int) -> int:
    """Count the primes below a limit."""
    marks = bytearray([1]) * limit
    for number in range(2, int(limit**0.5) + 1):
        if marks[number]:
            marks[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(marks)


def words(count: int) -> int:
    """Make texts and count in a dict."""
    seen: dict[str, int] = {}
    for number in range(count):
        key = f"word {number % 977}"
        seen[key] = seen.get(key, 0) + len(key)
    return sum(seen.values())


def calls(depth: int) -> int:
    """Call and return."""
    return 1 if depth < 2 else calls(depth - 1) + calls(depth - 2)


best = float("inf")
for _ in range(5):
    cpu = time.process_time()
    sieve(400_000), words(150_000), calls(22), sum(x * x for x in range(100_000))
    best = min(best, time.process_time() - cpu)
print(json.dumps({"cpu": best}))
