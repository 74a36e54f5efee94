"""Generators that only sleep: what thousands of fetches would cost if there were no sockets.

First read selector.py. This is what stood before it in the series of posts: each generator says how long it
wants to sleep, and the loop, which asks nobody, knows when to go on with whom. The deadlines stand in a heap,
the nearest on top, and the loop sleeps once, until that is due.

Look for what is not there: no descriptor, no buffer, no port, and hardly a call. Ten thousand generators
cost ten thousand places in a heap, and one select() that watches nothing and has a timeout.

Next: upload.py, with sockets again, and one of their costs: a buffer that is full.
"""

import argparse
import heapq
import selectors
import sys
import time
from functools import partial


def fetch_data(seconds):
    """Fetch nothing: say how long to sleep, and return for how long that was."""
    begin = time.monotonic()

    # No (socket, event) here: a number of seconds is all that the loop needs to know.
    yield seconds

    return time.monotonic() - begin


def run_all(gen_funcs):
    """Drive all generators on this one thread, and return what they returned, in the order given."""
    slept = dict.fromkeys(gen_func() for gen_func in gen_funcs)
    deadlines = []  # a heap of (when, number, generator): the nearest is always the first

    def resume(gens):
        """Let each go on to its next yield, or keep what it returned; then note when it wants to be back."""
        wishes = []
        for number, gen in gens:
            try:
                wishes.append((next(gen), number, gen))
            except StopIteration as stop:
                slept[gen] = stop.value
        # One look at the clock is enough for all who yielded in this turn, and they will be due together.
        now = time.monotonic()
        for seconds, number, gen in wishes:
            heapq.heappush(deadlines, (now + seconds, number, gen))

    resume(enumerate(slept))

    # The thread sleeps in here. Nothing is registered, so nothing can wake it but the time.
    with selectors.DefaultSelector() as sel:
        while deadlines:
            sel.select(max(0, deadlines[0][0] - time.monotonic()))
            now = time.monotonic()
            due = []
            while deadlines and deadlines[0][0] <= now:
                due.append(heapq.heappop(deadlines)[1:])
            resume(due)
    return list(slept.values())


def main():
    """Sleep n times at once, then print a line for each."""
    parser = argparse.ArgumentParser(description="Sleep n times at once: one thread, no sockets.")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--sleep", metavar="S", type=float, default=1.0, help="how many seconds each (1)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")
    if not 0 <= args.sleep < 1e6:
        parser.error(f"argument --sleep: {args.sleep} s is no time to sleep")

    for number, seconds in enumerate(run_all([partial(fetch_data, args.sleep)] * args.requests), start=1):
        if seconds < args.sleep:
            sys.exit(f"{parser.prog}: #{number} was to sleep {args.sleep} s, and slept {seconds} s")
        print(f"#{number}  slept {args.sleep:g} s")


if __name__ == "__main__":
    main()
