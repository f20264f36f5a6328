"""Rounds of a leader: every broadcast and every new entry opens one, which later messages carry. Once a majority has
answered to a round, the server was still the leader when that round began: reads rest on it, and the leader's own
belief in itself."""

from splitbrain.targets.stores.raft.server import RaftServer


class LeaderRounds:
    """The rounds of a server, as long as it leads."""

    def __init__(self, server: RaftServer) -> None:
        self._server = server
        self._answered: dict[str, int] = {}
        """The last round that each of the others has answered."""
        self._begun: dict[int, int] = {}
        self.round = 0
        """The number of the last broadcast."""
        self.confirmed = 0
        """The last round to which a majority has answered."""
        self.confirmed_at = 0
        """The start of that round, by the monotonic clock."""

    def clock(self) -> int:
        """The clock by which leases are measured."""
        return self._server.now.monotonic

    def _begin_rounds(self) -> None:
        self._answered, self._begun = {}, {}
        self.round = self.confirmed = 0
        self.confirmed_at = self.clock()

    def _open_round(self) -> None:
        self.round += 1
        self._begun[self.round] = self.clock()

    def _confirm(self) -> None:
        """See to which round a majority has answered, this server included where it has a vote."""
        server = self._server
        rounds = [self.round if voter == server.name else self._answered[voter] for voter in server.voters]
        answered = sorted(rounds, reverse=True)[server.majority - 1]
        if answered > self.confirmed:
            self.confirmed_at = self._begun[answered]
            for number in range(self.confirmed, answered + 1):
                self._begun.pop(number, None)
            self.confirmed = answered
