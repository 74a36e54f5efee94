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
  an option           SO_ERROR, TCP_NODELAY
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
  tracedemo run --children --keep first --max-events 10000 start_workers.py
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
  tracedemo compare -n 500 "robust --selector poll" "robust --selector epoll"

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

ABOUT_DIFF = """\
Each of the two is a saved trace, or a target that is run first, as compare
does. Connections are compared in their order, and on each the calls in theirs.
What no two runs have in common is left out of account: process numbers,
descriptors, ports that the kernel chose, times. How long calls waited is shown,
and never a difference. With --kernel in both, the system calls beneath count.

Two runs of one program in lock-step (--pace lockstep) make the same calls; by
the clock, repeats and what is ready can differ from run to run.

The exit code is 0 if there is no difference, 1 if there is one or a target
failed, 4 if a file was damaged, after what could be read of it was compared.

examples:
  tracedemo diff before.jsonl after.jsonl
  tracedemo diff --pace lockstep nonblocking selector
  tracedemo diff --pace lockstep before.jsonl "my_client.py {address} 3"
  tracedemo diff before.jsonl after.jsonl --format plain --only recv,send
"""

ABOUT_STEP = """\
Targets are run first, as compare does; traces are read, as show does. Then the
screen shows a step: its line, the call and its answer, the system calls inside
it (--kernel), the sockets, and where on the timeline it is. Of several runs one
is walked, and the others follow, by the clock or by phase.

keys:
  right left          next step, step before (also l h); PgDn PgUp: ten
  ] [                 next and previous wait, wakeup or "not yet"
  n N                 next and previous step of the same connection
  1-9 Tab             walk another run; f: the others follow by clock or phase
  / g                 search (the words of --only), go to a step by number
  s ? q               scale of the timeline, help, quit

With --format plain each Enter tells the next step in a sentence; its first line
names the other commands. Where the output is no terminal, all steps are told at
once; commands can still be given through a pipe, with --format plain.

examples:
  tracedemo step selector
  tracedemo step blocking selector --pace lockstep
  tracedemo step --kernel selector --only EAGAIN
  tracedemo step run.jsonl --at 26
  tracedemo step --format plain
"""

ABOUT_REPORT = """\
Targets are run first, as compare does; traces are read, as show does. The page
is one file with all that it needs: it asks no server for anything, and opens
from the disk, on a stick, or out of a mail. Its keys are told by the key ?.

Without -o it is report.html, written anew if that is a report, too; a file that
is none is left alone. The exit code is 1 if a target failed, 4 if a file was
damaged, after what could be read of it was written; 3 if --open finds no
browser.

examples:
  tracedemo report --open
  tracedemo report blocking nonblocking selector -n 5 -o three.html
  tracedemo report --kernel --pace lockstep selector --open
  tracedemo report before.jsonl after.jsonl -o both.html
  tracedemo report before.jsonl "my_client.py {address}" -o then-and-now.html
"""

ABOUT_SCALE = """\
Makes the same fetch 10, 100, 1,000 ... times at once, up to what the machine
allows. Each step is run twice: once with nothing of ours in it, which gives
time, CPU and memory; and once recorded, which gives calls, wakeups and how many
sockets each found ready. Every answer is checked. Our servers wait before they
answer, 30 ms or 0.2 ms for each fetch, so that all are there at once.

What fits is computed first. What does not, is said with the limit, its value,
and how to raise it. After a Ctrl-C what was measured until then is shown.

A variant with options of its own is one quoted word.

limits that --limit makes small:
  fds       64 open files: EMFILE in socket()
  backlog   listen(5), and nobody accepts: a connect that waits a second
  ports     eight local ports for one destination: EADDRNOTAVAIL in connect()
  buffers   4 KiB of send buffer: a send() that takes only a part
The exit code is 1 if a program failed, or if the limit did not show.

examples:
  tracedemo scale --to 1000
  tracedemo scale
  tracedemo scale selector asyncio_streams -o scale.html -o scale.svg
  tracedemo scale selector --processes 2
  tracedemo scale selector --to 1000 --kernel
  tracedemo scale --limit ports
"""

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

ABOUT_WORKSHOP = """\
Without a command, on a terminal, it leads through the lesson that is open: it
asks what you expect, runs it, watches your file and checks it. Elsewhere it
says where you are, and the one next thing to type. No lesson locks you in.

for learners; none of them needs more to be typed:
  start       make a folder for the workshop, and open the first lesson
  predict     say what a run will show, before you see it
  run         run the lesson's commands, and hold them against what you said
  check       try your program: its own trace is what is judged
  hint        a hint; there are three
  solution    show a solution
  next        open the next lesson, whether this one is done or not
  reset       put the files of a lesson back, and keep what was there
  catch-up    lay solutions down up to a lesson, and open that
  list        the lessons of your track
  status      what you have done, and the minutes it took

for teachers:
  present     show a lesson to a room, command by command
  notes       what to say, with the clock beside it
  bundle      all that a room without a network needs, in a folder

for who writes lessons:
  dev check   prove lessons      dev record   record what they show

What you do is kept in the workshop's folder, and nowhere else.

examples:
  tracedemo workshop start
  tracedemo workshop
  tracedemo workshop predict a c
  tracedemo workshop check --watch
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
