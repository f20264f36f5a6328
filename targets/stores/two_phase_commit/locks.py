"""Lock table of a participant: who holds which key, who waits, and who is wounded.

Rosenkrantz, Stearns and Lewis, "System Level Concurrency Control for Distributed Database Systems", TODS 1978
(wound-wait): an older transaction that waits for a younger one has that aborted, so that only the younger ever wait for
long, and no cycle can close, over any number of nodes. Whoever has voted is not wounded: it waits for nothing, and
ends.
"""

from collections.abc import Sequence

from splitbrain.targets.stores.two_phase_commit.messages import Age, StepAsk
from splitbrain.targets.stores.two_phase_commit.shard import Name


class LockTable:
    """Locks by key: transaction → whether it is exclusive. What waits for a key is a step that needs it."""

    def __init__(self) -> None:
        self._holders: dict[Name, dict[str, bool]] = {}
        self._waiting: dict[Name, dict[tuple[str, int], tuple[StepAsk, bool]]] = {}
        self._ages: dict[str, Age] = {}

    def holds(self, name: Name, txn: str) -> bool:
        """Whether a transaction has any lock of a key."""
        return txn in self._holders.get(name, {})

    def exclusive(self, name: Name) -> str | None:
        """The transaction that has a key alone; None if there is none."""
        return next((txn for txn, alone in self._holders.get(name, {}).items() if alone), None)

    def of(self, txn: str) -> list[tuple[Name, bool]]:
        """The locks of a transaction."""
        return [(name, held[txn]) for name, held in self._holders.items() if txn in held]

    def take(self, name: Name, txn: str, age: Age, *, alone: bool) -> None:
        """Give a lock, whoever else has it."""
        self._ages[txn] = age
        held = self._holders.setdefault(name, {})
        held[txn] = held.get(txn, False) or alone

    def conflicts(self, name: Name, txn: str, *, alone: bool) -> list[str]:
        """The other transactions whose locks of a key do not go together with a lock of this one."""
        return [other for other, held in self._holders.get(name, {}).items() if other != txn and (alone or held)]

    def wait(self, name: Name, ask: StepAsk, *, alone: bool) -> None:
        """Let a step wait for a key; once only."""
        self._ages[ask.txn] = ask.age
        self._waiting.setdefault(name, {}).setdefault((ask.txn, ask.number), (ask, alone))

    def grant(self, name: Name) -> tuple[list[StepAsk], list[str]]:
        """Give a key to those that can have it, the oldest first: their steps, and the transactions that are in the way
        of an older one."""
        waiting = self._waiting.get(name)
        if not waiting:
            self._waiting.pop(name, None)
            return [], []
        granted: list[StepAsk] = []
        wounded: dict[str, None] = {}
        for ask, alone in sorted(waiting.values(), key=lambda entry: (entry[0].age, entry[0].number)):
            if not self.conflicts(name, ask.txn, alone=alone):
                self.take(name, ask.txn, ask.age, alone=alone)
                del waiting[ask.txn, ask.number]
                granted.append(ask)
        for ask, alone in waiting.values():
            wounded |= dict.fromkeys(self.in_the_way(name, ask, alone=alone))
        if not waiting:
            del self._waiting[name]
        return granted, list(wounded)

    def in_the_way(self, name: Name, ask: StepAsk, *, alone: bool) -> Sequence[str]:
        """The younger transactions for which a step waits."""
        return [other for other in self.conflicts(name, ask.txn, alone=alone) if self._ages[other] > ask.age]

    def give_back(self, name: Name, txn: str) -> None:
        """Take a lock away."""
        self._holders.get(name, {}).pop(txn, None)

    def release(self, txn: str) -> list[Name]:
        """Take away all that a transaction has and waits for; the keys."""
        names: dict[Name, None] = {}
        for name, held in list(self._holders.items()):
            if held.pop(txn, None) is not None:
                names[name] = None
            if not held:
                del self._holders[name]
        for name, waiting in self._waiting.items():
            for entry in [entry for entry in waiting if entry[0] == txn]:
                del waiting[entry]
                names[name] = None
        self._ages.pop(txn, None)
        return list(names)
