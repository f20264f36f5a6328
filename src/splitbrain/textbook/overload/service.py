"""A simulated service: workers that take exponential times, and one queue before them, first in, first out.

A request that its client gave up is served all the same, for a service cannot know. While the service stands still
requests queue up and nothing is served; while it is down they are refused at once.
"""

from collections import deque
from collections.abc import Callable

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.random_stream import RandomStream

Answered = Callable[[bool], None]
"""Function that is told of the end of a request: True, it was served; False, it was refused."""


class SimulatedService:
    """A service of so many workers, each of which serves so many requests a second. queue_max: requests that can wait;
    those beyond it are refused; None: any number. constant: whether each request takes the mean time."""

    def __init__(
        self, events: EventQueue, stream: RandomStream, rate: float, workers: int = 1, queue_max: int | None = None,
        constant: bool = False,
    ) -> None:  # fmt: skip
        self.still = False
        self.down = False
        self.requests = 0
        """Requests that came, with those that were refused."""
        self._events, self._stream, self._mean = events, stream, SECOND / rate
        self._free, self._queue_max, self._constant = workers, queue_max, constant
        self._queue: deque[Answered] = deque()

    def send(self, answered: Answered) -> None:
        """Take a request."""
        self.requests += 1
        if self.down or (self._queue_max is not None and len(self._queue) >= self._queue_max):
            answered(False)
            return
        self._queue.append(answered)
        self._start()

    def stand_still(self, seconds: float) -> None:
        """Serve nothing for so long, then go on with all that has come meanwhile."""
        self.still = True
        self._events.at(self._events.now + round(seconds * SECOND), self._go_on)

    def refuse(self, seconds: float) -> None:
        """Refuse all requests for so long."""
        self.down = True
        self._events.at(self._events.now + round(seconds * SECOND), self._come_up)

    def _go_on(self) -> None:
        self.still = False
        self._start()

    def _come_up(self) -> None:
        self.down = False

    def _start(self) -> None:
        while self._free and self._queue and not self.still:
            self._free -= 1
            takes = self._mean if self._constant else self._stream.exponential(self._mean)
            self._events.at(self._events.now + int(takes), self._end, (self._queue.popleft(),))

    def _end(self, answered: Answered) -> None:
        self._free += 1
        answered(True)
        self._start()
