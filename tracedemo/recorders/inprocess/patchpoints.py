"""Where the wrappers go: one row for every method of the socket, select, selectors and ssl interface.

Rules
    * A row names a place, an operation and how to describe it. Rows whose place does not exist on this system are
      skipped: kqueue on Linux, epoll on macOS, ioctl outside Windows.
    * COMPOSITE rows are Python functions of the standard library that make other patched calls: `accept` calls `_accept`,
      a selector calls its epoll object. Only the outer call is logged, since the code of the original is INNER.
    * Whatever is not here is in SILENT, with the reason that it makes no system call. A test holds both against the
      interpreter: a method that is in neither fails it.
    * `_socket.socket` itself is immutable; its methods are set on the Python class `socket.socket`, and taken away again.
      Never override `epoll.__new__`: CPython says that this is not safe.
    * A type that cannot be patched (select.epoll and the poll type since Python 3.15) gets a proxy in its place
      (`proxies`). That is tried, never guessed from the version.

`install` notes in a Patch what stood in each place; its `undo` puts it back, or takes the attribute away where the class
had inherited it.
"""

from __future__ import annotations

from tracedemo.recorders.inprocess import describe as d
from tracedemo.recorders.inprocess import describe_ready as r
from tracedemo.recorders.inprocess import proxies
from tracedemo.recorders.inprocess.wrappers import Finalizer, described, entered, transfer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, ClassVar

    from tracedemo.recorders.inprocess.spool import Spool

_SOCKET = (d.on_socket, None)
_LOOKUP = (d.looking_up, d.looked_up)
_WATCH = (r.watcher(0), r.watched)
_WATCH_ALL = (r.watcher(0b111), r.watched)
"""epoll and poll objects watch for IN, PRI and OUT when they are not told for what."""

TRANSFER = None
"""Stands for the fast shape."""

# (class or "" for the module, attribute, operation, how): the attribute is looked up when the module is there.
SOCKET = (
    ("socket", "recv", "recv", TRANSFER),
    ("socket", "recv_into", "recv_into", TRANSFER),
    ("socket", "send", "send", TRANSFER),
    ("socket", "sendall", "sendall", TRANSFER),
    ("socket", "recvfrom", "recvfrom", (d.receiver("recvfrom"), d.received_from)),
    ("socket", "recvfrom_into", "recvfrom_into", (d.receiver("recvfrom_into"), d.received_from)),
    ("socket", "recvmsg", "recvmsg", (d.receiver("recvmsg"), d.received_from)),
    ("socket", "recvmsg_into", "recvmsg_into", (d.receiver("recvmsg_into"), d.received_from)),
    ("socket", "sendto", "sendto", (d.sending_to, d.number)),
    ("socket", "sendmsg", "sendmsg", (d.sending_buffers, d.number)),
    ("socket", "sendmsg_afalg", "sendmsg", (d.on_socket, d.number)),
    ("socket", "sendfile", "sendfile", (d.sending_file, d.number)),
    ("socket", "__init__", "socket", (d.making_socket, d.made_socket)),
    ("socket", "accept", "accept", (d.on_socket, d.accepted)),
    ("socket", "_accept", "accept", (d.on_socket, d.accepted)),
    ("socket", "dup", "dup", (d.on_socket, d.duplicated)),
    ("socket", "connect", "connect", (d.with_address, d.connected)),
    ("socket", "connect_ex", "connect_ex", (d.with_address, d.connected)),
    ("socket", "bind", "bind", (d.with_address, None)),
    ("socket", "listen", "listen", (d.with_number, None)),
    ("socket", "shutdown", "shutdown", (d.with_number, None)),
    ("socket", "_real_close", "close", (d.closing, None)),
    ("socket", "detach", "detach", (d.on_socket, d.number)),
    ("socket", "setblocking", "setblocking", (d.with_number, d.new_mode)),
    ("socket", "settimeout", "settimeout", (d.with_fact, None)),
    ("socket", "setsockopt", "setsockopt", (d.setting_option, None)),
    ("socket", "getsockopt", "getsockopt", (d.with_fact, d.option_value)),
    ("socket", "getsockname", "getsockname", (d.on_socket, d.address_result)),
    ("socket", "getpeername", "getpeername", (d.on_socket, d.address_result)),
    ("socket", "get_inheritable", "get_inheritable", (d.on_socket, d.number)),
    ("socket", "set_inheritable", "set_inheritable", (d.with_number, None)),
    ("socket", "ioctl", "ioctl", _SOCKET),
    ("socket", "share", "share", _SOCKET),
    ("", "socketpair", "socketpair", (d.making_pair, d.made_pair)),
    ("", "dup", "dup", (d.of_descriptor, d.duplicated)),
    ("", "close", "close", (d.closing_descriptor, None)),
)

