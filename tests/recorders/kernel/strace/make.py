"""Makes the fixtures of this folder anew: `python make.py 5.10=/path/to/strace 6.1=strace ...`; see README.md.

Needs root, because name look-ups are to read files of this folder's making instead of the machine's.
"""

import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[3]

VARIANTS = ("blocking", "threads", "nonblocking", "selector", "asyncio_sock", "asyncio_streams")
NASTY = "nasty"
INSIDE = "TRACEDEMO_SHUT_IN"

TRACED = (
    "%network,epoll_create,epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,?epoll_pwait2,poll,ppoll,select,"
    "pselect6,sendfile,close,ioctl,fcntl,read,write,openat,clone,?clone3,fork,vfork,execve"
)
OPTIONS = {
    "ours": (
        "-f --seccomp-bpf -y -a 1 -s 64 --syscall-times=ns --absolute-timestamps=format:unix,precision:ns "
        f"-e abbrev=execve -e signal=none -e trace={TRACED} -o FILE --"
    ),
    "safe": "-f -ttt -T -y -s 32 -o FILE -e trace=%network,epoll_ctl,epoll_wait,poll,close",
    "stderr": "-f -tt -T",
}
"""Without `-o FILE` strace writes to its stderr, in another form."""

ETC = {
    "/etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n",
    "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
}
"""Nobody answers there, so a question comes back as ECONNREFUSED."""

PLACES = {
    str(ROOT): "/home/you/tracedemo",
    sys.base_prefix: "/home/you/python",
    str(Path.home()): "/home/you",
    f'"{ROOT.parent}"': '"/home/you"',
}
"""What this machine's folders are called instead."""

BEGINS = re.compile(r"\b(?:socket|socketpair|clone3?|fork|vfork)\(|/nasty-")
"""The first line with this ends the interpreter's start."""
HALF = re.compile(r"unfinished \.\.\.>|resumed>|superseded| attached$|^(?!\[pid|\d)")
"""What belongs to another line: on its stderr, strace breaks lines off without a word when a process is attached."""
NAME = re.compile(r"[\w./-]*/strace: (?=Process)")
"""How strace calls itself: as it was called."""
IMPORTS = re.compile(
    r'\.(?:pyc?|pth|so)\b|/__pycache__|/lib/python|/locale|"\\247\\r\\r\\n|"\\177ELF|"", 1\)|TCGETS'
)
"""What an import, or open(), does: files are found by their names, where strace tells these, or by how they begin."""
DULL = re.compile(
    r"(?:^|[\d.:\]] +)(brk|mmap|munmap|mprotect|madvise|rt_sigaction|rt_sigprocmask|newfstatat|fstat|lseek|"
    r"getdents64|futex|readlink|stat|gettid|getpid|prlimit64|sysinfo|uname|access|getrandom|sched_yield)\("
)
NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")


def record(strace: str, options: str, program: list[str]) -> str:
    """What strace writes about that program."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        words = [str(output) if word == "FILE" else word for word in options.split()]
        done = subprocess.run(
            [strace, *words, *program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": "/nowhere",
                "LC_ALL": "C.UTF-8",
                "SECRET": "of the environment",
            },
            check=True,
        )
        return (output.read_bytes() if output.exists() else done.stderr).decode("ascii")


def cut(text: str, repeats: int) -> str:
    """The text without the interpreter's start, imports, and more than so many lines that differ only in numbers.

    Only whole calls are left out, never one half of a pair.
    """
    lines = text.splitlines(keepends=True)
    start = next(index for index, line in enumerate(lines) if BEGINS.search(line)) - 5
    assert not any(HALF.search(line) for line in lines[:start])
    first = [lines[0]] if "execve(" in lines[0] else []
    kept, seen = first, Counter()
    for line in lines[start:]:
        dull = DULL.search(line)
        shape = dull[1] if dull else NUMBERS.sub("0", line)
        seen[shape] += 1
        most = 2 if dull else repeats
        if HALF.search(line) or (seen[shape] <= most and not IMPORTS.search(line)):
            kept.append(line)
    return "".join(kept)


def anonymous(text: str) -> str:
    """The text without this machine's folders."""
    text = NAME.sub("strace: ", text)
    for ours, others in PLACES.items():
        text = text.replace(ours, others)
    for word in (str(Path.home()), str(ROOT.parent), f"@{socket.gethostname()}", "SECRET", "of the environ"):
        told = [line for line in text.splitlines() if word in line]
        assert not told, f"{word} is in what was recorded: {told[:3]}"
    return text


def make(version: str, strace: str) -> None:
    """All fixtures of one strace."""
    said = subprocess.run([strace, "-V"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"strace -- version {version}\n"), said.partition("\n")[0]
    folder = HERE / version
    folder.mkdir(exist_ok=True)
    for name in (*VARIANTS, NASTY):
        if name == NASTY:
            program = [str(HERE / "nasty.py")]
        else:
            program = [str(ROOT / "tracedemo" / "variants" / f"{name}.py"), "127.0.0.1:8000", "-n", "2"]
        for kind, options in OPTIONS.items():
            text = record(strace, options, [sys.executable, "-S", *program])
            text = anonymous(cut(text, 5 if name == NASTY else 20))
            (folder / f"{name}-{kind}.txt").write_bytes(text.encode("ascii"))
            print(f"{version} {name} {kind}: {text.count(chr(10))} lines, {len(text)} bytes")


def shut_in() -> None:
    """Run this in namespaces of its own: no network but loopback, and `ETC` in place of the machine's files."""
    if INSIDE not in os.environ:
        command = ["unshare", "--net", "--mount", sys.executable, *sys.argv]
        os.execvpe(command[0], command, os.environ | {INSIDE: "1"})
    with socket.socket() as sock:
        # SIOCSIFFLAGS: a new loopback interface has to be switched on (IFF_UP).
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh", b"lo", 1) + bytes(22))
    with tempfile.TemporaryDirectory() as folder:
        for path, text in ETC.items():
            ours = Path(folder) / Path(path).name
            ours.write_text(text)
            subprocess.run(["mount", "--bind", str(ours), path], check=True)


def main() -> None:
    """Each strace that the command line names, beside one server."""
    shut_in()
    server = [sys.executable, "-m", "tracedemo", "serve", "--port", "8000"]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        try:
            running.stdout.readline()  # it listens as soon as it says so
            for word in sys.argv[1:]:
                version, _, strace = word.partition("=")
                make(version, strace)
        finally:
            running.terminate()


if __name__ == "__main__":
    main()
