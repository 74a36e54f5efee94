"""What the help of each command says, below its options: texts, at most 80 columns wide."""

from __future__ import annotations

HELP = """\
usage: tracedemo COMMAND [OPTIONS] ...

Shows what Python network code really asks of the kernel: every socket and
selector call, its line, its answer, and what woke it up.

commands:
{commands}

options:
  -h, --help    this help; after a command, the help of that command
  --version     the version

examples:
  tracedemo compare                          three ways to fetch the same bytes
  tracedemo run selector -n 5                the event loop of the post
  tracedemo run your_script.py --its-own     a program of yours; its output and
                                             exit code stay its own
  tracedemo show --view timeline             the last run, seen otherwise
  tracedemo run selector --kernel            and the real system calls below
  tracedemo run -o run.jsonl selector        save a run, for tracedemo show

exit codes:
  of a script or module: its own, and 125 when tracedemo itself failed around
  it, or ended it in lock-step (deadlock, or spinning for ever)
  else: 0 done, 1 a variant failed, 2 wrong usage, 3 this machine cannot do it,
  4 a file cannot be read or written, 125 a fault of tracedemo, 130 interrupted
"""

ABOUT_VIEWS = """\
names of --view, with commas between them:
{views}

words of --only, with commas between them (of one kind: any of them; of several
kinds: all of them):
  a call or step      recv, connect, select, yield, sent
  an answer           EAGAIN, BlockingIOError, not-yet, failed, unreturned
  a lane or phase     python, flow, kernel, server; phase=wait
  a field             fd=5, conn=2, owner=fetch*, pid=..., tid=...
"""

ABOUT_RUN = f"""\
A variant (tracedemo variants lists them) shows its log and a summary. Options
may stand before and after its name. The exit code is 1 if it failed.

Of a script or module everything behind its name is its own, so our options go
before it. {{address}} among its arguments becomes the address of our server,
which is started for it. Its output and exit code stay its own, and our report
goes to stderr: a summary and its connections.

examples:
  tracedemo run selector -n 5 --view log,timeline
  tracedemo run selector --kernel
  tracedemo run --view summary -o run.jsonl my_script.py --its-own option
  tracedemo run my_client.py {{address}} 2>report.txt
  tracedemo run -m your_package.main
  tracedemo run --duration 10 -- uvicorn app:app
  tracedemo run selector --url http://example.com/

{ABOUT_VIEWS}"""

ABOUT_COMPARE = f"""\
Each target is a variant (tracedemo variants lists them) or a script; a script
with arguments is one quoted word. {{address}} among them becomes the address of
our server, which is started anew for each target, with the same body for all.
The exit code is 1 if one of them failed.

examples:
  tracedemo compare
  tracedemo compare blocking threads selector -n 10 --pieces 5
  tracedemo compare selector "my_client.py {{address}} 3"
  tracedemo compare --pace lockstep -o both.svg selector asyncio_sock

{ABOUT_VIEWS}"""

ABOUT_SHOW = f"""\
If nobody asks for more, one run of a variant is shown by log and summary, one
run of a script by summary and connections, and several runs by comparison. The
exit code is 4 if a file was damaged, after what could be read was shown.

examples:
  tracedemo show --view timeline
  tracedemo show run.jsonl --view log --only EAGAIN --unfold
  tracedemo show before.jsonl after.jsonl
  tracedemo show run.jsonl --view wakeups --format plain
  tracedemo show run.jsonl -o run.svg -o run.txt

{ABOUT_VIEWS}"""

ABOUT_EXPLAIN = """\
NAME is a call of Python code (recv, sock.recv), a system call (epoll_wait), an
errno by name or number (EAGAIN, 35, WSAEWOULDBLOCK), an exception
(BlockingIOError), a phase (receive) or a word (FIONBIO, backlog, not yet).

What is told: what it means, which system calls it becomes or which calls make
it, what its answers mean, and what to type to see it. All of it stands in
docs/calls.md, too.

examples:
  tracedemo explain recv
  tracedemo explain epoll_wait EAGAIN
  tracedemo explain 35
  tracedemo explain not yet
"""

ABOUT_SERVE = """\
examples:
  tracedemo serve --delay 500 --pieces 10
  tracedemo serve --port 0 --quiet
and in another terminal, at the address that it tells:
  tracedemo run selector --url http://127.0.0.1:8000/
"""

ABOUT_DOCTOR = """\
ok     works
--     does not work, and most people can do without it
MEND   is in the way, and you can mend it
ADMIN  is in the way, and needs an administrator

The exit code is 0 if tracedemo is ready, 1 if you can mend what is in the way,
3 if it needs an administrator. Nothing is installed or changed.
"""

ABOUT_VARIANTS = """\
Each is one file of the standard library that runs alone, too:
  python tracedemo/variants/selector.py 127.0.0.1:8000 -n 5
"""

USAGE_OF_RUN = """\
tracedemo run [OPTIONS] VARIANT [OPTIONS]
       tracedemo run [OPTIONS] SCRIPT.py [ARGUMENTS]
       tracedemo run [OPTIONS] -m MODULE [ARGUMENTS]
       tracedemo run [OPTIONS] -c CODE [ARGUMENTS]
       tracedemo run [OPTIONS] -- COMMAND [ARGUMENTS]"""
