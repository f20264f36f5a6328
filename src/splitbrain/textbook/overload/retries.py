"""Retries: how long a client waits before it tries again, and whether it does."""

from collections.abc import Callable, Mapping

from splitbrain.harness.random_stream import RandomStream

Pause = Callable[[int, RandomStream], float]
"""The seconds to wait before retry 1, 2, 3, …"""

FIRST_S = 0.1


def fixed(retry: int, stream: RandomStream) -> float:
    """The same pause each time."""
    return FIRST_S


def exponential(longest: float) -> Pause:
    """Pauses that double, up to a longest one."""
    return lambda retry, stream: min(longest, FIRST_S * 2 ** (retry - 1))


def jitter(longest: float) -> Pause:
    """Pauses drawn between none and those that double (full jitter)."""
    return lambda retry, stream: stream.between(0.0, min(longest, FIRST_S * 2 ** (retry - 1)))


def policies(longest: float) -> Mapping[str, Pause]:
    """Ways to wait, by name."""
    return {"fixed": fixed, "exponential": exponential(longest), "jitter": jitter(longest)}


class RetryBudget:
    """Retries up to a share of all requests: each request earns that share of a retry. share: None without a budget."""

    MOST = 10.0
    """Retries that can be saved up."""

    def __init__(self, share: float | None = None) -> None:
        self._share = share
        self._left = 0.0

    def earn(self) -> None:
        """Count a request."""
        if self._share is not None:
            self._left = min(self._left + self._share, self.MOST)

    def spend(self) -> bool:
        """Whether a retry can be afforded; it is then paid for."""
        if self._share is None:
            return True
        if self._left < 1:
            return False
        self._left -= 1
        return True
