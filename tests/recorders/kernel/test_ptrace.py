"""The ptrace engine: it follows everybody, changes nothing, and leaves nobody behind."""

from __future__ import annotations

import importlib.util
import os
import pty
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tracedemo.recorders.kernel import ptrace, raw_log, rawfile
from tracedemo.recorders.kernel.calls import MONOTONIC, Log, SystemCall
from tracedemo.runner import RunOptions, run, variant_target
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS, Variant

BARE = (sys.executable, "-I", "-S", "-c")


class Traced(NamedTuple):
    """A program that ran under the engine."""

    code: int
    output: str
    complaints: str
    log: Log

    def named(self, *names: str) -> list[SystemCall]:
        return [call for call in self.log.calls if call.name in names]


Trace = Callable[..., Traced]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """A function that runs a program under the engine."""

    def traced(text: str, *words: str, before: tuple[str, ...] = ()) -> Traced:
        command = [*before, *ptrace.prefix(tmp_path), *BARE, textwrap.dedent(text), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return Traced(done.returncode, done.stdout, done.stderr, ptrace.read(tmp_path))

    return traced


TREE = """
    import warnings
    warnings.simplefilter("ignore")  # a thread that has been joined may still be there when the process forks
    import os, socket, subprocess, sys, threading
    def work():
        for _ in range(3):
            left, right = socket.socketpair()
            left.sendall(b"x"), right.recv(1)
            left.close(), right.close()
    print("main", os.getpid(), flush=True)
    def in_thread():
        work()
        print("thread", threading.get_native_id(), flush=True)
    for _ in range(4):
        thread = threading.Thread(target=in_thread)
        thread.start(), thread.join()
    if (pid := os.fork()) == 0:
        work()
        os._exit(3)
    print("fork", pid, flush=True)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    code = "import os, _socket; _socket.socket(); print('exec', os.getpid())"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
    code = "import _socket; _socket.socket(); raise SystemExit(7)"
    def become():
        print("becomes", threading.get_native_id(), flush=True)
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", code])
    thread = threading.Thread(target=become)
    thread.start(), thread.join()
"""


@pytest.mark.ptrace
def test_everybody_is_followed(trace: Trace) -> None:
    """Threads, forks, programs that are started, and an exec from a thread are all in the log, under their process."""
    done = trace(TREE)

    assert (7, "") == (done.code, done.complaints)
    told = [line.split() for line in done.output.splitlines()]
    main, fork, started, becomes = (
        next(int(number) for word, number in told if word == which)
        for which in ("main", "fork", "exec", "becomes")
    )
    threads = {int(number) for word, number in told if word == "thread"}
    assert {main: 12, fork: 3} == Counter(call.pid for call in done.named("socketpair"))
    assert threads | {fork} == {call.tid for call in done.named("socketpair")}
    assert [started, main] == [call.pid for call in done.named("socket")]
    execs = [call for call in done.named("execve") if call.result == 0]
    assert [main, started, becomes] == [call.tid for call in execs]
    assert all(call.t1 is not None for call in execs)
    assert ("exited with 7", "exited with 3") == (done.log.ends[main], done.log.ends[fork])
    assert ([], ()) == (done.log.misread, done.log.notes)


@pytest.mark.ptrace
def test_log(trace: Trace) -> None:
    """A log names engine, version and clock, and its calls stand in the order of their entry, each ended after it began."""
    done = trace("import _socket; _socket.socket()")

    assert ("ptrace", MONOTONIC) == (done.log.engine, done.log.clock)
    assert done.log.version
    assert "execve" == done.log.calls[0].name
    times = [call.t0 for call in done.log.calls]
    assert sorted(times) == times
    assert all(call.t1 is not None and call.t0 < call.t1 for call in done.log.calls)


@pytest.mark.ptrace
@pytest.mark.parametrize("code", [0, 1, 125, 255])
def test_exit_code(code: int, trace: Trace) -> None:
    """The tracer exits with the code of the program."""
    done = trace(f"raise SystemExit({code})")

    assert (code, "") == (done.code, done.complaints)
    assert [f"exited with {code}"] == list(done.log.ends.values())


@pytest.mark.ptrace
@pytest.mark.parametrize(
    "name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGSEGV", "SIGABRT", "SIGPIPE", "SIGRTMAX"]
)
def test_killing_signal(name: str, trace: Trace) -> None:
    """The tracer dies of the signal that the program died of."""
    number = getattr(signal, name)

    done = trace(f"""
        import os, signal
        signal.signal({int(number)}, signal.SIG_DFL) if {int(number)} != 9 else None
        os.kill(os.getpid(), {int(number)})
    """)

    assert (-number, "") == (done.code, done.complaints)
    assert [f"killed by {name}"] == list(done.log.ends.values())


