"""asyncio: to_thread, a call from another thread, and a signal while the loop sleeps: they wake it."""

import asyncio
import signal
import threading


async def main():
    """Three ways to be woken."""
    loop = asyncio.get_running_loop()
    print(await asyncio.to_thread(sum, [1, 2, 3]))
    woken = asyncio.Event()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(woken.set,))
    thread.start()
    await woken.wait()
    thread.join()
    called = asyncio.Event()
    loop.add_signal_handler(signal.SIGALRM, called.set)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    await called.wait()
    print(loop.remove_signal_handler(signal.SIGALRM))


asyncio.run(main())
