"""The brain: pure functions from a Trace to a frozen result.  No I/O, no clock, no third-party module.

Every function but `identify` expects a Trace that went through `identify`, with rows in order of `t0`.

    identity      identify(trace) -> Trace          which connection, and whose
    connections   connections(trace)                the sockets of a run, one record each
    states        states(trace), waits(...)         what threads and requests were doing at every nanosecond
    wakeups       wakeups(trace)                    each return of select: what woke it, who went on
    phases        phases(trace)                     what each call was for, what each phase cost
    summary       summary(trace)                    the numbers that stand under a run
    comparison    compare(traces)                   several runs side by side
    sentences     sentence(event, context)          one plain sentence for every event; short forms for the log
    folding       fold(trace)                       repeats as one line with a count
    filters       parse(text)                       `--only recv,EAGAIN,fd=5`
    findings      findings(study)                   what the run tells about the code that made it
    scaling       count(trace), Scaling           what many sockets cost
    limits_met    find(kind, limit, trace)          where a limit shows
    study         Study(trace)                      all of these for one run, each computed once

Names are imported from the modules (`from tracedemo.analysis.states import State, states`): a function that has the name
of its module cannot stand here, too, without hiding it.
"""
