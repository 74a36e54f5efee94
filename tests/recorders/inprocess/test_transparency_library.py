"""The standard library's own users of sockets under the recorder, and programs that take the interface apart."""

from __future__ import annotations

import pytest

from tests.recorders.conftest import WriteScript
from tests.recorders.inprocess.bare_and_traced import bare, traced

SCRIPTS = {
    "a server of socketserver": """
        import contextlib, io, socket, socketserver, threading, traceback
        class Echo(socketserver.StreamRequestHandler):
            def handle(self):
                line = self.rfile.readline()
                if line == b"fail\\n":
                    raise ValueError("asked for")
                self.wfile.write(line.upper())
        for kind in (socketserver.TCPServer, socketserver.ThreadingTCPServer):
            with kind(("127.0.0.1", 0), Echo) as server:
                server.handle_error = lambda *_: print(traceback.format_exc())
                thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
                thread.start()
                for word in (b"hello\\n", b"fail\\n"):
                    with socket.create_connection(server.server_address) as sock:
                        sock.sendall(word)
                        print(sock.makefile("rb").read())
                server.shutdown()
                thread.join()
                server.timeout = 0
                print(server.handle_request(), server.fileno() > 2)
    """,
    "a server and clients of http": """
        import http.client, http.server, threading, traceback, urllib.error, urllib.request
        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                body = self.path.encode()
                self.send_response(404 if "no" in self.path else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words):
                print("log", words[1:], flush=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        host, port = server.server_address
        connection = http.client.HTTPConnection(host, port)
        for path in ("/one", "/two"):
            connection.request("GET", path)
            answer = connection.getresponse()
            print(answer.status, answer.read())
        connection.close()
        print(urllib.request.urlopen(f"http://{host}:{port}/three").read())
        for address in (f"http://{host}:{port}/no", "http://127.0.0.1:1/"):
            try:
                urllib.request.urlopen(address)
            except urllib.error.URLError:
                print(traceback.format_exc().replace(str(port), "PORT"))
        server.shutdown()
        server.server_close()
    """,
    "tls in memory": """
        import ssl, traceback
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        one, other = client.wrap_bio(into, out), server.wrap_bio(out, into, server_side=True)
        for side in (one, other, one):
            try:
                side.do_handshake()
            except ssl.SSLError:
                print(traceback.format_exc())
        print(into.pending, out.pending, one.version(), other.pending(), one.context is client)
        try:
            one.read(5)
        except ssl.SSLError as error:
            print(repr(error))
    """,
    "warnings with their lines": """
        import socket, ssl, sys, warnings
        warnings.simplefilter("always")
        def old():
            ssl.SSLContext()
            ssl.SSLContext(ssl.PROTOCOL_TLSv1_2)
            ssl.match_hostname({}, "x") if hasattr(ssl, "match_hostname") else None
        try:
            old()
        except Exception as error:
            print(repr(error))
        def forget():
            sock = socket.socket()
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
            socket.socket().setblocking(False)
        forget()
        warnings.simplefilter("error")
        try:
            forget()
        except ResourceWarning:
            print("never: it is raised in a finalizer")
        warnings.warn("mine", stacklevel=1)
    """,
    "the life of memory, traced by tracemalloc": """
        import socket, tracemalloc, warnings
        tracemalloc.start(3)
        warnings.simplefilter("always")
        def forget():
            socket.socket()
        forget()
    """,
    "own things in the place of sockets": """
        import select, socket
        from unittest import mock
        with mock.patch.object(socket.socket, "recv", lambda self, size: b"mine"):
            print(socket.socket().recv(1))
        with mock.patch("socket.getaddrinfo", return_value="mine"), mock.patch.object(select, "select", lambda *_: "mine"):
            print(socket.getaddrinfo("nowhere", 1), select.select([], [], []))
        left, right = socket.socketpair()
        left.send(b"x")
        print(right.recv(1), select.select([right], [], [], 0))
        original = socket.socket.send
        def send(self, data):
            print("counted", data)
            return original(self, data)
        socket.socket.send = send
        left.send(b"y")
        socket.socket.send = original
        left.send(b"z")
        print(right.recv(9), socket.socket.send is original)
        class Mine(socket.socket):
            pass
        socket.socket = Mine
        print(type(socket.create_server(("127.0.0.1", 0))).__name__, [type(sock).__name__ for sock in socket.socketpair()])
        with mock.patch("socket.socket") as made:
            socket.socket(1, 2).connect(3)
            print(made.mock_calls)
    """,
    "what copies and pickles": """
        import copy, pickle, select, selectors, socket, ssl, traceback
        things = [socket.socket(), selectors.DefaultSelector(), select.poll(), socket.AF_INET, socket.socket.recv,
                  socket.getaddrinfo, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), socket.timeout("x"),
                  selectors.SelectorKey(1, 2, 3, 4)]
        for thing in things:
            for way in (copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))):
                try:
                    print(type(way(thing)).__name__ if thing is not socket.socket.recv else way(thing) is thing)
                except Exception as error:
                    print(type(error), error if not isinstance(error, pickle.PicklingError) else "")
    """,
    "texts of objects": """
        import select, selectors, socket
        left, right = socket.socketpair()
        selector = selectors.DefaultSelector()
        key = selector.register(left, selectors.EVENT_READ, "data")
        print(left, socket.socket, selector.get_map()[left] == key, key._replace(fileobj=None), len(selector.get_map()))
        print(left.makefile("rb"), left.family, left.type, left.gettimeout(), left.getblocking(), vars(left))
        print(type(selector), isinstance(selector, selectors.BaseSelector), sorted(dir(left)) == sorted(dir(right)))
        left.close()
        print(left, selector.get_map().get(5))
        print(sorted(name for name in vars(socket) if not name.isupper() and not name.startswith("_")))
        print(sorted(vars(selectors)), sorted(vars(select)) and select.PIPE_BUF)
        print(socket.socket.__mro__, socket.SocketType, socket.socket.__slots__, socket.socket.__doc__)
    """,
    "files of sockets": """
        import io, os, socket, tempfile
        left, right = socket.socketpair()
        with left.makefile("rw", encoding="utf-8", newline="\\n") as text, right.makefile("rwb", buffering=0) as raw:
            text.write("a line\\n")
            text.flush()
            print(raw.readline(), raw.write(b"back\\n"), text.readline(), raw.fileno() == right.fileno(), raw.name)
            right.settimeout(0.01)
            for _ in range(2):
                try:
                    raw.read(1)
                except OSError as error:
                    print(repr(error))
        with tempfile.TemporaryFile() as file:
            file.write(b"z" * 100000)
            file.seek(5)
            reader = socket.socket(fileno=right.detach())
            reader.settimeout(5)
            left.settimeout(5)
            print(left.sendfile(file, 5, 20), reader.recv(99), file.tell(), right.fileno())
            print(os.sendfile(left.fileno(), file.fileno(), 0, 7), reader.recv(99))
        left.close(), reader.close()
        print(left.fileno(), left)
    """,
    "datagrams, ancillary data, options": """
        import array, os, socket, struct
        left, right = socket.socketpair(type=socket.SOCK_DGRAM)
        pipe = os.pipe()
        print(socket.send_fds(left, [b"x"], [pipe[1]]))
        data, fds, flags, address = socket.recv_fds(right, 9, 1)
        print(data, len(fds), flags, address, os.write(fds[0], b"through"), os.read(pipe[0], 9))
        print(left.sendmsg([b"a", bytearray(b"b"), memoryview(b"c")]), right.recvmsg(9, 99))
        buffer = [bytearray(2), bytearray(2)]
        left.send(b"abcd"), print(right.recvmsg_into(buffer), buffer)
        udp = socket.socket(type=socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        left = socket.socket(type=socket.SOCK_DGRAM)
        left.sendto(b"to", udp.getsockname())
        view = bytearray(9)
        print(udp.recvfrom_into(view)[0], view, udp.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 1000))
        for call in (lambda: udp.recv(1), lambda: udp.recv(-1), lambda: udp.getsockopt(1, 2, 3, 4), lambda: udp.bind("x")):
            try:
                print(call())
            except Exception as error:
                print(repr(error))
        numbers = array.array("I", [0, 0])
        left.sendto(array.array("I", [7, 8]), udp.getsockname()), print(udp.recv_into(numbers), numbers)
    """,
    "readiness": """
        import errno, os, select, selectors, socket
        left, right = socket.socketpair()
        right.send(b"x")
        poll, epoll = select.poll(), select.epoll()
        poll.register(left), epoll.register(left, select.EPOLLIN | select.EPOLLOUT)
        print(len(poll.poll(0)), len(epoll.poll(0)), len(epoll.poll(timeout=0, maxevents=1)))
        print(select.select([left], [left], [], 0)[2])
        for call in (lambda: poll.unregister(999), lambda: poll.modify(999, 1), lambda: epoll.register(left),
                     lambda: epoll.unregister(999), lambda: epoll.modify(left, -1.5),
                     lambda: select.select([999], [], [], 0), lambda: poll.poll("x"),
                     lambda: select.select([object()], [], []), lambda: select.epoll(-5), lambda: epoll.poll(maxevents=-3)):
            try:
                print(call())
            except Exception as error:
                print(repr(error))
        with selectors.DefaultSelector() as selector:
            selector.register(left, selectors.EVENT_READ, "data")
            print([(key.data, events) for key, events in selector.select()])
            print(selector.unregister(left).data, selector.select(-1))
            for call in (lambda: selector.unregister(left), lambda: selector.register(left, 99),
                         lambda: selector.modify(left, 1)):
                try:
                    print(call())
                except Exception as error:
                    print(type(error), str(error)[:20], type(error.__context__), error.__suppress_context__)
        epoll.close()
        print(epoll.closed)
        for call in (epoll.fileno, lambda: epoll.poll(0), epoll.close):
            try:
                print(call())
            except ValueError as error:
                print(error)
        try:
            with epoll:
                pass
        except ValueError as error:
            print(error)
    """,
    "names and ports": """
        import socket, traceback
        print(socket.getaddrinfo("127.0.0.1", "80", type=socket.SOCK_STREAM), socket.gethostbyname("127.0.0.1"))
        print(socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV))
        print(socket.if_nametoindex("lo"), socket.if_indextoname(1), socket.gethostname() == socket.gethostname())
        for call in (lambda: socket.getaddrinfo("127.0.0.1", "no such port"), lambda: socket.getaddrinfo(None, None),
                     lambda: socket.if_nametoindex("nonsense"), lambda: socket.getprotobyname("nonsense"),
                     lambda: socket.getaddrinfo("127.0.0.1", 80, family=99), lambda: socket.gethostbyname("x" * 300),
                     lambda: socket.create_connection(("127.0.0.1", 1)),
                     lambda: socket.create_connection(("127.0.0.1", 1), all_errors=True)):
            try:
                print(call())
            except Exception:
                print(traceback.format_exc())
    """,
    "a profiler and a tracer of one's own": """
        import socket, sys
        left, right = socket.socketpair()
        seen = []
        def profile(frame, event, arg):
            if "program" in frame.f_code.co_filename:
                seen.append((event, frame.f_code.co_name, getattr(arg, "__name__", None)))
        def work():
            return sum([1, 2])
        sys.setprofile(profile)
        work()
        sys.setprofile(None)
        lines = []
        def trace(frame, event, arg):
            if "program" not in frame.f_code.co_filename:
                return None
            lines.append((event, frame.f_lineno))
            return trace
        sys.settrace(trace)
        left.send(b"x")
        work()
        sys.settrace(None)
        print(seen, lines, sys.getprofile(), sys.gettrace())
    """,
    "monitoring of one's own": """
        import socket, sys
        if hasattr(sys, "monitoring"):
            tool = next(number for number in range(6) if not sys.monitoring.get_tool(number))
            print(sys.monitoring.get_tool(sys.monitoring.PROFILER_ID), sys.monitoring.get_tool(sys.monitoring.DEBUGGER_ID),
                  sys.monitoring.get_tool(sys.monitoring.COVERAGE_ID), sys.monitoring.get_tool(sys.monitoring.OPTIMIZER_ID))
            for name in ("DEBUGGER_ID", "COVERAGE_ID", "PROFILER_ID", "OPTIMIZER_ID"):
                sys.monitoring.use_tool_id(getattr(sys.monitoring, name), name)
                sys.monitoring.free_tool_id(getattr(sys.monitoring, name))
        def numbers():
            yield 1
            yield socket.socket().fileno() > 0
        print(list(numbers()))
    """,
    "audit hooks of one's own": """
        import os, sys
        seen = []
        def hear(event, args):
            if event.split(".")[0] in ("socket", "os"):
                seen.append((event, args))
        sys.addaudithook(hear)
        import select, socket
        left, right = socket.socketpair()
        sock = socket.socket()
        sock.connect_ex(("127.0.0.1", 1))
        sock.bind(("127.0.0.1", 0))
        left.send(b"x"), left.sendmsg([b"x"])
        socket.getaddrinfo("127.0.0.1", 80)
        socket.gethostname()
        os.system("exit 0")
        print([(event, args[1:]) for event, args in seen if event != "os.listdir"])
    """,
    "unittest": """
        import socket, unittest
        class Tests(unittest.TestCase):
            def test_error(self):
                socket.socket().getpeername()
            def test_failure(self):
                self.assertEqual(b"x", b"y")
            def test_raises(self):
                with self.assertRaises(OSError) as caught:
                    socket.socket().getpeername()
                self.assertIsNone(caught.exception.__context__)
            def test_warns(self):
                with self.assertWarns(ResourceWarning):
                    socket.socket()
        class Quiet(unittest.TextTestRunner):
            def run(self, test):  # without the time that it took
                result = self._makeResult()
                test(result)
                result.printErrors()
                return result
        unittest.main(argv=["x"], verbosity=2, testRunner=Quiet)
    """,
    "doctest and runpy": """
        import doctest, runpy, socket, sys
        def closed():
            '''
            >>> socket.socket().getpeername()
            Traceback (most recent call last):
            OSError: [Errno 107] Transport endpoint is not connected
            >>> print(socket.socket.recv.__name__)
            recv
            >>> 1
            2
            '''
        print(doctest.testmod())
        if __name__ == "__main__":
            print(sorted(runpy.run_path(__file__, run_name="other"))[-5:], sys.argv[1:])
    """,
    "deep in the stack": """
        import socket, sys, traceback
        left, right = socket.socketpair()
        def deep(number):
            if number:
                return deep(number - 1)
            left.send(b"x")
            return right.recv(1)
        print(deep(900))
        def endless():
            left.fileno()
            return endless()
        try:
            endless()
        except RecursionError as error:
            print(error)
    """,
    "threads in great number": """
        import socket, threading
        pairs = [socket.socketpair() for _ in range(20)]
        got = []
        def work(left, right, number):
            for _ in range(50):
                left.send(bytes([number]))
                got.append(right.recv(1)[0])
        threads = [threading.Thread(target=work, args=(*pair, number)) for number, pair in enumerate(pairs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(sorted(got) == sorted(list(range(20)) * 50), threading.active_count(), threading.enumerate()[0].name)
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_output_and_exit_code(name: str, script: WriteScript) -> None:
    """A program says the same on stdout and stderr, and ends with the same exit code, bare and traced."""
    path = script(SCRIPTS[name])

    alone = bare(path)
    assert "" != alone.output + alone.complaints
    assert alone == traced(path)
