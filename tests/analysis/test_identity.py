"""Which connection a descriptor stands for, and whose it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import PID, Story, fetch
from tracedemo.analysis.connections import connections
from tracedemo.analysis.identity import identify
from tracedemo.events import KERNEL, Event, Trace


def numbers(trace: Trace, op: str | None = None) -> list[int | None]:
    return [event.conn for event in trace if op in (None, event.op)]


def test_reused_descriptor_is_another_connection() -> None:
    """A descriptor that is closed and given out again stands for a new connection."""
    story = Story()
    for _ in range(2):
        story.socket(4)
        story.send(4)
        story.call("close", 4)

    assert [1, 1, 1, 2, 2, 2] == numbers(story.trace())


def test_numbers_in_order_of_appearance() -> None:
    """Sockets are numbered from 1 in the order in which they came about, whatever their descriptors."""
    story = Story()
    for fd in (9, 4, 7):
        story.socket(fd)
    for fd in (7, 9, 4):
        story.send(fd)

    assert [1, 2, 3, 3, 1, 2] == numbers(story.trace())


def test_close_counts_from_its_entry() -> None:
    """Another thread may get the number while close still runs, and its socket is a new one."""
    story = Story()
    story.socket(4, at=0)
    story.call("close", 4, at=100, took=50)
    story.socket(4, tid=101, at=110, took=10)
    story.send(4, tid=101, at=130)

    assert [1, 1, 2, 2] == numbers(story.trace())


def test_open_counts_from_its_return() -> None:
    """An accept that sleeps long does not take the number before it has it."""
    story = Story()
    story.call("accept", 3, at=0, took=100, result=7, new_fd=7, peer="127.0.0.1:5")
    story.socket(7, tid=101, at=10)
    story.call("close", 7, tid=101, at=40)
    story.recv(7, 5, at=120)

    trace = story.trace()

    assert {"accept": 1, "socket": 2, "close": 2, "recv": 3} == {event.op: event.conn for event in trace}


def test_accept_socketpair_and_dup_open() -> None:
    """What accept, socketpair and dup hand out are sockets of their own."""
    story = Story()
    story.call("socketpair", 4, result=[4, 5])
    story.call("accept", 6, result=7, new_fd=7)
    story.call("dup", 7, result=8)
    for fd in (4, 5, 6, 7, 8):
        story.send(fd)

    assert [1, 3, 4, 1, 2, 3, 4, 5] == numbers(story.trace())


def test_detached_socket_goes_on_in_another_object() -> None:
    """TLS makes a new object from the descriptor and detaches the old one: the connection is the same."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.call("socket", 4, result=4, fileno=4)
    story.call("detach", 4)
    story.call("read", 4, size=10, bytes=10)
    story.call("close", 4)
    story.call("socket", 4, result=4, fileno=4)

    assert [1, 1, 1, 1, 1, 1, 2] == numbers(story.trace())


def test_unseen_opening() -> None:
    """A descriptor whose opening was not recorded gets its number when it is first used."""
    story = Story()
    story.recv(9, 5)
    story.socket(4)
    story.recv(9, 5)
    story.call("close", 9)
    story.send(9)

    assert [1, 2, 1, 1, 3] == numbers(story.trace())


def test_unregister_after_close() -> None:
    """What is unregistered after its close, or refused as not open, is still the old socket."""
    story = Story()
    story.socket(4)
    story.call("close", 4)
    story.call("unregister", 4)
    story.call("recv", 4, errno="EBADF", exc="OSError")
    story.socket(4)
    story.send(4)

    assert [1, 1, 1, 1, 2, 2] == numbers(story.trace())


def test_obituary() -> None:
    """The addresses that a ResourceWarning tells, after garbage collection began to close a socket, are that socket's."""
    story = Story()
    story.socket(4)
    story.call("close", 4, by="garbage collection")
    story.call("getsockname", 4, result="127.0.0.1:5")
    story.call("getpeername", 4, result="127.0.0.1:6")
    story.socket(4)
    story.call("close", 4)
    story.call("getsockname", 4)

    assert [1, 1, 1, 1, 2, 2, 3] == numbers(story.trace())