C_SOCKET = (
    ("", "getaddrinfo", "getaddrinfo", _LOOKUP),
    ("", "gethostbyname", "gethostbyname", _LOOKUP),
    ("", "gethostbyname_ex", "gethostbyname", _LOOKUP),
    ("", "gethostbyaddr", "gethostbyaddr", _LOOKUP),
    ("", "getnameinfo", "getnameinfo", _LOOKUP),
    ("", "getservbyname", "getservby", _LOOKUP),
    ("", "getservbyport", "getservby", _LOOKUP),
    ("", "getprotobyname", "getservby", _LOOKUP),
    ("", "gethostname", "gethostname", _LOOKUP),
    ("", "sethostname", "sethostname", _LOOKUP),
    ("", "if_nameindex", "if_names", _LOOKUP),
    ("", "if_nametoindex", "if_names", _LOOKUP),
    ("", "if_indextoname", "if_names", _LOOKUP),
)
"""Functions of the C module: `socket` holds the same objects under the same names, or calls them by this name."""

SELECT = (
    ("", "select", "select", (r.bare_select, r.bare_selected)),
    ("epoll", "__init__", "selector", (r.making_selector, r.made_selector)),
    ("epoll", "register", "register", _WATCH_ALL),
    ("epoll", "modify", "modify", _WATCH),
    ("epoll", "unregister", "unregister", _WATCH),
    ("epoll", "poll", "poll", (r.polling, r.polled)),
    ("epoll", "close", "close", (r.closing_selector, None)),
    ("epoll", "__exit__", "close", (r.closing_selector, None)),
    ("poll", "register", "register", _WATCH_ALL),
    ("poll", "modify", "modify", _WATCH),
    ("poll", "unregister", "unregister", _WATCH),
    ("poll", "poll", "poll", (r.polling, r.polled)),
    ("kqueue", "__init__", "selector", (r.making_selector, r.made_selector)),
    ("kqueue", "control", "control", (r.controlling, r.controlled)),
    ("kqueue", "close", "close", (r.closing_selector, None)),
)

SELECTORS = tuple(
    (name, attribute, op, how)
    for name in (
        "_BaseSelectorImpl",
        "SelectSelector",
        "_PollLikeSelector",
        "PollSelector",
        "EpollSelector",
        "DevpollSelector",
        "KqueueSelector",
    )
    for attribute, op, how in (
        ("__init__", "selector", (r.making_selector, r.made_selector)),
        ("register", "register", _WATCH),
        ("modify", "modify", _WATCH),
        ("unregister", "unregister", _WATCH),
        ("select", "select", (r.selecting, r.selected)),
        ("close", "close", (r.closing_selector, None)),
    )
)
"""Patched on each class that defines the method itself; a call to super() from such a method is INNER."""

SSL = (
    ("SSLSocket", "recv", "recv", TRANSFER),
    ("SSLSocket", "recv_into", "recv_into", TRANSFER),
    ("SSLSocket", "send", "send", TRANSFER),
    ("SSLSocket", "sendall", "sendall", TRANSFER),
    ("SSLSocket", "read", "read", TRANSFER),
    ("SSLSocket", "write", "write", TRANSFER),
    ("SSLSocket", "sendfile", "sendfile", (d.sending_file, d.number)),
    ("SSLSocket", "do_handshake", "do_handshake", _SOCKET),
    ("SSLSocket", "unwrap", "unwrap", _SOCKET),
)

OS = (("", "sendfile", "sendfile", (d.os_sending_file, d.number)),)

SIGNAL = (("", "set_wakeup_fd", "set_wakeup_fd", (d.waking, d.number)),)
"""How asyncio and trio are woken by a signal: through a socket, of which CPython asks the kernel what it is."""

POINTS = {
    "socket": SOCKET,
    "_socket": C_SOCKET,
    "select": SELECT,
    "selectors": SELECTORS,
    "ssl": SSL,
    "os": OS,
    "signal": SIGNAL,
}
"""Rows by module."""

COMPOSITE_HELPERS = ("_sendfile", "_check_sendfile")
"""How the methods of socket.socket are named that a composite calls, and whose calls are INNER, too."""