@pytest.mark.ptrace
def test_program_that_does_not_start(tmp_path: Path) -> None:
    """A command that is not there gives one line and 127, one that cannot be run 126."""
    nothing = tmp_path / "nothing"
    nothing.write_text("x")
    for word, code in (("no-such-command", 127), (str(nothing), 126)):
        done = subprocess.run([*ptrace.prefix(tmp_path), word], capture_output=True, text=True, check=False)

        assert code == done.returncode
        assert f"tracedemo: cannot start {word}: " in done.stderr
        assert 1 == done.stderr.count("\n")


SELF = """
    import os, signal, sys
    print(sorted(os.environb.items()))
    print(sorted(os.listdir("/proc/self/fd")))
    for line in open("/proc/self/status"):
        if line.startswith(("SigBlk", "SigIgn", "SigCgt", "Cpus_allowed")):
            print(line.strip())
    print(os.getcwd(), os.getpgrp(), os.getsid(0), os.umask(0), sys.argv, sys.orig_argv)
    print(sys.stdin.read())
"""


@pytest.mark.ptrace
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_program_finds_what_it_would_find(locale: str, tmp_path: Path) -> None:
    """Environment, descriptors, signals, group and arguments of the program are those that it has without a tracer."""
    environment = {
        "LC_ALL": "",
        "LANG": locale,
        "PYTHONCOERCECLOCALE": "0",
        "ODD": "a=b",
        "PYTHONPATH": "/nowhere",
    }
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)

    def seen(*before: str) -> str:
        command = [*before, *BARE, textwrap.dedent(SELF), "one", ""]
        return subprocess.run(
            command,
            env=environment,
            input="typed",
            capture_output=True,
            text=True,
            check=True,
            pass_fds=[read_end],
        ).stdout

    assert seen() == seen(*ptrace.prefix(tmp_path))
    os.close(read_end), os.close(write_end)