def test_missed_close() -> None:
    """A socket that is made under a number still in use is a new one: the close was missed."""
    story = Story()
    story.socket(4)
    story.socket(4)
    story.send(4)

    assert [1, 2, 2] == numbers(story.trace())


def test_selectors_are_no_connections() -> None:
    """The descriptor of a selector has no number, and its calls belong to the loop."""
    story = Story()
    story.call("selector", 3, selector="EpollSelector")
    story.select([])
    story.call("close", 3, what="selector")
    trace = story.trace()

    assert [None, None, None] == numbers(trace)
    assert ["loop"] * 3 == [event.owner for event in trace]


def test_library_that_is_imported_is_no_loop() -> None:
    """A selector that a library tries out while it is imported belongs to nobody."""
    story = Story()
    story.call("selector", 3, selector="epoll", importing=True)

    assert [None] == [event.owner for event in story.trace()]


def test_failed_calls_open_nothing() -> None:
    """A socket that could not be made has no number."""
    story = Story()
    story.call("socket", None, errno="EMFILE", exc="OSError", family="AF_INET")
    story.call("accept", 4, errno="EAGAIN", exc="BlockingIOError")
    story.call("socket", None, took=None)

    assert [None, 1, None] == numbers(story.trace())


def test_forked_child_uses_its_parents_socket() -> None:
    """A child's descriptor that it has not opened is its parent's connection, until it opens its own."""
    story = Story()
    story.socket(4)
    story.call("accept", 4, result=5, new_fd=5)
    story.call("close", 5)
    story.recv(5, 10, pid=PID + 1, tid=PID + 1, at=1000)
    story.call("close", 5, pid=PID + 1, tid=PID + 1)
    story.socket(5, pid=PID + 1, tid=PID + 1)

    assert [1, 1, 2, 2, 2, 3] == numbers(story.trace())


def test_descriptors_belong_to_a_process() -> None:
    """The same number in two processes is two connections when each has opened its own."""
    story = Story()
    story.socket(4)
    story.socket(4, pid=PID + 1, tid=PID + 1, at=50)
    story.send(4)

    assert {PID: 1, PID + 1: 2} == {event.pid: event.conn for event in story.trace()}


def test_generator_step_has_the_connection_of_its_socket() -> None:
    """A yield that hands over a socket stands on that connection; other steps on none."""
    story = Story()
    story.step("start", "fetch #1")
    story.socket(4, owner="fetch #1")
    story.step("yield", "fetch #1", 4, value="fd 4, READ")

    assert [None, 1, 1] == numbers(story.trace())


def test_server_is_tied_by_local_address() -> None:
    """The server's events belong to the connection that has the client's address, also after the port is reused."""
    story = Story()
    for start, server_conn in ((0, 1), (1000, 2)):
        story.socket(4, at=start)
        story.connect(4, "127.0.0.1:5000")
        story.server("accepted", "127.0.0.1:5000", start + 30, server_conn=server_conn)
        story.call("close", 4)
    story.server("closed", "127.0.0.1:5000", 2000, server_conn=1)
    story.server("sent", "127.0.0.1:5000", 2001)
    story.server("sent", "127.0.0.1:6000", 2002)
    story.server("refused", "", 2003)

    assert [1, 2, 1, 2, None, None] == [event.conn for event in story.trace() if event.lane == "server"]


def test_getsockname_ties_the_server_too() -> None:
    """A program that asks for the local address itself gives the same knowledge."""
    story = Story()
    story.socket(4)
    story.call("getsockname", 4, result="127.0.0.1:5000")
    story.server("accepted", "127.0.0.1:5000", 100, server_conn=1)

    assert [1] == numbers(story.trace(), "accepted")


