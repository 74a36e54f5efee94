"""Programs that have broken the recorder of event loops before: bare and traced they are the same."""

from __future__ import annotations

from tests.recorders.conftest import Record, WriteScript
from tests.recorders.inprocess.bare_and_traced import bare

OWN_DEQUES = """
    import asyncio, collections

    class Own(collections.deque):
        def popleft(self):
            handle = super().popleft()
            print("taken")
            return handle

    class Handle:
        _cancelled = False
        def __getattr__(self, name):
            raise SystemExit(name)
        def _run(self):
            print("run")

    for ready in (Own(), collections.deque(maxlen=3)):
        loop = asyncio.SelectorEventLoop()
        loop._ready = ready
        loop.run_until_complete(asyncio.sleep(0))
        ready.append(Handle())
        loop.run_until_complete(asyncio.sleep(0))
        print(type(loop._ready).__name__, loop._ready.maxlen, loop._ready is ready)
        loop.close()
"""


def test_a_deque_of_the_program_stays(script: WriteScript, record: Record) -> None:
    """A loop whose handles are in a deque of a class of its own, or with a bound, keeps it, and that is noted."""
    done = record(OWN_DEQUES)
    assert bare(script(OWN_DEQUES)) == (done.exit_code, done.output, done.complaints)
    assert [True] == ["something of its own" in note for note in done.trace.header.notes]
