"""asyncio under the recorder: tasks, handles, tracebacks and warnings are those of the bare program."""

from __future__ import annotations

import sys

import pytest

from tests.recorders.conftest import WriteScript
from tests.recorders.inprocess.bare_and_traced import bare, traced

SCRIPTS = {
    "names and texts of tasks": """
        import asyncio
        class Caller:
            async def method(self):
                await asyncio.sleep(0)
        async def work():
            await asyncio.sleep(0)
        async def main():
            loop = asyncio.get_running_loop()
            tasks = [
                asyncio.create_task(work()), asyncio.create_task(work(), name="named"), loop.create_task(Caller().method()),
                loop.create_task(work(), name="by the loop"), asyncio.ensure_future(work()),
            ]
            tasks[0].set_name("renamed")
            print([task.get_name() for task in tasks], asyncio.current_task())
            print(tasks)
            print(sorted(map(repr, asyncio.all_tasks())))
            await asyncio.gather(*tasks)
            print(tasks, tasks[3].get_coro(), tasks[3].get_stack())
            print(asyncio.create_task(work()).get_name())
        asyncio.run(main())
        asyncio.run(main())
    """,
    "texts of handles and futures": """
        import asyncio, functools
        class Callable:
            def __call__(self):
                print("called")
            def method(self, *words):
                print("method", words)
        async def main():
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            print(loop.call_soon(print, "one", "two"))
            print(loop.call_soon(functools.partial(print, "partial"), 3), loop.call_soon(Callable()))
            print(loop.call_soon(Callable().method, 1), loop.call_soon(lambda: print("lambda")))
            print(str(loop.call_later(0.001, future.set_result, 5)).partition(" when=")[0])
            gone = loop.call_soon(print, "never")
            gone.cancel()
            print(gone, gone.cancelled(), future)
            print(await future, future)
            print(list(loop._ready), len(loop._ready), bool(loop._ready), loop._ready == loop._ready)
        asyncio.run(main())
    """,
    "stacks in tasks and callbacks": """
        import asyncio, inspect, socket, traceback
        async def inner():
            traceback.print_stack()
            await asyncio.sleep(0)
            traceback.print_stack()
            print([frame.function for frame in inspect.stack()])
        async def main():
            await inner()
            loop = asyncio.get_running_loop()
            loop.call_soon(traceback.print_stack)
            later = asyncio.Event()
            loop.call_later(0.001, lambda: (traceback.print_stack(), later.set()))
            await later.wait()
            task = asyncio.create_task(inner())
            task.add_done_callback(lambda task: traceback.print_stack())
            await task
            left, right = socket.socketpair()
            left.setblocking(False)
            loop.add_reader(left, lambda: (traceback.print_stack(), done.set()))
            done = asyncio.Event()
            right.send(b"x")
            await done.wait()
            loop.remove_reader(left)
            waiting = asyncio.create_task(asyncio.sleep(5))
            await asyncio.sleep(0)
            waiting.print_stack()
            waiting.cancel()
            left.close(), right.close()
        asyncio.run(main())
    """,
    "exceptions out of tasks": """
        import asyncio, socket, traceback
        async def fail(word):
            await asyncio.sleep(0)
            raise ValueError(word)
        async def refused():
            await asyncio.open_connection("127.0.0.1", 1)
        async def main():
            for made in (asyncio.gather(fail("a"), fail("b")), asyncio.create_task(fail("c")), refused(),
                         asyncio.wait_for(fail("d"), 5), asyncio.shield(fail("e"))):
                try:
                    await made
                except Exception:
                    print(traceback.format_exc())
            print(await asyncio.gather(fail("f"), fail("g"), return_exceptions=True))
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail("h"), name="h")
                    group.create_task(refused())
                    group.create_task(asyncio.sleep(9))
            except* ValueError as group:
                print("".join(traceback.format_exception(group)))
            except* OSError as group:
                print("".join(traceback.format_exception(group)))
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.sleep(9)
            except TimeoutError:
                print(traceback.format_exc())
            lost = asyncio.create_task(fail("never retrieved"), name="lost")
            await asyncio.wait([lost])
            del lost
            asyncio.get_running_loop().call_soon(int, "no number")
            await asyncio.sleep(0.001)
            await fail("out of main")
        asyncio.run(main())
    """,
    "uncaught in a group": """
        import asyncio
        async def fail(word):
            await asyncio.sleep(0)
            raise ValueError(word)
        async def main():
            async with asyncio.TaskGroup() as group:
                group.create_task(fail("one"), name="one")
                group.create_task(fail("two"), name="two")
        asyncio.run(main())
    """,
    "debug mode": """
        import asyncio, gc, sys, traceback
        async def fail():
            raise ValueError("never retrieved")
        async def forgotten():
            pass
        async def main():
            loop = asyncio.get_running_loop()
            loop.slow_callback_duration = 60
            task = asyncio.create_task(asyncio.sleep(0), name="mine")
            print(task, loop.create_task(asyncio.sleep(0)), loop.call_soon(print, "soon"), loop.create_future())
            print(traceback.format_list(task._source_traceback))
            await task
            lost = loop.create_task(fail(), name="lost")
            await asyncio.wait([lost])
            del lost
            gc.collect()
            forgotten()
            gc.collect()
            try:
                loop.create_task(5)
            except TypeError:
                print(traceback.format_exc())
            handle = loop.call_soon(int, "no number")
            await asyncio.sleep(0)
            async with asyncio.TaskGroup() as group:
                print(group.create_task(asyncio.sleep(0)))
        asyncio.run(main(), debug=True)
        async def pending():
            loop = asyncio.get_running_loop()
            loop.slow_callback_duration = 60
            loop.create_task(loop.create_future().__await__.__self__ and wait(loop.create_future()), name="pending")
            await asyncio.sleep(0)
        async def wait(future):
            await future
        loop = asyncio.new_event_loop()
        loop.set_debug(True)
        loop.run_until_complete(pending())
        loop.close()
        del loop
        gc.collect()
    """,
    "never awaited, never closed": """
        import asyncio, gc, socket, warnings
        warnings.simplefilter("always")
        async def forgotten():
            pass
        async def main():
            forgotten()
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            left.setblocking(False), right.setblocking(False)
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=left)
            print(transport)
            del transport
            reader, writer = await asyncio.open_connection(sock=right)
            del reader, writer
            gc.collect()
        asyncio.run(main())
        gc.collect()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(asyncio.sleep(0))
        del loop
        gc.collect()
        asyncio.run(asyncio.sleep(0))
        other = asyncio.new_event_loop()
    """,
    "one loop, run again and again": """
        import asyncio
        loop = asyncio.new_event_loop()
        ready = loop._ready
        loop.call_soon(print, "put in before it ran")
        for number in range(5):
            print(loop.run_until_complete(asyncio.sleep(0, number)), loop.is_running())
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.call_soon(print, "between two runs")
        async def fail():
            raise SystemExit(4)
        try:
            loop.run_until_complete(fail())
        except SystemExit as error:
            print(repr(error))
        print(loop.run_until_complete(asyncio.sleep(0, "after")), loop)
        try:
            asyncio.get_running_loop()
        except RuntimeError as error:
            print(error)
        async def nested():
            try:
                asyncio.new_event_loop().run_until_complete(asyncio.sleep(0))
            except RuntimeError as error:
                print(error)
        loop.run_until_complete(nested())
        loop.close()
        try:
            loop.run_until_complete(None)
        except Exception as error:
            print(repr(error))
        with asyncio.Runner() as runner:
            print([runner.run(asyncio.sleep(0, number)) for number in range(3)])
    """,
    "threads beside a loop": """
        import asyncio, concurrent.futures, threading, traceback
        def fail():
            raise ValueError("in a thread")
        async def main():
            loop = asyncio.get_running_loop()
            print(await loop.run_in_executor(None, lambda: threading.current_thread().name))
            print(await asyncio.to_thread(sum, [1, 2]))
            for made in (loop.run_in_executor(None, fail), asyncio.to_thread(fail)):
                try:
                    await made
                except ValueError:
                    print(traceback.format_exc())
            heard, all_of_them = [], asyncio.Event()
            def hear(number):
                heard.append(number)
                if len(heard) == 2000:
                    all_of_them.set()
            def call():
                for number in range(1000):
                    loop.call_soon_threadsafe(hear, number)
            threads = [threading.Thread(target=call) for _ in range(2)]
            for thread in threads:
                thread.start()
            await all_of_them.wait()
            for thread in threads:
                thread.join()
            print(len(heard), sum(heard))
            other = asyncio.new_event_loop()
            thread = threading.Thread(target=other.run_forever)
            thread.start()
            print(asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "from the other loop"), other).result())
            other.call_soon_threadsafe(other.stop)
            thread.join()
            other.close()
        asyncio.run(main())
    """,
    "threads that race for the start of a loop": """
        import asyncio, threading
        for _ in range(50):
            loop, heard = asyncio.new_event_loop(), []
            def hear(number):
                heard.append(number)
                if len(heard) == 100:
                    loop.stop()
            def call():
                for number in range(100):
                    loop.call_soon_threadsafe(hear, number)
            thread = threading.Thread(target=call)
            thread.start()
            loop.run_forever()
            thread.join()
            assert heard == list(range(100)), heard
            loop.close()
        print("nothing lost, all in order")
    """,
    "subprocesses of asyncio": """
        import asyncio, sys
        async def main():
            made = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "import sys; print(sys.stdin.read()[::-1]); sys.exit(3)",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
            print(await made.communicate(b"word"), made.returncode)
            made = await asyncio.create_subprocess_shell("echo hello; kill -9 $$", stdout=asyncio.subprocess.PIPE)
            print(await made.communicate(), made.returncode)
            try:
                await asyncio.create_subprocess_exec("/no/such/program")
            except OSError as error:
                print(repr(error))
        asyncio.run(main())
    """,
    "signals": """
        import asyncio, os, signal
        async def main():
            loop, heard = asyncio.get_running_loop(), asyncio.Event()
            loop.add_signal_handler(signal.SIGUSR1, heard.set)
            os.kill(os.getpid(), signal.SIGUSR1)
            await heard.wait()
            print(loop.remove_signal_handler(signal.SIGUSR1), signal.getsignal(signal.SIGUSR1))
            try:
                signal.set_wakeup_fd(999)
            except (ValueError, OSError) as error:
                print(error)
            try:
                loop.add_signal_handler(signal.SIGKILL, print)
            except (RuntimeError, ValueError) as error:
                print(error)
        asyncio.run(main())
        print(signal.set_wakeup_fd(-1))
    """,
    "interrupted loop": """
        import asyncio, os, signal, threading
        async def main():
            loop = asyncio.get_running_loop()
            loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
            try:
                await asyncio.sleep(9)
            finally:
                print("cleaned up")
        asyncio.run(main())
    """,
    "a handler that raises in a loop": """
        import asyncio, signal
        def stop(number, frame):
            raise RuntimeError("from the handler")
        signal.signal(signal.SIGALRM, stop)
        loop = asyncio.new_event_loop()
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        try:
            loop.run_forever()
        except RuntimeError as error:
            print(error)
        print(loop.run_until_complete(asyncio.sleep(0, "goes on")))
        loop.close()
    """,
    "contexts": """
        import asyncio, contextvars
        var = contextvars.ContextVar("var", default="none")
        async def show(word):
            var.set(var.get() + word)
            await asyncio.sleep(0)
            return var.get()
        async def main():
            var.set("main")
            context = contextvars.copy_context()
            tasks = [asyncio.create_task(show(word)) for word in "ab"]
            tasks += [asyncio.create_task(show(word), context=context) for word in "cd"]
            print(await asyncio.gather(*tasks), var.get(), context[var], [v for v in context if v.name == "var"] == [var])
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: print(var.get()), context=context)
            await asyncio.sleep(0)
            print(await asyncio.to_thread(var.get), contextvars.Context().run(var.get))
            with_none = loop.create_task(show("e"), context=None)
            print(await with_none)
        asyncio.run(main())
        print(var.get(), len(contextvars.copy_context()))
    """,
    "life and death of tasks and loops": """
        import asyncio, gc, sys, weakref
        gc.collect(), gc.disable()  # some modules leave cycles
        class Told:
            def __init__(self, word):
                self.word = word
            def __del__(self):
                print("gone:", self.word)
            def __call__(self, *args):
                print("called:", self.word)
        async def hold(thing):
            await asyncio.sleep(0)
        async def main():
            loop = asyncio.get_running_loop()
            task = asyncio.create_task(hold(Told("argument of a coroutine")))
            seen = weakref.ref(task)
            await task
            del task
            print("task:", seen())
            loop.call_soon(Told("callback"))
            loop.call_soon(print, Told("argument").word)
            await asyncio.sleep(0)
            print("after a turn")
            handle = loop.call_soon(Told("cancelled"))
            handle.cancel()
            await asyncio.sleep(0)
            print(sys.getrefcount(handle))
            future = loop.create_future()
            future.add_done_callback(Told("done callback"))
            future.set_result(Told("result"))
            await asyncio.sleep(0)
            print(sys.getrefcount(future))
            del future
            print("end of main")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
        seen = weakref.ref(loop)
        del loop
        print("loop:", seen())
        print(gc.collect() > 0, seen())
        def run_one():
            asyncio.run(hold(None))
            gc.collect()
            return len(gc.get_objects())
        run_one(), run_one(), run_one()
        print(run_one() - run_one())
    """,
    "callbacks of any kind": """
        import asyncio, functools
        class Curious:
            def __getattr__(self, name):
                print("asked for", name)
                raise AttributeError(name)
            def __call__(self, *args):
                print("called")
        class Shy:
            def __getattribute__(self, name):
                print("looked at", name)
                return object.__getattribute__(self, name)
            def __call__(self):
                print("called")
        class CuriousTransport(Curious):
            def method(self):
                print("method")
        class Rude:
            def __getattr__(self, name):
                raise ZeroDivisionError
            def __call__(self):
                print("rude")
        async def main():
            loop = asyncio.get_running_loop()
            for callback in (Curious(), Shy(), CuriousTransport().method, functools.partial(Curious(), 1), Rude(),
                             Curious, "".upper, [].append.__call__, functools.partial(functools.partial(Rude()))):
                try:
                    loop.call_soon(callback) if callback is not Curious else loop.call_soon(callback, )
                except Exception as error:
                    print(repr(error))
                await asyncio.sleep(0)
            loop.call_soon(Rude().__call__)
            await asyncio.sleep(0)
        asyncio.run(main())
    """,
    "sockets of a class of one's own in a loop": """
        import asyncio, socket
        class Loud(socket.socket):
            def fileno(self):
                print("fileno")
                return super().fileno()
            def recv(self, *args):
                print("recv")
                return super().recv(*args)
        async def main():
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            loud = Loud(fileno=left.detach())
            loud.setblocking(False), right.setblocking(False)
            reading = asyncio.create_task(loop.sock_recv(loud, 9))
            await asyncio.sleep(0)
            await loop.sock_sendall(right, b"hello")
            print(await reading)
            loud.close(), right.close()
        asyncio.run(main())
    """,
    "coroutines of any kind": """
        import asyncio, collections.abc, types
        class Mine(collections.abc.Coroutine):
            def __init__(self):
                self.steps = iter([None, None])
            def send(self, value):
                try:
                    return next(self.steps)
                except StopIteration:
                    raise StopIteration("mine") from None
            def throw(self, *args):
                raise args[0]
            def close(self):
                pass
            def __await__(self):
                return self
        class Curious(Mine):
            def __getattr__(self, name):
                print("asked for", name)
                raise AttributeError(name)
        @types.coroutine
        def old():
            yield
            return "old"
        async def renamed():
            await asyncio.sleep(0)
            return "renamed"
        async def main():
            coroutine = renamed()
            coroutine.__name__ = coroutine.__qualname__ = "another name"
            print(await asyncio.gather(Mine(), old(), coroutine))
            print(await asyncio.create_task(Curious(), name="curious"))
        asyncio.run(main())
    """,
    "a task factory": """
        import asyncio
        class Mine(asyncio.Task):
            def get_name(self):
                print("get_name")
                return super().get_name()
            def get_coro(self):
                print("get_coro")
                return super().get_coro()
        def factory(loop, coro, **kwargs):
            print("factory", sorted(key for key, value in kwargs.items() if value is not None))
            return Mine(coro, loop=loop, **kwargs)
        async def work():
            await asyncio.sleep(0)
            return 5
        async def main():
            loop = asyncio.get_running_loop()
            loop.set_task_factory(factory)
            print(await loop.create_task(work()))
            print(await asyncio.create_task(work()))
            loop.set_task_factory(lambda loop, coro, **kwargs: asyncio.Future(loop=loop))
            made = loop.create_task(work())
            made.set_result(7)
            print(await made)
            loop.set_task_factory(None)
        asyncio.run(main())
    """,
    "a loop of one's own": """
        import asyncio, collections, selectors
        class Loop(asyncio.SelectorEventLoop):
            def create_task(self, coro, **kwargs):
                print("create_task", coro.__name__)
                return super().create_task(coro, **kwargs)
            def _run_once(self):
                self.turns = getattr(self, "turns", 0) + 1
                return super()._run_once()
            def call_soon(self, callback, *args, context=None):
                handle = super().call_soon(callback, *args, context=context)
                assert handle in self._ready and self._ready[-1] is handle
                return handle
        loop = Loop(selectors.SelectSelector())
        async def main():
            loop._ready.rotate(0)
            loop._ready = collections.deque(loop._ready)
            await asyncio.sleep(0)
            return "done"
        print(loop.run_until_complete(main()), loop.turns)
        loop.close()
        print(loop)
    """,
    "streams and servers": """
        import asyncio, traceback
        async def handle(reader, writer):
            while line := await reader.readline():
                writer.write(line.upper())
                await writer.drain()
            writer.close()
        async def main():
            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            address = server.sockets[0].getsockname()
            async def ask(word):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(word + b"\\n")
                answer = await reader.readline()
                writer.close()
                await writer.wait_closed()
                return answer
            print(await asyncio.gather(*(ask(bytes([97 + number]) * 3) for number in range(5))))
            server.close()
            await server.wait_closed()
            print(server)
            class Echo(asyncio.DatagramProtocol):
                def connection_made(self, transport):
                    self.transport = transport
                def datagram_received(self, data, address):
                    self.transport.sendto(data[::-1], address)
            class Ask(asyncio.DatagramProtocol):
                def datagram_received(self, data, address):
                    answer.set_result(data)
            loop = asyncio.get_running_loop()
            answer = loop.create_future()
            echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
            ask, _ = await loop.create_datagram_endpoint(Ask, remote_addr=echo.get_extra_info("sockname"))
            ask.sendto(b"datagram")
            print(await answer)
            ask.close(), echo.close()
        asyncio.run(main())
    """,
    "fork in a loop": """
        import asyncio, os, warnings
        warnings.simplefilter("ignore")
        async def main():
            await asyncio.sleep(0)
            pid = os.fork()
            if pid == 0:
                try:
                    asyncio.get_running_loop()
                except RuntimeError as error:
                    print(error, flush=True)
                code = asyncio.run(asyncio.sleep(0, 3))
                os._exit(code)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            print(await asyncio.sleep(0, "the parent goes on"))
        asyncio.run(main())
    """,
    "async generators": """
        import asyncio, contextlib
        async def numbers():
            try:
                for number in range(3):
                    yield number
                    await asyncio.sleep(0)
            finally:
                await asyncio.sleep(0)
                print("closed")
        @contextlib.asynccontextmanager
        async def within():
            yield "within"
        async def main():
            async for number in numbers():
                print(number)
                break
            async with within() as word:
                print(word)
            kept.append(numbers())
            print(await anext(kept[0]))
        kept = []
        asyncio.run(main())
    """,
}

ONLY_SINCE = {
    "eager tasks": """
        import asyncio, traceback
        async def work(number):
            if number > 1:
                await asyncio.sleep(0)
            if number > 2:
                raise ValueError(number)
            return number, asyncio.current_task().get_name()
        async def main():
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            tasks = [asyncio.create_task(work(number), name=f"eager {number}") for number in range(4)]
            print(tasks, [task.done() for task in tasks])
            for task in tasks:
                try:
                    print(await task)
                except ValueError:
                    print(traceback.format_exc())
            async with asyncio.TaskGroup() as group:
                group.create_task(work(0))
                task = group.create_task(work(2))
            print(task)
        asyncio.run(main())
    """,
}
"""Since Python 3.12."""
if sys.version_info >= (3, 12):
    SCRIPTS |= ONLY_SINCE


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_output_and_exit_code(name: str, script: WriteScript) -> None:
    """A program on asyncio says the same on stdout and stderr, and ends with the same exit code, bare and traced."""
    path = script(SCRIPTS[name])

    alone = bare(path)
    assert "" != alone.output + alone.complaints
    assert alone == traced(path)
    assert "tracedemo" not in alone.complaints