def test_tools_own_descriptors_are_nobodys() -> None:
    """A descriptor that only the tool used is no connection of the program."""
    story = Story()
    story.call("lockstep", 99, mark="tracer")
    story.socket(4)

    assert [None, 1] == numbers(story.trace())


def test_owner_of_what_the_scheduler_does() -> None:
    """A register made by the loop for a socket belongs to the generator that works with that socket."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    fetch(story, 4, "fetch_data #2", "127.0.0.1:5000")
    trace = story.trace()

    assert ["fetch_data #1"] * 4 + ["fetch_data #2"] * 4 == [
        event.owner for event in trace if event.op in ("register", "unregister")
    ]
    assert {"loop"} == {event.owner for event in trace if event.op == "select"}
    assert {None} == {event.owner for event in trace if event.lane == "server"}


def test_owner_is_the_latest() -> None:
    """A socket that was handed over belongs to whoever worked with it last."""
    story = Story()
    story.call("register", 4, events="READ")
    story.recv(4, 1, owner="reader")
    story.call("register", 4, events="READ")
    story.send(4, owner="writer")
    story.call("register", 4, events="READ")

    assert ["reader", "reader", "reader", "writer", "writer"] == [event.owner for event in story.trace()]


def test_owner_of_another_thread_says_nothing() -> None:
    """What the main thread does with a socket that a named thread also uses is not that thread's."""
    story = Story()
    story.socket(4)
    story.call("accept", 4, tid=7, owner="Thread-1")
    story.call("close", 4)

    assert [None, "Thread-1", None] == [event.owner for event in sorted(story.trace(), key=lambda it: it.seq)]


def test_nobody_is_invented() -> None:
    """In a program without generators and threads a call's owner stays unknown."""
    story = Story()
    story.call("getaddrinfo", host="localhost", port=80)
    story.socket(4)
    story.send(4)

    assert [None, None, None] == [event.owner for event in story.trace()]


def test_identified_trace_comes_back_itself() -> None:
    """Identifying twice is identifying once, and costs no copy."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    trace = story.trace()

    assert trace is identify(trace)


def test_given_numbers_are_kept() -> None:
    """Rows that have a number keep it, and new ones come after the highest."""
    story = Story()
    story.send(4, conn=7)
    story.send(4)
    story.send(5)

    assert [7, 7, 8] == numbers(story.trace())


def test_empty_trace() -> None:
    """A Trace without rows is identified."""
    assert 0 == len(identify(Trace()))


LIVES = st.lists(
    st.tuples(
        st.sampled_from([4, 5, 6]),
        st.sampled_from(["socket", "accept", "dup", "socketpair"]),
        st.integers(0, 4),
        st.booleans(),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(LIVES)
def test_no_number_is_used_for_two_sockets(lives: list[tuple[int, str, int, bool]]) -> None:
    """However descriptors are reused, each socket's calls have one number, and no two sockets share one."""
    story = Story()
    expected: dict[int, int] = {}
    living: dict[int, int] = {}

    def use(op: str, fd: int) -> None:
        expected[len(story.events)] = living[fd]
        story.call(op, fd)

    for life, (fd, how, uses, closed) in enumerate(lives):
        if how in ("accept", "dup"):
            living.setdefault(3, -1)
            expected[len(story.events)] = living[3]
            story.call(how, 3, result=fd, new_fd=fd)
            living[fd] = life
        else:
            living[fd] = life
            expected[len(story.events)] = life
            story.call(how, fd, result=fd if how == "socket" else [fd, fd + 100])
            if how == "socketpair":
                living[fd + 100] = 1000 + life
        for _ in range(uses):
            use("send", fd)
        if closed:
            use("close", fd)
    trace = story.trace()

    known = [(truth, trace[row].conn) for row, truth in expected.items()]
    assert all(number is not None for _, number in known)
    assert len({truth for truth, _ in known}) == len(set(known)) == len({number for _, number in known})
    assert trace is identify(trace)
    socket_of = {socket.number: socket for socket in connections(trace)}
    assert {number for _, number in known} <= set(socket_of)