SILENT = {
    "socket": {
        "fileno": "reads the number from the object",
        "gettimeout": "reads the object",
        "getblocking": "reads the object",
        "makefile": "wraps the socket in a file object; its reads are recv_into",
        "close": "calls _real_close when the last user has gone",
        "_decref_socketios": "calls _real_close when the last user has gone",
        "_check_sendfile_params": "checks arguments",
        "_sendfile_use_sendfile": "part of sendfile",
        "_sendfile_use_send": "part of sendfile",
        "_sendfile_zerocopy": "part of sendfile",
        "__enter__": "returns the socket",
        "__exit__": "calls close",
        "__del__": "recorded by a descriptor of its own",
        "__repr__": "calls getsockname and getpeername, which are logged",
        "__getstate__": "raises",
        "family": "reads the object",
        "type": "reads the object",
        "proto": "reads the object",
        "timeout": "reads the object",
    },
    "socket module": {
        "create_connection": "calls getaddrinfo, socket, connect",
        "create_server": "calls socket, bind, listen",
        "has_dualstack_ipv6": "calls socket, setsockopt",
        "fromfd": "calls dup, socket",
        "fromshare": "calls socket",
        "send_fds": "calls sendmsg",
        "recv_fds": "calls recvmsg",
        "getfqdn": "calls gethostbyaddr",
        "_fallback_socketpair": "calls socket, bind, listen, connect, accept",
        "CMSG_LEN": "computes", "CMSG_SPACE": "computes",
        "htonl": "computes", "htons": "computes", "ntohl": "computes", "ntohs": "computes",
        "inet_aton": "computes", "inet_ntoa": "computes", "inet_ntop": "computes", "inet_pton": "computes",
        "getdefaulttimeout": "reads a variable", "setdefaulttimeout": "sets a variable",
        "_intenum_converter": "computes",
    },
    "epoll": {"fileno": "reads the object", "fromfd": "wraps a number", "__enter__": "returns the object",
              "closed": "reads the object"},
    "poll": {},
    "kqueue": {"fileno": "reads the object", "fromfd": "wraps a number", "closed": "reads the object"},
    "selectors": {"get_map": "reads the object", "get_key": "reads the object", "fileno": "reads the object",
                  "__enter__": "returns the object", "__exit__": "calls close",
                  "_fileobj_lookup": "reads the object", "_key_from_fd": "reads the object",
                  "_selector_cls": "makes the epoll or poll object, part of __init__",
                  "_select": "the select of SelectSelector, part of its select"},
    "ssl": {
        "__init__": "raises: one is made by _create", "_create": "calls the methods of socket.socket",
        "connect": "calls _real_connect", "connect_ex": "calls _real_connect",
        "_real_connect": "calls the method of socket.socket, then do_handshake",
        "accept": "calls the method of socket.socket", "shutdown": "calls the method of socket.socket",
        "sendto": "calls the method of socket.socket", "_real_close": "calls the method of socket.socket",
        "recvfrom": "calls the method of socket.socket", "recvfrom_into": "calls the method of socket.socket",
        "dup": "raises", "sendmsg": "raises", "recvmsg": "raises", "recvmsg_into": "raises",
        "_checkClosed": "does nothing", "_check_connected": "calls getpeername",
        "verify_client_post_handshake": "takes effect with the next read",
        **dict.fromkeys(("cipher", "client_sigalg", "compression", "context", "get_channel_binding",
                         "get_unverified_chain", "get_verified_chain", "getpeercert", "group", "pending",
                         "selected_alpn_protocol", "selected_npn_protocol", "server_sigalg", "session",
                         "session_reused", "shared_ciphers", "version"), "asks the TLS library, not the kernel"),
    },
}  # fmt: skip
"""What makes no system call, or only through calls that are patched themselves, and why."""