@pytest.mark.ptrace
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signals_to_the_tracer_reach_the_program(number: signal.Signals, tmp_path: Path) -> None:
    """A signal that is sent to the tracer is handed on, and the tracer ends as the program does."""
    text = f"""
        import os, signal
        came, tell = os.pipe()
        os.set_blocking(tell, False)
        signal.set_wakeup_fd(tell)  # C writes: a handler of Python's would wait for the end of a read() just begun
        signal.signal({int(number)}, lambda *_: None)
        print("ready", flush=True)
        os.read(came, 1)
        print("came", flush=True)
        raise SystemExit(5)
    """
    with subprocess.Popen(
        [*ptrace.prefix(tmp_path), *BARE, textwrap.dedent(text)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert "ready\n" == process.stdout.readline()
        process.send_signal(number)
        assert "came\n" == process.stdout.read()

    assert 5 == process.returncode


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.mark.ptrace
# Another test may have left a thread; the child becomes another program at once, so there is nothing to lock.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("key", "shown_as", "name"), [(b"\x03", b"^C", "SIGINT"), (b"\x1c", b"^\\", "SIGQUIT")]
)
def test_keys_reach_the_program_once(key: bytes, shown_as: bytes, name: str, tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the program itself, so the tracer does not hand its own on."""
    text = f"""
        import os, signal
        came, tell = os.pipe()
        os.set_blocking(tell, False)
        signal.set_wakeup_fd(tell)  # C writes the numbers: see above
        for number in (signal.{name}, signal.SIGUSR1):
            signal.signal(number, lambda *_: None)
        print("ready", flush=True)
        all = b""
        while signal.SIGUSR1 not in all:
            all += os.read(came, 100)  # of two that come together, the handler of the second runs first
        print(all.count(signal.{name}), "came", flush=True)
    """
    pid, terminal = pty.fork()
    if pid == 0:
        command = [*ptrace.prefix(tmp_path), *BARE, textwrap.dedent(text)]
        os.execv(command[0], command)
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, key)
    while shown_as not in shown:  # the terminal shows it when it has sent it to all
        shown += os.read(terminal, 1000)
    os.kill(child_of(pid), signal.SIGUSR1)
    while b"came" not in shown:
        shown += os.read(terminal, 1000)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert b"1 came" in shown
    assert 0 == os.waitstatus_to_exitcode(status)


@pytest.mark.ptrace
def test_stopped_program_stays_stopped(trace: Trace) -> None:
    """A process that is stopped is seen as such by its parent, until it is told to go on."""
    done = trace("""
        import os, signal
        if (pid := os.fork()) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(4)
        _, status = os.waitpid(pid, os.WUNTRACED)
        print(os.WIFSTOPPED(status), os.WSTOPSIG(status) == signal.SIGSTOP)
        print([line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("State")])
        os.kill(pid, signal.SIGCONT)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """)

    # "t": to the kernel whoever is traced is stopped by the tracer.
    assert ("True True\n['t']\n4\n", 0) == (done.output, done.code)


@pytest.mark.ptrace
def test_interrupted_call_is_no_error(trace: Trace) -> None:
    """A call that a signal breaks off has no errno of a program, and is begun again by the kernel or by Python."""
    done = trace("""
        import os, signal, socket, threading
        left, right = socket.socketpair()
        signal.signal(signal.SIGALRM, lambda *_: left.send(b"x"))
        task = f"/proc/self/task/{threading.get_native_id()}"
        def when_it_sleeps():
            # Asleep, and in recvfrom, which has the number 45, on aarch64 207: the kernel tells, and no clock.
            while not (open(f"{task}/stat").read().rpartition(")")[2].split()[0] == "S"
                       and open(f"{task}/syscall").read().split()[0] in ("45", "207")):
                pass
            signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
        threading.Thread(target=when_it_sleeps).start()
        print(right.recv(1))
    """)

    first, second = done.named("recvfrom")
    assert (True, None, None, None) == (first.restarted, first.errno, first.result, first.args["data"])
    assert (False, 1, "x") == (second.restarted, second.result, second.args["data"])
    assert "b'x'\n" == done.output


@pytest.mark.ptrace
def test_descriptors_keep_their_meaning(trace: Trace) -> None:
    """What a descriptor stands for is told anew after close, dup2 and close_range, and for another process."""
    done = trace("""
        import os, socket
        sock = socket.socket()
        sock.getsockname()
        number = sock.detach()
        os.dup2(os.open("/dev/null", os.O_RDONLY), number)
        os.read(number, 1)
        os.closerange(number, number + 1)
        assert os.open("/dev/zero", os.O_RDONLY) == number
        os.read(number, 1)
        os.close(number)
        assert os.open("/etc/passwd", os.O_RDONLY) == number
        os.read(number, 1)
        if os.fork() == 0:
            os.dup2(os.open("/dev/null", os.O_RDONLY), number)
            os.read(number, 2)
            os._exit(0)
        os.wait()
        os.read(number, 3)
    """)

    (sock,) = done.named("socket")
    number = sock.result
    asked = [call.what for call in done.named("getsockname", "read") if call.args["fd"] == number]
    asked = asked[next(index for index, what in enumerate(asked) if what and what.startswith("socket:")) :]
    assert [sock.what, "/dev/null", "/dev/zero", "/etc/passwd", "/dev/null", "/etc/passwd"] == asked


@pytest.mark.ptrace
def test_killed_program_leaves_its_trace(trace: Trace) -> None:
    """All up to the moment of a SIGKILL is there, and what had begun has no end."""
    done = trace("""
        import os, signal, socket, threading
        left, right = socket.socketpair()
        thread = threading.Thread(target=right.recv, args=(1,), daemon=True)
        thread.start()
        state = f"/proc/self/task/{thread.native_id}/syscall"
        while open(state).read().split()[0] not in ("45", "207"):  # recvfrom, on x86-64 and on aarch64
            pass
        left.getsockname()
        os.kill(os.getpid(), signal.SIGKILL)
    """)

    assert -signal.SIGKILL == done.code
    (waiting,) = done.named("recvfrom")
    assert (None, None, None) == (waiting.t1, waiting.result, waiting.errno)
    assert "getsockname" in [call.name for call in done.log.calls if call.t0 > waiting.t0]
    assert {"killed by SIGKILL"} == set(done.log.ends.values())


STEPS = """
    import os, socket, sys, threading
    def steps(mark):
        left, right = socket.socketpair()
        for _ in range(3000):
            left.send(b"x"), right.recv(1)
            os.write(1, mark)
        os.write(1, b"END")
    if os.fork() == 0:
        steps(b"c")
        os._exit(0)
    threading.Thread(target=steps, args=(b"t",)).start()
    steps(b"m")
"""
MOMENTS = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900, 1200, 1500, 1800, 2100]


def killed_after(moment: int, folder: Path, who: str) -> tuple[bytes, int]:
    """Kill the tracer or the target when that many bytes were written; gives all that was written, and the code."""
    with subprocess.Popen(
        [*ptrace.prefix(folder), *BARE, textwrap.dedent(STEPS)], stdout=subprocess.PIPE
    ) as process:
        written = b"".join(process.stdout.read(1) for _ in range(moment))
        os.kill(process.pid if who == "tracer" or not moment else child_of(process.pid), signal.SIGKILL)
        # All who are traced hold the pipe: its end is theirs.
        written += process.stdout.read()
    return written, process.returncode


@pytest.mark.ptrace
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_tracer_leaves_nobody_behind(moment: int, tmp_path: Path) -> None:
    """Whenever the tracer is killed, the program and all that it started die with it, and what was written can be read."""
    written, code = killed_after(moment, tmp_path, "tracer")

    assert -signal.SIGKILL == code
    assert b"END" not in written
    log = ptrace.read(tmp_path) if (tmp_path / ptrace.OUTPUT).exists() else raw_log.parse(b"")
    assert ([], (raw_log.CUT_OFF,)) == (log.misread, log.notes)


@pytest.mark.ptrace
@pytest.mark.parametrize("moment", MOMENTS[1:])
def test_killed_target_leaves_a_trace(moment: int, tmp_path: Path) -> None:
    """Whenever the target is killed, the trace holds all that it had done, and the tracer ends when the others have."""
    written, code = killed_after(moment, tmp_path, "target")

    log = ptrace.read(tmp_path)
    assert -signal.SIGKILL == code
    assert ([], ()) == (log.misread, log.notes)
    marks = Counter(written.removesuffix(b"END").decode())
    writes = [call for call in log.calls if call.name == "write" and call.args["size"] == 1]
    pid = log.calls[0].pid
    done = Counter(call.pid == pid for call in writes if call.result == 1)
    # A thread that dies inside a call may have written, but comes back from it no more.
    cut_off = sum(call.t1 is None for call in writes)
    assert done[True] <= marks["m"] + marks["t"] <= done[True] + cut_off
    assert marks["c"] == done[False] == 3000


@pytest.mark.ptrace
def test_file_cut_at_every_byte_is_read(trace: Trace, tmp_path: Path) -> None:
    """However little of the file is there, it is read without a complaint, and holds no more than the whole of it."""
    whole = trace("import _socket; [_socket.socketpair() for _ in range(2)]").log
    data = (tmp_path / ptrace.OUTPUT).read_bytes()
    found = [0]

    for end in range(len(data)):
        log = raw_log.parse(data[:end])
        assert [] == log.misread
        assert found[-1] <= len(log.calls)
        found.append(len(log.calls))
    assert len(whole.calls) == found[-1]
    assert () == whole.notes


def test_foreign_file() -> None:
    """Bytes that are no file of ours, or a damaged frame, are counted as misread."""
    assert ["not a file of the ptrace engine"] == list(raw_log.parse(b"something else").misread)
    assert 1 == len(raw_log.parse(rawfile.MAGIC + b"\x04\0\0\0\xff\xff\xff\xff").misread)
    assert [] == raw_log.parse(b"").misread == raw_log.parse(rawfile.MAGIC[:5]).misread


@pytest.mark.ptrace
def test_long_run_is_written_in_frames(trace: Trace, tmp_path: Path) -> None:
    """More calls than fit a frame are all there, each once."""
    done = trace("""
        import socket
        left, right = socket.socketpair()
        for _ in range(2000):
            left.send(b"x"), right.recv(1)
    """)

    assert {"sendto": 2000, "recvfrom": 2000} == Counter(
        call.name for call in done.named("sendto", "recvfrom")
    )


FORBID = """
    import ctypes, os, struct, sys
    number, argument, answer = map(int, sys.argv[1:4])
    lines = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, argument), (6, 0, 0, 0x50000 | answer)]
    if argument < 0:
        lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50000 | answer)]
    code = b"".join(struct.pack("<HBBI", *line) for line in [*lines, (6, 0, 0, 0x7FFF0000)])
    class Program(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
    prctl = ctypes.CDLL(None).prctl
    assert prctl(38, 1, 0, 0, 0) == 0
    assert prctl(22, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0) == 0
    os.execv(sys.argv[4], sys.argv[4:])
"""
PTRACE, PRCTL = {"x86_64": (101, 157), "aarch64": (117, 167)}.get(os.uname().machine, (0, 0))


def forbidding(number: int, argument: int = -1, answer: int = 1) -> tuple[str, ...]:
    """A command after which a seccomp filter refuses this system call with this errno: always, or with one argument."""
    return (*BARE, textwrap.dedent(FORBID), str(number), str(argument), str(answer))


@pytest.mark.ptrace
def test_without_a_filter(trace: Trace) -> None:
    """Where the kernel takes no seccomp filter, the log is the same, and says what it has cost."""
    text = "import _socket; left, right = _socket.socketpair(); left.send(b'abc'); right.recv(9); raise SystemExit(3)"
    plain = trace(text)

    done = trace(text, before=forbidding(PRCTL, 22))

    assert (3, "") == (done.code, done.complaints)
    assert (ptrace.NO_FILTER,) == done.log.notes
    assert [(call.name, call.result, call.errno) for call in plain.log.calls] == [
        (call.name, call.result, call.errno) for call in done.log.calls
    ]


@pytest.mark.ptrace
def test_it_can_trace_here() -> None:
    """Where tracing works there is no refusal."""
    assert None is ptrace.refusal()


ASK = "import sys; sys.path[:0] = {path!r}; from tracedemo.recorders.kernel import ptrace; print(ptrace.refusal())"


def refused(*before: str) -> str:
    """What `refusal` says in a process of its own."""
    command = [*before, *BARE, ASK.format(path=[path for path in sys.path if path])]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.ptrace
@pytest.mark.parametrize(
    ("number", "says"), [(1, "Operation not permitted"), (38, "Function not implemented")]
)
def test_refused_by_a_seccomp_filter(number: int, says: str) -> None:
    """A sandbox that forbids ptrace is named as the reason, with a remedy."""
    found = refused(*forbidding(PTRACE, answer=number))

    assert found.startswith("Refusal(why=")
    assert says in found


@pytest.mark.ptrace
@pytest.mark.parametrize("number", [5, 22])
def test_old_kernel_is_refused(number: int) -> None:
    """A kernel without PTRACE_GET_SYSCALL_INFO is too old, and that is what is said."""
    assert "5.3" in refused(*forbidding(PTRACE, 0x420E, number))


@pytest.mark.ptrace
@pytest.mark.strace
def test_traced_already() -> None:
    """Under a debugger or strace it is refused, and who traces us is named."""
    assert "strace" in refused("strace", "-f", "-o", os.devnull)


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without python-ptrace the remedy is the command that installs it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")

    assert "pip install python-ptrace" == ptrace.refusal().remedy


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "riscv64")])
def test_other_machines(system: str, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system or a processor that we have no table for is refused by name."""
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert (machine if system == "Linux" else system) in ptrace.refusal().why


@pytest.mark.ptrace
def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the tracer cannot write, nothing runs, and one line says why."""
    done = subprocess.run(
        [*ptrace.prefix(tmp_path / "missing"), *BARE, "print('ran')"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (125, "") == (done.returncode, done.stdout)
    assert "tracedemo: the ptrace engine gave up (tracer): FileNotFoundError" in done.stderr


@pytest.mark.ptrace
def test_full_disk_does_not_stop_the_program(trace: Trace) -> None:
    """Where there is no room for the file, the program runs on as if nothing was, and the log says that it is cut off."""
    limited = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))"
    limited += "; os.execv(sys.argv[1], sys.argv[1:])"
    text = """
        import socket
        left, right = socket.socketpair()
        for _ in range(2000):
            left.send(b"x"), right.recv(1)
        print("ran")
        raise SystemExit(6)
    """

    done = trace(text, before=(*BARE, limited))

    assert (6, "ran\n", "") == (done.code, done.output, done.complaints)
    assert ([], (raw_log.CUT_OFF,)) == (done.log.misread, done.log.notes)


@pytest.mark.ptrace
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variants(variant: Variant, tmp_path: Path) -> None:
    """Each variant runs under the engine as it runs alone, and its system calls are in the log of its process."""
    server = ServerOptions(pace="lockstep")

    done = run(
        variant_target(variant), RunOptions(server=server, capture=True, prefix=ptrace.prefix(tmp_path))
    )

    log = ptrace.read(tmp_path)
    assert (0, "") == (done.exit_code, done.complaints)
    assert ([], ()) == (log.misread, log.notes)
    asked = {call.args["address"] for call in log.calls if call.name == "connect"}
    assert bool(asked) == variant.fetches
    assert {done.trace.header.pid} == {call.pid for call in log.calls}
