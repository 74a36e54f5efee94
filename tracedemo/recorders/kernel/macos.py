"""The numbers of macOS by name.  They are not Linux's: EAGAIN is 35 there and 11 here, so no table of this machine will do.

Source: the headers of xnu, in bsd/sys errno.h, socket.h, fcntl.h, filio.h, ttycom.h; in bsd/netinet in.h, tcp.h; in
bsd/netinet6 in6.h.
"""

from __future__ import annotations

from collections.abc import Mapping

# fmt: off
_ERRNOS = (
    "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD "                                        # 1 to 10
    "EDEADLK ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR "                               # 20
    "EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS "                                 # 30
    "EMLINK EPIPE EDOM ERANGE EAGAIN EINPROGRESS EALREADY ENOTSOCK EDESTADDRREQ EMSGSIZE "                  # 40
    "EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE "
    "EADDRNOTAVAIL ENETDOWN "                                                                               # 50
    "ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT "
    "ECONNREFUSED ELOOP ENAMETOOLONG EHOSTDOWN EHOSTUNREACH ENOTEMPTY EPROCLIM EUSERS EDQUOT ESTALE "       # 70
    "EREMOTE EBADRPC ERPCMISMATCH EPROGUNAVAIL EPROGMISMATCH EPROCUNAVAIL ENOLCK ENOSYS EFTYPE EAUTH "      # 80
    "ENEEDAUTH EPWROFF EDEVERR EOVERFLOW EBADEXEC EBADARCH ESHLIBVERS EBADMACHO ECANCELED EIDRM "           # 90
    "ENOMSG EILSEQ ENOATTR EBADMSG EMULTIHOP ENODATA ENOLINK ENOSR ENOSTR EPROTO "                          # 100
    "ETIME EOPNOTSUPP ENOPOLICY ENOTRECOVERABLE EOWNERDEAD EQFULL"                                          # 106
).split()

ERRNO: Mapping[int, str] = dict(enumerate(_ERRNOS, 1))
"""By number."""