class Patch:
    """What was set, and what stood there before.

    Two patches of the same place (ours and another library's, or two recorders) are stacked. One that is taken away from
    below leaves the upper one alone, and hands on to it what is to be put back in the end.
    """

    live: ClassVar[list[Patch]] = []

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any, Any]] = []
        self.proxied: list[str] = []
        Patch.live.append(self)

    def set(self, place: Any, name: str, value: Any) -> None:
        """Set an attribute and remember the old one, or that there was none in this very class or module."""
        old = vars(place).get(name, _ABSENT)
        setattr(place, name, value)
        self._undo.append((place, name, old, value))

    def undo(self) -> None:
        """Put everything back, last first."""
        Patch.live.remove(self)
        while self._undo:
            place, name, old, ours = self._undo.pop()
            if vars(place).get(name) is not ours:
                _hand_on(place, name, old, ours)
            elif old is _ABSENT:
                delattr(place, name)
            else:
                setattr(place, name, old)

    def inherit(self, place: Any, name: str, old: Any, theirs: Any) -> None:
        """What is to be put back at a place where `theirs` was found: from now on `old`."""
        for index, (where, what, found, ours) in enumerate(self._undo):
            if where is place and what == name and found is theirs:
                self._undo[index] = (place, name, old, ours)


def _hand_on(place: Any, name: str, old: Any, theirs: Any) -> None:
    for patch in Patch.live:
        patch.inherit(place, name, old, theirs)


_ABSENT = object()


def install(spool: Spool, name: str, module: ModuleType, patch: Patch) -> None:
    """Set the wrappers of one module.

    Args:
        name: a key of POINTS.
    """
    places: dict[str, Any] = {"": module}
    for place_name, attribute, op, how in POINTS[name]:
        if place_name not in places:
            places[place_name] = _class(module, place_name, patch)
        place = places[place_name]
        original = (
            None if place is None else _original(place, attribute, of_module=not place_name, module=name)
        )
        if original is None:
            continue
        _mark_inner(spool, original)
        layered = spool.pace.layer(op, original, place_name) if spool.pace else original
        seen = getattr(place, attribute)
        patch.set(place, attribute, entered(attribute, _wrap(spool, op, original, layered, how), seen))
    if name == "socket":
        _finish_socket(spool, module, patch)
    elif name == "_socket":
        _share_names(module, patch)
    elif name == "signal":  # the original says `_signal`, where pickle would find the original
        module.set_wakeup_fd.__module__ = module.__name__


def _wrap(spool: Spool, op: str, original: Any, layered: Any, how: Any) -> Any:
    if how is TRANSFER:
        return transfer(op, original, layered, spool, d.fileno, d.gettimeout)
    before, after = how
    if spool.inject and op in ("connect", "connect_ex"):
        from tracedemo.recorders.inprocess.inject import injecting

        before = injecting(spool.inject, before)
    return described(op, original, layered, spool, before, after)


def _class(module: ModuleType, name: str, patch: Patch) -> Any:
    """The class of that name, or its proxy; the poll type has no name, and is found by making an object."""
    found = getattr(module, name, None)
    if name == "poll" and found is not None and not isinstance(found, type):
        found = type(found())
    if found is not None and found.__flags__ & proxies.IMMUTABLE:
        return proxies.stand_in(patch, module, name, found)
    return found


def _original(place: Any, attribute: str, *, of_module: bool, module: str) -> Any:
    """What stands there now; for a class, only what it defines itself, unless its base is a C class."""
    if of_module or module not in ("socket", "select"):
        return vars(place).get(attribute)
    if attribute == "__init__" and place.__init__ is object.__init__:
        return _made  # epoll: the object is there when __init__ runs, and object.__init__ would refuse its arguments
    return getattr(place, attribute, None)


def _made(*args: Any, **_kwargs: Any) -> None:
    """What `__init__` of an epoll object does: nothing, if there is an object at all."""
    if not args:
        try:
            object.__init__()  # type: ignore[call-arg]  # it has the words for that
        except TypeError as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise


def _mark_inner(spool: Spool, original: Any) -> None:
    code = getattr(original, "__code__", None)
    if code is not None:
        spool.inner.add(code)


def _finish_socket(spool: Spool, module: ModuleType, patch: Patch) -> None:
    for name, function in vars(module.socket).items():
        if name.startswith(COMPOSITE_HELPERS):
            _mark_inner(spool, function)
    patch.set(module.socket, "__del__", Finalizer(spool, module.socket.__del__, d.fileno))


def _share_names(c_module: ModuleType, patch: Patch) -> None:
    """`socket` copied the C functions when it was imported: set the wrappers there, too."""
    import sys

    module = sys.modules.get("socket")
    for _, attribute, _, _ in C_SOCKET:
        if module is not None and hasattr(c_module, attribute) and hasattr(module, attribute):
            old = getattr(module, attribute)
            if not hasattr(old, "__code__"):  # socket.getaddrinfo is Python and calls the C one by name
                patch.set(module, attribute, getattr(c_module, attribute))
