"""The circuit breaker of M. Nygard: Release It!, 2007."""

from collections import deque

from splitbrain.harness.environments.sim.scheduler import SECOND


class CircuitBreaker:
    """A circuit breaker: opens when, of its last calls, that share has failed; after a while lets one call through, and
    closes if that succeeds."""

    LAST, OPEN_S = 20, 5

    def __init__(self, share: float) -> None:
        self._share = share
        self._last: deque[bool] = deque(maxlen=self.LAST)
        self._opened: int | None = None
        self._probing = False

    def admits(self, now: int) -> bool:
        """Whether a call may be made now; each that may is told to `ended`."""
        if self._opened is None:
            return True
        if self._probing or now < self._opened + self.OPEN_S * SECOND:
            return False
        self._probing = True
        return True

    def ended(self, now: int, good: bool) -> None:
        """Learn how a call ended."""
        if self._opened is not None:
            if self._probing:
                self._probing = False
                self._opened = None if good else now
                self._last.clear()
            return
        self._last.append(good)
        if len(self._last) == self.LAST and self._last.count(False) >= self._share * self.LAST:
            self._opened = now
