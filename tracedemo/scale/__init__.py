"""Many sockets at once: the same fetch ten times, and as often as the machine allows, measured and counted.

Theory of operation
    A row is one program at one step (10, 100, 1,000 ... fetches), and two runs. The bare one has nothing of ours in it: a
    launcher starts it and reads off what it used (wait4). The other one is recorded, by the runner as always, and says what
    was called and how many sockets a wakeup found ready; what the recording cost is told, too. Each run has servers of its
    own, several, on several loopback addresses, so that neither ports nor the servers' descriptors are the first wall. They
    answer late enough that all connections are there at once. Every answer is checked.

    What fits is computed before anything is started, from numbers that are read once (`Machine`): what cannot be, is said
    with the limit, its value and how to raise it, and the ladder ends where it fits.

    machine    what this machine allows: the numbers, read        limits     what fits, computed from them
    ladder     which steps there are                              catalogue  what can be run
    fleet      servers for one run                                launch     starts a program, and reads off what it used
    bare       one run, measured                                  counted    one run, recorded
    climb      all rows, one after another                        small      each limit by itself, small
    programs/  programs of ours that need more than the standard library
"""
