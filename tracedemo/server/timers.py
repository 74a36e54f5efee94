"""What is due when: a heap of callbacks.  It reads no clock; whoever drives it says what time it is."""

from __future__ import annotations

from heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """One thing to do at a time; `cancel` makes it never happen."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Forget the action.  Its place in the heap is given up when its time comes."""
        self.action = None


class Timers:
    """Timers in the order of their time, and of their making where times are equal.  Times in nanoseconds."""

    __slots__ = ("_heap", "_made")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._made = 0

    def at(self, due: int, action: Callable[[], None]) -> Timer:
        """Do it when the time has come."""
        timer = Timer(action)
        self._made += 1
        heappush(self._heap, (due, self._made, timer))
        return timer

    def left(self, now: int) -> int | None:
        """Nanoseconds until something is due; 0: it is; None: nothing ever will be."""
        while self._heap and self._heap[0][2].action is None:
            heappop(self._heap)
        return max(0, self._heap[0][0] - now) if self._heap else None

    def run(self, now: int) -> None:
        """Do all that was due at `now`; what these actions add for later waits for the next call."""
        while self._heap and self._heap[0][0] <= now:
            timer = heappop(self._heap)[2]
            action, timer.action = timer.action, None
            if action is not None:
                action()
