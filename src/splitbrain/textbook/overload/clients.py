"""Clients of a simulated service that give up after a timeout and try again, and when service is back after a fault.

Open clients arrive as a Poisson process, however slow the service is. Closed ones are so many, and each has one request
at a time. Service is back with the first second from which on, for `STEADY_S` seconds, nearly all requests are answered
at their first attempt.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.overload.breaker import CircuitBreaker
from splitbrain.textbook.overload.retries import Pause, RetryBudget
from splitbrain.textbook.overload.service import SimulatedService

STEADY_S = 5
GOOD = 0.95
PEAK_NS = SECOND // 10
"""The length of the windows in which a peak is looked for."""


@dataclass(frozen=True)
class ClientOptions:
    """Behaviour of clients. timeout_s: after which they give an attempt up. attempts: of each request, at most. pause:
    before a retry. budget: retries as a share of requests; None: any number. breaker: the share of failures at which
    the breaker that they have in common opens; 0: there is none. rate: requests a second of open clients; closed: how
    many closed ones there are instead, each of which thinks for `think_s` on average between two requests. herd: how
    many there are instead that all begin at once and have one request each."""

    timeout_s: float = 1.0
    attempts: int = 5
    pause: Pause | None = None
    budget: float | None = None
    breaker: float = 0.0
    rate: float = 0.0
    closed: int = 0
    think_s: float = 0.0
    herd: int = 0
    until_s: float = 120.0


@dataclass
class _ClientRequest:
    began: int
    attempt: int = 0
    ended: bool = False
    """Whether the current attempt has."""


@dataclass
class ServiceClients:
    """Clients at work. sent: attempts by window of `PEAK_NS`. made, first_answered: requests by the second in which
    they were made, and those that were answered at once. latencies: seconds, of requests answered at their first
    attempt. answered: requests that were answered at all. last_s: when the last of them was."""

    events: EventQueue
    service: SimulatedService
    stream: RandomStream
    options: ClientOptions
    sent: Counter[int] = field(default_factory=Counter)
    made: Counter[int] = field(default_factory=Counter)
    first_answered: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    answered: int = 0
    last_s: float = 0.0

    def __post_init__(self) -> None:
        self._budget = RetryBudget(self.options.budget)
        self._breaker = CircuitBreaker(self.options.breaker) if self.options.breaker else None
        if self.options.closed:
            for _ in range(self.options.closed):
                self._think()
        elif self.options.herd:
            for _ in range(self.options.herd):
                self._begin()
        else:
            self._arrive()

    def back_s(self, healed_s: int) -> int | None:
        """Seconds from the end of the fault until service was back; None: it never was."""
        last = int(self.options.until_s) - STEADY_S
        return next(
            (second - healed_s for second in range(healed_s, last)
             if all(self.good(at) for at in range(second, second + STEADY_S))), None,
        )  # fmt: skip

    def good(self, second: int) -> bool:
        """Whether nearly all requests of a second were answered at once, and any was made."""
        return self.made[second] > 0 and self.first_answered[second] >= GOOD * self.made[second]

    def peak_rate(self, start_s: float, stop_s: float) -> float:
        """The most attempts a second, in a window between these times."""
        return peak_rate(self.sent, start_s, stop_s)

    def _over(self) -> bool:
        return self.events.now >= self.options.until_s * SECOND

    def _arrive(self) -> None:
        gap = int(self.stream.exponential(SECOND / self.options.rate))
        self.events.at(self.events.now + gap, self._arrived)

    def _arrived(self) -> None:
        if not self._over():
            self._begin()
            self._arrive()

    def _think(self) -> None:
        self.events.at(self.events.now + int(self.stream.exponential(self.options.think_s * SECOND)), self._begin)

    def _begin(self) -> None:
        if self._over():
            return
        self.made[self.events.now // SECOND] += 1
        self._budget.earn()
        self._attempt(_ClientRequest(self.events.now))

    def _attempt(self, request: _ClientRequest) -> None:
        if self._over():
            return
        request.attempt += 1
        request.ended = False
        if self._breaker is not None and not self._breaker.admits(self.events.now):
            self._retry(request)
            return
        number = request.attempt
        self.sent[self.events.now // PEAK_NS] += 1
        self.events.at(self.events.now + int(self.options.timeout_s * SECOND), self._failed, (request, number))
        self.service.send(lambda served: self._answer(request, number, served))

    def _answer(self, request: _ClientRequest, number: int, served: bool) -> None:
        if not served:
            self._failed(request, number)
        elif number == request.attempt and not request.ended:
            self._tell_breaker(True)
            self.answered += 1
            self.last_s = self.events.now / SECOND
            if number == 1:
                self.first_answered[request.began // SECOND] += 1
                self.latencies.append((self.events.now - request.began) / SECOND)
            request.ended = True
            self._next()

    def _failed(self, request: _ClientRequest, number: int) -> None:
        if number == request.attempt and not request.ended:
            self._tell_breaker(False)
            self._retry(request)

    def _retry(self, request: _ClientRequest) -> None:
        request.ended = True
        pause, number = self.options.pause, request.attempt
        if pause is None or number >= self.options.attempts or not self._budget.spend():
            self._next()
            return
        self.events.at(self.events.now + int(pause(number, self.stream) * SECOND), self._attempt, (request,))

    def _tell_breaker(self, good: bool) -> None:
        if self._breaker is not None:
            self._breaker.ended(self.events.now, good)

    def _next(self) -> None:
        if self.options.closed:
            self._think()


def peak_rate(sent: Counter[int], start_s: float, stop_s: float) -> float:
    """The most attempts a second, in a window between these times. sent: attempts by window."""
    windows = range(int(start_s * SECOND) // PEAK_NS, ceil(stop_s * SECOND / PEAK_NS))
    return max(sent[window] for window in windows) * SECOND / PEAK_NS
