"""How a spool lies in its file: what each byte means, for those who write it and for those who read it.

What must change together: the structures here, `spool.py` and `wrappers.py`, `decode.py`, and the version in MAGIC.
"""

import struct
import sys
import time
from errno import EAGAIN as EAGAIN  # noqa: PLC0414  # here, since what is imported early must be the same for all programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"TDSPOOL3"
HEADER = struct.Struct("<8sqqqqqqqqq")
"""magic, pid, slots, flow slots, chunks, monotonic and realtime at start, time off, side chunks lost, parent pid."""
OFF_AT, LOST_AT = 56, 64
KEEP = struct.Struct("<qq")
"""How many calls, and how many steps, are kept: the first ones; zeros: the last that the rings have room for."""
KEEP_AT = 80
PAGE = 4096

OPEN = struct.Struct("<qqiiiHhqq")
"""n, t0, fd, place, owner, thread, operation and flags, number, and zero for t1 of the round before."""
CLOSE = struct.Struct("<qqhhI")
"""t1, value, errno, exception, CPU time."""
CLOSE_WELL = struct.Struct("<qqq")
"""The same for a quick call that came back with a result: t1, value, and zero for the rest."""
CLOSE_AT = 40
RECORD_WELL = struct.Struct("<qqiiiHhqqqq")
"""OPEN and CLOSE_WELL in one."""
RECORD = struct.Struct("<qqiiiHhqqqhhI")
SIZE = RECORD.size
"""64: one record touches one line of the processor's cache, not two."""
STEP = struct.Struct("<qqiiiHhqq16x")
"""RECORD without an answer: n, t0 ... number, t1; zeros for the rest."""
NUMBER = struct.Struct("<q")

CHUNK_SIZE, ROOM = 128, 112
CHUNK = struct.Struct(f"<qHHHxx{ROOM}s")
"""key, kind, part, length of the payload, payload."""
MOST_PARTS = 0xFFFF
"""Parts of a fact; what is longer than seven megabytes is cut."""

COULD_WAIT, IS_TRACER, COLLECTED, IS_INJECTED = 1 << 8, 1 << 9, 1 << 10, 1 << 11
"""Flags of a record, added to its operation."""
OP_MASK = 0xFF

SPARE = 1 << 12
"""Where the first are kept, a ring is twice as long, and what comes later goes round in this many slots of its upper half,
so that it is counted."""

SITE, PLACE, FACT, THREAD, OWNER, EXCEPTION, META, ARGS, RESULT, READY = range(1, 11)
"""Kinds of chunks.  The key is an index for the first seven, and n of the record for the last three."""

PAIR = 1 << 56
"""Marks a packed address (host, port): the host is a fact, the port stands in the low 16 bits."""
MOST_FACTS = 8192
"""Facts that are remembered, so as not to be told again."""

MOST_THREADS = 0xFFFF
"""Threads that are told apart; later ones have no id, number 0."""

LONG = 50_000
"""Nanoseconds after which a call makes sure that its slot is still its own."""
CHECK_EVERY = 1_000_000
"""Nanoseconds after which a thread's CPU time is asked for again."""
CPU_UNIT = 100
"""Nanoseconds of CPU time in the 1 of a record; its 0 says that nobody asked."""
MOST_CPU = 0xFFFF_FFFF
"""Seven minutes: the most that a record can hold. It stands for that or more."""
NEVER = 1 << 62
"""A time that does not come."""
INDEX, DUE, CPU = range(3)
"""What `Spool.local.own` holds for each thread: its number, when its CPU time is asked for again, and what it was."""

FOREIGN = 1 << 14
"""Added to the number of an exception class whose `errno` is a code of the resolver or of the TLS library."""

INNER = 0
"""Site of a call that is not logged: made by a wrapped call itself, or by the tool, or while nothing is recorded."""

IMPORTING = 1 << 25
"""Added to the user's site when a module made the call while it was imported."""

OPS = (
    "socket socketpair dup accept connect connect_ex bind listen shutdown close detach"
    " send sendall sendto sendmsg sendfile recv recv_into recvfrom recvfrom_into recvmsg recvmsg_into"
    " setblocking settimeout setsockopt getsockopt getsockname getpeername get_inheritable set_inheritable ioctl share"
    " getaddrinfo gethostbyname gethostbyaddr getnameinfo getservby gethostname sethostname if_names"
    " selector register modify unregister select poll control read write do_handshake unwrap"
    " start yield resume return callback lockstep port deadlock spin blocked set_wakeup_fd"
).split()
"""Operations by code.  The order is part of the file: append only."""
OP = {name: code for code, name in enumerate(OPS)}

KINDS = "EpollSelector PollSelector SelectSelector KqueueSelector DevpollSelector epoll poll select kqueue".split()
"""What a readiness call was made on, by code."""

NO_TIMEOUT, ZERO_TIMEOUT, IN_MILLISECONDS = 1 << 6, 1 << 7, 1 << 31
"""Bits in the number of a select record, beside its kind (bits 0-5) and the count of what is watched (8-30)."""
UNKNOWN_COUNT = (1 << 23) - 1
"""Count of a select on an object that does not tell what it watches."""

clock = time.monotonic_ns
cpu_clock: "Callable[[], int] | None" = None
"""CPU time of the calling thread, nanoseconds; None where no clock tells it (on Windows it goes in steps of 15 ms)."""
if sys.platform != "win32":
    cpu_clock = getattr(time, "thread_time_ns", None)
