"""asyncio: a signal that comes while Python computes, and not while the loop sleeps."""

import asyncio
import os
import signal


async def main():
    """Sent by the program to itself, so that it comes at that moment."""
    loop = asyncio.get_running_loop()
    called = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, called.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await called.wait()
    print(loop.remove_signal_handler(signal.SIGUSR1))


asyncio.run(main())
