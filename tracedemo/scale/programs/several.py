"""Starts a program several times at once, and waits for all of them:  several.py COPIES PROGRAM ARGUMENTS ...

One process can have only so many open files; two can have twice as many. What each of them prints is printed when all have
ended, one after the other, since lines of two that write at once would be torn.
"""

import shutil
import signal
import subprocess
import sys
import tempfile


def main():
    """Start them, wait, and exit with the worst of their exit codes."""
    copies, *words = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    started = []
    try:
        for _ in range(int(copies)):
            output = tempfile.TemporaryFile()
            started.append((subprocess.Popen([sys.executable, *words], stdout=output), output))
        worst = max([abs(process.wait()) for process, _ in started])
    finally:
        for process, _ in started:
            process.terminate()  # does nothing to one that has ended
            process.wait()
    for _, output in started:
        with output:
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout.buffer)
    sys.exit(worst)


if __name__ == "__main__":
    main()
