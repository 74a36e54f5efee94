"""How programs begin, start others, and end, under the recorder: in the same way, with the same last words."""

from __future__ import annotations

import pytest

from tests.recorders.conftest import WriteScript
from tests.recorders.inprocess.bare_and_traced import bare, traced

SCRIPTS = {
    "os._exit": """
        import atexit, os, socket, sys
        atexit.register(print, "never")
        left, right = socket.socketpair()
        left.send(b"x")
        print("told", flush=True)
        print("kept in the buffer, and lost")
        os._exit(9)
    """,
    "os._exit in a thread": """
        import os, socket, threading
        left, right = socket.socketpair()
        threading.Thread(target=lambda: (left.recv(1), os._exit(6))).start()
        right.send(b"x")
        threading.Event().wait()
    """,
    "abort": """
        import faulthandler, os, socket
        faulthandler.enable()
        def inner():
            os.abort()
        socket.socket().close()
        inner()
    """,
    "segmentation fault": """
        import faulthandler, signal, socket
        faulthandler.enable(all_threads=False)
        kept = socket.socketpair()
        signal.raise_signal(signal.SIGSEGV)
    """,
    "killed": """
        import os, signal, socket
        print("x", flush=True)
        left, right = socket.socketpair()
        os.kill(os.getpid(), signal.SIGKILL)
    """,
    "a traceback of all threads": """
        import faulthandler, socket, sys, threading
        left, right = socket.socketpair()
        begun = threading.Event()
        def wait():
            begun.set()
            gate.acquire()
        gate = threading.Lock()
        gate.acquire()
        thread = threading.Thread(target=wait)
        thread.start()
        begun.wait()
        faulthandler.dump_traceback(sys.stderr, all_threads=False)
        gate.release()
        thread.join()
    """,
    "exit codes of any kind": """
        import os, subprocess, sys
        for code in ("sys.exit(256)", "sys.exit(-1)", "sys.exit(None)", "sys.exit((1, 2))", "sys.exit(True)",
                     "raise KeyboardInterrupt", "raise SystemExit(socket)", "1/0", "sys.exit(3.5)"):
            pid = os.fork()
            if pid == 0:
                import socket
                exec(code)
            print(code, os.waitpid(pid, 0)[1], flush=True)
    """,
    "a thread that exits": """
        import socket, sys, threading
        def leave():
            socket.socket().close()
            sys.exit("not heard")
        thread = threading.Thread(target=leave)
        thread.start(), thread.join()
        def fail():
            raise ValueError("in a thread")
        thread = threading.Thread(target=fail, name="failing")
        thread.start(), thread.join()
        threading.excepthook = lambda args: print(args.exc_type, args.exc_value, args.thread.name)
        thread = threading.Thread(target=socket.socket().getpeername, name="own hook")
        thread.start(), thread.join()
        sys.excepthook = lambda *error: print("own", error[0], error[2].tb_next)
        socket.socket().getpeername()
    """,
    "a daemon thread in a call": """
        import atexit, socket, threading
        left, right = socket.socketpair()
        begun = threading.Event()
        def wait():
            begun.set()
            left.recv(1)
            print("never")
        threading.Thread(target=wait, daemon=True).start()
        begun.wait()
        atexit.register(print, "the end")
    """,
    "order of the end": """
        import atexit, contextlib, socket, sys, threading, weakref
        class Told(socket.socket):
            def __del__(self):
                print("del", sys.is_finalizing(), self.fileno() >= 0)
                self.close()
        kept = Told()
        in_a_cycle = [Told()]
        in_a_cycle.append(in_a_cycle)
        weakref.finalize(kept, print, "finalized")
        atexit.register(print, "atexit, one")
        atexit.register(lambda: threading.Thread(target=print, args=("a late thread",)).run())
        def generate():
            try:
                yield
            finally:
                print("generator closed")
        generator = generate()
        next(generator)
        stack = contextlib.ExitStack()
        stack.callback(print, "never closed")
        sys.stdout.write("no newline at the end")
    """,
    "an exception in __del__ and in a callback of gc": """
        import gc, socket, sys
        class Bad(socket.socket):
            def __del__(self):
                self.getpeername()
        Bad()
        sys.unraisablehook = lambda what: print("unraisable", what.exc_type, what.object.__name__)
        Bad()
        gc.callbacks.append(lambda phase, info: print(phase))
        gc.collect()
        gc.callbacks.clear()
    """,
    "exec": """
        import os, socket, sys
        if "again" in sys.argv:
            print(sys.argv, sorted(os.environ), socket.socket().fileno())
            sys.exit(5)
        for words in (["/no/such/program"], []):
            try:
                os.execv(words[0] if words else "", words)
            except (OSError, ValueError) as error:
                print(repr(error), flush=True)
        try:
            os.execvpe("no-such-program", ["x"], os.environ)
        except OSError as error:
            print(repr(error), error.__context__, flush=True)
        os.execv(sys.executable, [sys.executable, __file__, "again"])
    """,
    "subprocesses": """
        import os, socket, subprocess, sys, traceback
        left, right = socket.socketpair()
        print(subprocess.run(["sh", "-c", "cat; exit 4"], input=b"in", capture_output=True))
        print(subprocess.getstatusoutput("echo one; exit 2"))
        for words in (["/no/such/program"], ["/"], [b"x", None]):
            try:
                subprocess.run(words)
            except Exception:
                print(traceback.format_exc())
        try:
            subprocess.run(["sleep", "9"], timeout=0.01)
        except subprocess.TimeoutExpired as error:
            print(error.cmd, error.stdout)
        code = "import socket, sys; sock = socket.socket(fileno=int(sys.argv[1])); sock.send(b'from a child')"
        subprocess.run([sys.executable, "-c", code, str(left.fileno())], pass_fds=[left.fileno()], check=True)
        print(right.recv(99), os.system("exit 3"), os.waitstatus_to_exitcode(os.system("exit 3")))
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 7"], os.environ)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 8"))
        print(os.popen("echo popen").read())
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as made:
            print(made.communicate("text"), made, made.args)
        print(subprocess.run(["sh", "-c", "kill -9 $$"]))
    """,
    "processes of a fork server": """
        import multiprocessing, os, socket
        def work(name):
            return socket.socket().fileno() > 0, name, __name__
        if __name__ == "__main__":
            with multiprocessing.get_context("forkserver").Pool(2) as pool:
                print(pool.map(work, "abc"))
    """,
    "a process that fails": """
        import multiprocessing, socket, sys
        def fail(sock):
            sock.getpeername()
        def leave():
            sys.exit(4)
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                context = multiprocessing.get_context(method)
                for target, args in ((fail, (socket.socket(),)), (leave, ())):
                    process = context.Process(target=target, args=args, name=method)
                    process.start(), process.join()
                    print(process.exitcode, flush=True)
    """,
    "sockets and pipes between processes": """
        import multiprocessing, socket
        from multiprocessing import reduction
        def echo(connection, sock):
            connection.send((connection.recv(), sock.recv(9)))
            sock.send(b"back")
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                context = multiprocessing.get_context(method)
                here, there = context.Pipe()
                left, right = socket.socketpair()
                process = context.Process(target=echo, args=(there, right))
                process.start()
                here.send("pickled")
                left.send(b"over a socket")
                print(here.recv(), left.recv(9))
                process.join()
                queue = context.Queue()
                queue.put({"a": 1})
                print(queue.get(), process.exitcode)
                queue.close(), queue.join_thread()
            with multiprocessing.connection.Listener() as listener:
                client = multiprocessing.connection.Client(listener.address)
                with listener.accept() as server:
                    client.send([1, 2])
                    print(server.recv(), multiprocessing.connection.wait([server], 0))
                client.close()
    """,
    "executors": """
        import concurrent.futures, multiprocessing, socket, threading, traceback
        def name(host):
            return socket.inet_ntoa(socket.inet_aton(host)), threading.current_thread().name
        def fail():
            socket.socket().getpeername()
        if __name__ == "__main__":
            with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
                print(list(pool.map(name, ["127.0.0.1", "1.2.3.4"])))
                print("".join(traceback.format_exception(pool.submit(fail).exception())))
            context = multiprocessing.get_context("fork")
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
                print(list(pool.map(name, ["127.0.0.1"])))
                print(repr(pool.submit(fail).exception()))
    """,
    "fork again and again": """
        import os, socket, threading, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of 3.12 and newer, with a process's number in it
        left, right = socket.socketpair()
        def fork(depth):
            pid = os.fork()
            if pid == 0:
                left.send(bytes([depth]))
                code = fork(depth - 1) if depth else 0
                os._exit(code + 1)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(fork(4), sorted(right.recv(99)))
        thread = threading.Thread(target=lambda: print(fork(0)))
        thread.start(), thread.join()
        os.register_at_fork(before=lambda: print("before", flush=True),
                            after_in_child=lambda: print("in child", flush=True),
                            after_in_parent=lambda: told.append("in parent"))
        told = []
        print(fork(0), told)
    """,
    "descriptors closed wholesale": """
        import os, socket
        os.closerange(3, 4096)
        left, right = socket.socketpair()
        left.send(b"x")
        print(left.fileno(), right.fileno(), right.recv(1))
        if os.fork() == 0:
            os.closerange(3, 4096)
            print(socket.socket().fileno(), flush=True)
            os._exit(0)
        os.wait()
    """,
    "standard streams closed": """
        import os, socket, sys
        print("first", flush=True)
        os.close(1)
        sock = socket.socket()
        print(sock.fileno(), file=sys.stderr)
        sock.close()
        sys.stdout = None
    """,
    "exceptions of signal handlers": """
        import signal, socket
        class Alarm(Exception):
            pass
        def ring(number, frame):
            counts["rung"] += 1
            raise Alarm
        signal.signal(signal.SIGALRM, ring)
        left, right = socket.socketpair()
        left.setblocking(False)
        counts = {"rung": 0, "caught": 0, "frames of others": 0}
        for turn in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002)
                while counts["rung"] == turn:
                    try:
                        left.setblocking(False), left.getsockname(), left.send(b"x"), right.recv(9), left.recv(9)
                    except BlockingIOError:
                        pass
            except Alarm as error:
                counts["caught"] += 1
                names, trace = [], error.__traceback__
                while trace:
                    names.append(trace.tb_frame.f_code.co_filename)
                    trace = trace.tb_next
                # Where a wrapper is entered there can be one: see bare_and_traced.
                counts["frames of others"] += len(names) - names.count(__file__) > 1
        print(counts)
    """,
    "an exception group": """
        import socket
        def fail(word):
            raise ValueError(word)
        errors = []
        for call in (socket.socket().getpeername, lambda: fail("one")):
            try:
                call()
            except Exception as error:
                error.add_note("a note")
                errors.append(error)
        raise ExceptionGroup("both", errors)
    """,
    "a word for stdin": """
        import socket, sys
        print(repr(sys.stdin.read()), sys.stdin.isatty(), sys.stdout.isatty(), sys.stdout.encoding)
        print(sys.stdout.line_buffering)
        try:
            input()
        except EOFError as error:
            print(repr(error))
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_output_and_exit_code(name: str, script: WriteScript) -> None:
    """A program says the same on stdout and stderr, and ends with the same exit code, bare and traced."""
    path = script(SCRIPTS[name])

    alone = bare(path, "one")
    assert "" != alone.output + alone.complaints or alone.exit_code
    assert alone == traced(path, "one")