EVENTS = st.builds(
    Event,
    seq=st.integers(0, 5),
    lane=st.sampled_from(["python", "flow", "server", "kernel"]),
    op=st.sampled_from(
        ["socket", "accept", "send", "close", "select", "unregister", "port", "yield", "sent", "detach"]
    ),
    t0=st.integers(0, 50),
    t1=st.one_of(st.none(), st.integers(50, 90)),
    pid=st.integers(1, 2),
    tid=st.integers(1, 2),
    owner=st.sampled_from([None, "a", "loop"]),
    fd=st.one_of(st.none(), st.integers(3, 5)),
    conn=st.one_of(st.none(), st.integers(1, 3)),
    args=st.fixed_dictionaries(
        {}, optional={"new_fd": st.integers(3, 5), "peer": st.just("p"), "fileno": st.just(4)}
    ),
    result=st.sampled_from([None, 4, [4, 5], "p"]),
    errno=st.sampled_from([None, "EBADF"]),
    exc=st.none(),
    bytes=st.none(),
    site=st.none(),
    user_site=st.none(),
    mark=st.sampled_from([None, "tracer"]),
)


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=20))
def test_any_trace_is_identified_once(events: list[Event]) -> None:
    """Whatever a file holds, identifying it raises nothing and a second time changes nothing."""
    trace = identify(Trace(events=events).sorted())

    assert list(trace) == list(identify(trace))


def test_system_calls_are_lent_an_owner() -> None:
    """A system call is that of who made the call above it, and of its connection where it is about the same descriptor;
    under no call it is the thread's, if all calls of that have one owner.
    """
    story = Story()
    story.socket(4, owner="fetch #1", at=0)
    story.call("connect", 4, owner="fetch #1", at=100, took=50)
    story.add(KERNEL, "openat", 110, 111, args={"path": "/etc/hosts"}, result=9)
    story.add(KERNEL, "read", 112, 113, fd=9, args={"fd": 9}, result=0)
    story.add(KERNEL, "connect", 114, 115, fd=4, args={"fd": 4}, result=0)
    story.call("register", 4, at=200, took=50)
    story.add(KERNEL, "epoll_ctl", 210, 211, fd=4, args={"epfd": 3, "fd": 4}, result=0)
    story.call("select", 3, at=300, took=50, result=[])
    story.add(KERNEL, "epoll_wait", 310, 311, fd=3, args={"epfd": 3}, result=0)
    story.add(KERNEL, "write", 400, 401, fd=4, args={"fd": 4}, result=0)

    kernel = [(event.op, event.owner, event.conn) for event in story.trace() if event.lane == KERNEL]
    assert [
        ("openat", "fetch #1", None),
        ("read", "fetch #1", None),
        ("connect", "fetch #1", 1),
        ("epoll_ctl", "fetch #1", 1),
        ("epoll_wait", "loop", None),
        ("write", "fetch #1", None),
    ] == kernel


def test_system_calls_of_another_thread_are_lent_nothing() -> None:
    """A descriptor alone makes nobody an owner: it is the call above that lends."""
    story = Story()
    story.socket(4, owner="fetch #1", at=0)
    story.call("recv", 4, owner="fetch #1", at=100, took=50)
    story.add(KERNEL, "recvfrom", 110, 111, fd=4, args={"fd": 4}, result=0, tid=PID + 1)

    (event,) = story.trace().lane(KERNEL)
    assert (None, None) == (event.owner, event.conn)


def test_identified_twice_is_identified_once() -> None:
    """A trace with a kernel lane that was identified comes out as it went in."""
    story = Story()
    story.socket(4, owner="fetch #1", at=0)
    story.add(KERNEL, "socket", 5, 6, fd=4, args={}, result=4)
    story.add(KERNEL, "openat", 900, 901, args={"path": "/etc/hosts"}, result=9)
    once = story.trace()

    assert list(once) == list(identify(once))
