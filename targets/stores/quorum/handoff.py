"""Hinted handoff: another node keeps what a replica that does not answer should have, and hands it over later (Dynamo,
section 4.6). With that, a *sloppy* quorum is one of any nodes: it accepts writes while the replicas are away.

Pitfall: hints are promises. One that is not on disk, or is dropped before its owner has it on disk, loses what was
acknowledged by it.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.copies import ReplicaCopies
from splitbrain.targets.stores.replicas import Put
from splitbrain.targets.stores.rounds import Rounds
from splitbrain.targets.stores.versions import Versions


class StandIns:
    """Stand-ins for replicas that do not answer in a round. after: nanoseconds of silence. rounds: of the same node."""

    def __init__(self, rounds: Rounds, after: int) -> None:
        self._rounds = rounds
        self._after = after
        self._watched: dict[int, tuple[str, Versions, tuple[str, ...], list[str]]] = {}
        """Number of a round → its key, what is to be stored, the replicas, and who may still stand in."""

    def watch(self, key: str, versions: Versions, replicas: Sequence[str], others: Sequence[str]) -> None:
        """Watch the round that began last."""
        self._watched[next(reversed(self._rounds.open))] = key, versions, tuple(replicas), list(others)

    def tick(self, now: int) -> list[Effect]:
        """Have others stand in for replicas that have been silent for too long."""
        effects: list[Effect] = []
        for number, (key, versions, replicas, others) in list(self._watched.items()):
            found = self._rounds.open.get(number)
            if found is None:
                del self._watched[number]
            elif now - found.began >= self._after:
                del self._watched[number]
                silent = [replica for replica in replicas if replica not in found.answers]
                for owner, other in zip(silent, others, strict=False):
                    # A read asks the stand-in as it would the replica.
                    message = Put(number, key, versions, owner) if versions else found.message
                    effects += self._rounds.ask_also(number, other, message, owner)
        return effects


class Handoff:
    """Versions that a node keeps for others, and hands over. again: nanoseconds after which a hint is offered again."""

    def __init__(self, copies: ReplicaCopies, again: int) -> None:
        self._copies = copies
        self._again = again
        self._next = 0
        self._offered: dict[int, tuple[str, str, Versions]] = {}

    def due(self, now: int) -> Mapping[tuple[str, str], Versions]:
        """The hints to be offered now, by key and owner."""
        if now < self._next or not self._copies.hints:
            return {}
        self._next = now + self._again
        return dict(self._copies.hints)

    def arrived(self, key: str, owner: str, versions: Versions) -> None:
        """Drop a hint whose versions its owner has on disk; what was added meanwhile stays."""
        if self._copies.hints.get((key, owner)) == versions:
            self._copies.handed_over(key, owner)
