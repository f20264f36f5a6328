"""A service that calls two others, A and B, each call on one of its workers until it ends: what a sick B does to A.

B has shards. A call to a healthy shard takes an exponential time, one to a sick shard as long as the fault says, and
never longer than the timeout, after which it has failed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.overload.breaker import CircuitBreaker

CALL_S, TIMEOUT_S = 0.01, 1.0
WORKERS = 16
RATE = 400.0
"""Requests a second, half of them for A and half for B."""
SHARDS = 10
FROM_S, UNTIL_S, END_S = 5, 25, 45


@dataclass(frozen=True)
class DependencyFault:
    """A fault of B. takes_s: how long its calls take. shards: how many of its shards are sick."""

    name: str
    takes_s: float
    shards: int = SHARDS


FAULTS = (
    DependencyFault("that hangs", 60.0),
    DependencyFault("that is slow, and in time", 0.4),
    DependencyFault("of which one shard of ten hangs", 60.0, 1),
)


@dataclass
class DependencyRequest:
    """A request. at: when it came. shard: of B; None for A."""

    at: int
    shard: int | None
    answered: bool = False


class DependentService:
    """The service. breaker: makes the breaker of B, or one for each of its shards; None: there is none. bulkhead: the
    most workers that calls to B hold."""

    def __init__(
        self, seed: int, fault: DependencyFault, breaker: float | None = None, by_shard: bool = False,
        bulkhead: int = WORKERS,
    ) -> None:  # fmt: skip
        self.requests: list[DependencyRequest] = []
        self._events = EventQueue()
        self._stream = RandomStream(seed, "textbook", "dependencies")
        self._fault, self._bulkhead = fault, bulkhead
        self._breakers = [CircuitBreaker(breaker) for _ in range(SHARDS if by_shard else 1)] if breaker else []
        self._free, self._held = WORKERS, 0
        self._queue: deque[DependencyRequest] = deque()
        self._arrive()
        self._events.run(10_000_000)

    def answered(self, shards: Callable[[int | None], bool], start_s: float, stop_s: float) -> tuple[int, int]:
        """Requests of such shards that came in this time: how many were answered in time, and all."""
        counted = [
            one for one in self.requests
            if start_s * SECOND <= one.at < stop_s * SECOND and shards(one.shard)
        ]  # fmt: skip
        return sum(one.answered for one in counted), len(counted)

    def _arrive(self) -> None:
        self._events.at(self._events.now + int(self._stream.exponential(SECOND / RATE)), self._arrived)

    def _arrived(self) -> None:
        now = self._events.now
        if now >= END_S * SECOND:
            return
        shard = self._stream.below(SHARDS) if self._stream.chance(0.5) else None
        request = DependencyRequest(now, shard)
        self.requests.append(request)
        if shard is None or self._held < self._bulkhead:
            self._queue.append(request)
        self._start()
        self._arrive()

    def _start(self) -> None:
        while self._free and self._queue:
            request = self._queue.popleft()
            now = self._events.now
            if now - request.at >= TIMEOUT_S * SECOND or not self._admitted(request):
                continue
            takes = self._takes(request)
            self._free -= 1
            self._held += request.shard is not None
            self._events.at(now + int(min(takes, TIMEOUT_S) * SECOND), self._end, (request, takes < TIMEOUT_S))

    def _admitted(self, request: DependencyRequest) -> bool:
        if request.shard is None:
            return True
        if self._held >= self._bulkhead:
            return False
        return not self._breakers or self._breaker(request.shard).admits(self._events.now)

    def _breaker(self, shard: int) -> CircuitBreaker:
        return self._breakers[shard % len(self._breakers)]

    def _takes(self, request: DependencyRequest) -> float:
        usual = self._stream.exponential(CALL_S)
        ill = FROM_S * SECOND <= self._events.now < UNTIL_S * SECOND
        sick = request.shard is not None and request.shard < self._fault.shards
        return self._fault.takes_s if ill and sick else usual

    def _end(self, request: DependencyRequest, good: bool) -> None:
        self._free += 1
        now = self._events.now
        if request.shard is not None:
            self._held -= 1
            if self._breakers:
                self._breaker(request.shard).ended(now, good)
        request.answered = good and now - request.at <= TIMEOUT_S * SECOND
        self._start()
