"""Bugs of the lock service: when a lease ends, who may give a lock back, and what a token is worth."""

from splitbrain.targets.stores.lock.machine import LockMachine, LockNode


class LapsesEarly(LockNode):
    """Bug: the leader takes leases for over after a third of their time."""

    def _clock(self) -> int:
        return 3 * super()._clock()


class LeaseByWallClock(LockNode):
    """Bug: the leader measures leases by the wall clock, which may be set."""

    def _clock(self) -> int:
        return self.server.now.wall


class LapseIgnoresRenewal(LockMachine):
    """Bug: a lapse ends whatever grant there is, also one that was renewed, or given to another, meanwhile."""

    def _lapses(self, name: str, grant: int) -> bool:
        return self.grant(name) is not None


class TokenForgotten(LockMachine):
    """Bug: a lock that nobody holds is deleted, with its last token."""

    def _free(self, name: str, token: int) -> None:
        super()._free(name, 0)


class TokenNotInSnapshot(LockMachine):
    """Bug: tokens are counted in memory, and a snapshot does not have the count."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: dict[str, int] = {}

    def restore(self, state: bytes) -> None:
        """Become what another was; tokens begin anew."""
        super().restore(state)
        self._tokens = {}

    def _next_token(self, name: str) -> int:
        self._tokens[name] = self._tokens.get(name, 0) + 1
        return self._tokens[name]


class ReleasedByAnybody(LockMachine):
    """Bug: a lock is given back whatever token the release has."""

    def _holds(self, name: str, token: int) -> bool:
        return self.grant(name) is not None


class ResourceAsksTheLock(LockMachine):
    """Bug: the resource asks whether the lock is somebody else's now, and does not remember what it has seen."""

    def _fits(self, name: str, token: int, last: int) -> bool:
        return self.grant(name) is None or self._holds(name, token)