NAMES: Mapping[str, Mapping[int, str]] = {
    "AF_": {
        0: "AF_UNSPEC", 1: "AF_UNIX", 2: "AF_INET", 17: "AF_ROUTE", 18: "AF_LINK", 27: "AF_NDRV", 30: "AF_INET6",
        32: "AF_SYSTEM", 40: "AF_VSOCK",
    },
    "SOCK_": {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET"},
    "IPPROTO_": {
        0: "IPPROTO_IP", 1: "IPPROTO_ICMP", 6: "IPPROTO_TCP", 17: "IPPROTO_UDP", 41: "IPPROTO_IPV6",
        58: "IPPROTO_ICMPV6", 255: "IPPROTO_RAW",
    },
    # The levels of protocols are named as strace names them, so that all engines spell alike.
    "SOL_": {0: "SOL_IP", 6: "SOL_TCP", 17: "SOL_UDP", 41: "SOL_IPV6", 0xFFFF: "SOL_SOCKET"},
    "SHUT_": {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"},
    "F_": {
        0: "F_DUPFD", 1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL", 4: "F_SETFL", 5: "F_GETOWN", 6: "F_SETOWN", 7: "F_GETLK",
        8: "F_SETLK", 9: "F_SETLKW", 44: "F_RDADVISE", 45: "F_RDAHEAD", 48: "F_NOCACHE", 50: "F_GETPATH",
        51: "F_FULLFSYNC", 67: "F_DUPFD_CLOEXEC", 73: "F_SETNOSIGPIPE", 74: "F_GETNOSIGPIPE",
    },
    "MSG_": {
        1: "MSG_OOB", 2: "MSG_PEEK", 4: "MSG_DONTROUTE", 8: "MSG_EOR", 0x10: "MSG_TRUNC", 0x20: "MSG_CTRUNC",
        0x40: "MSG_WAITALL", 0x80: "MSG_DONTWAIT", 0x100: "MSG_EOF", 0x80000: "MSG_NOSIGNAL",
    },
    "O_": {
        1: "O_WRONLY", 2: "O_RDWR", 4: "O_NONBLOCK", 8: "O_APPEND", 0x10: "O_SHLOCK", 0x20: "O_EXLOCK", 0x40: "O_ASYNC",
        0x80: "O_SYNC", 0x100: "O_NOFOLLOW", 0x200: "O_CREAT", 0x400: "O_TRUNC", 0x800: "O_EXCL", 0x8000: "O_EVTONLY",
        0x20000: "O_NOCTTY", 0x100000: "O_DIRECTORY", 0x1000000: "O_CLOEXEC",
    },
}
"""By the prefix that `shapes.Arg.names` gives, then by number."""

OPTIONS: Mapping[str, Mapping[int, str]] = {
    "SOL_SOCKET": {
        1: "SO_DEBUG", 2: "SO_ACCEPTCONN", 4: "SO_REUSEADDR", 8: "SO_KEEPALIVE", 0x10: "SO_DONTROUTE", 0x20: "SO_BROADCAST",
        0x40: "SO_USELOOPBACK", 0x80: "SO_LINGER", 0x100: "SO_OOBINLINE", 0x200: "SO_REUSEPORT", 0x400: "SO_TIMESTAMP",
        0x1001: "SO_SNDBUF", 0x1002: "SO_RCVBUF", 0x1003: "SO_SNDLOWAT", 0x1004: "SO_RCVLOWAT", 0x1005: "SO_SNDTIMEO",
        0x1006: "SO_RCVTIMEO", 0x1007: "SO_ERROR", 0x1008: "SO_TYPE", 0x1020: "SO_NREAD", 0x1022: "SO_NOSIGPIPE",
        0x1024: "SO_NWRITE", 0x1080: "SO_LINGER_SEC",
    },
    "SOL_TCP": {
        1: "TCP_NODELAY", 2: "TCP_MAXSEG", 4: "TCP_NOPUSH", 8: "TCP_NOOPT", 0x10: "TCP_KEEPALIVE",
        0x20: "TCP_CONNECTIONTIMEOUT", 0x101: "TCP_KEEPINTVL", 0x102: "TCP_KEEPCNT", 0x105: "TCP_FASTOPEN",
    },
    "SOL_IP": {1: "IP_OPTIONS", 2: "IP_HDRINCL", 3: "IP_TOS", 4: "IP_TTL"},
    "SOL_IPV6": {4: "IPV6_UNICAST_HOPS", 27: "IPV6_V6ONLY"},
}
"""Socket options by level, then by number."""

IOCTLS: Mapping[int, str] = {
    0x20006601: "FIOCLEX", 0x20006602: "FIONCLEX", 0x4004667F: "FIONREAD", 0x8004667E: "FIONBIO", 0x8004667D: "FIOASYNC",
    0x8004667C: "FIOSETOWN", 0x4004667B: "FIOGETOWN", 0x40087468: "TIOCGWINSZ", 0x40487413: "TIOCGETA",
}
"""By number, which holds direction and size of the argument (bsd/sys/ioccom.h)."""
# fmt: on


def errno_name(number: int) -> str:
    """35 -> "EAGAIN"; an unknown number gives "E#107"."""
    return ERRNO.get(number, f"E#{number}")


def name(prefix: str, number: int) -> str:
    """One name, or the number as it was printed, in hexadecimal where it is large."""
    return NAMES.get(prefix, {}).get(number) or _bare(number)


def flags(prefix: str, number: int) -> str:
    """Names joined by "|" in the order of their values; what has no name as 0x...."""
    table = NAMES.get(prefix, {})
    found = [text for bit, text in table.items() if number & bit]
    rest = number & ~sum(table)
    # Of the access modes the first is no bit at all (fcntl.h).
    first = ["O_RDONLY"] if prefix == "O_" and not number & 3 else []
    return "|".join([*first, *found, *([f"{rest:#x}"] if rest else [])]) or "0"


def option(level: str, number: int) -> str:
    """The name of a socket option at its level."""
    return OPTIONS.get(level, {}).get(number) or _bare(number)


def ioctl(number: int) -> str:
    """The name of a request, of which only the low 32 bits count: an `int` is extended with its sign on the way."""
    number &= 0xFFFF_FFFF
    return IOCTLS.get(number, f"{number:#x}")


def _bare(number: int) -> str:
    return str(number) if 0 <= number < 256 else f"{number:#x}"
