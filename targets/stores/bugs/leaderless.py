"""Bugs of the stores without a leader: quorum and abd."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from splitbrain.harness.program import Effect, Reply
from splitbrain.targets.stores.abd import NOT_ENOUGH, AbdNode
from splitbrain.targets.stores.copies import ReplicaCopies
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.quorum.node import TOO_FEW, QuorumNode
from splitbrain.targets.stores.replicas import refused
from splitbrain.targets.stores.rounds import Answers, Rounds
from splitbrain.targets.stores.versions import Version, Versions, following


class CountsEveryAnswer(Rounds):
    """Count answers, and not the nodes that gave them."""

    def heard(self, sender: str, number: int, answer: Any) -> list[Effect]:
        """Count an answer again that came before."""
        found = self.open.get(number)
        if found is not None and sender in found.answers:
            found.answers[f"{sender} again"] = answer
        return super().heard(sender, number, answer)


class TakesWhatIsSent(ReplicaCopies):
    """Put what it is sent in the place of what it has, without comparing versions."""

    def _keep(self, key: str, versions: Versions, owner: str | None) -> bool:
        if owner is None:
            self._versions.pop(key, None)
        return super()._keep(key, versions, owner)


class StartsUncounted(ReplicaCopies):
    """Name versions after each start as after the first one."""

    def _count_start(self) -> None:
        super()._count_start()
        self.starts = 1


class HintsInMemory(ReplicaCopies):
    """Keep hints in memory alone."""

    def merge(self, key: str, versions: Versions, owner: str | None = None) -> bool:
        """Merge versions, but give hints no record."""
        return super().merge(key, versions) if owner is None else self._keep(key, versions, owner)


class AbdWithoutWriteBack(AbdNode):
    """Answer a read with what it found, without writing it back."""

    def _write_back(self, handle: int, key: str, found: Versions, having: Sequence[str]) -> list[Effect]:
        return [Reply(handle, Response(found[0].value if found else None))]


class AbdOwnStamps(AbdNode):
    """Give a write the stamp after the one that this node has, without asking others."""

    def _change(self, handle: int, key: str, request: Request) -> list[Effect]:
        known = self.copies.of(key)
        return self._write(handle, key, request.value, known[0].stamp if known else 0)


class AbdHalf(AbdNode):
    """Take half of the nodes, rounded down, for a majority."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.need = max(1, len(self.nodes) // 2)


class AbdFirstAnswer(AbdNode):
    """Answer a read with the version that it heard first, and write that back."""

    def _read(self, handle: int, key: str) -> list[Effect]:
        def decide(answers: Answers) -> list[Effect]:
            return self._write_back(handle, key, next(iter(answers.values())), ())

        return self.ask_majority(key, decide, partial(refused, handle, NOT_ENOUGH))


class QuorumWithoutOverlap(QuorumNode):
    """Wait for w = n - r replicas with a write, so that a read need not meet it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.w = max(1, self.ring.n - self.r)


class QuorumForgetsContext(QuorumNode):
    """Make versions that replace none of those that were read."""

    def _write_after(self, handle: int, key: str, value: Any, answers: Answers) -> list[Effect]:
        version: Version = following((), self.actor, self.next_number(), value)
        return self._write(handle, key, version)


class QuorumRepairsWithFirst(QuorumNode):
    """Answer a read with what the first replica has, and repair the others with that."""

    def _answer_read(self, handle: int, key: str, answers: Answers) -> list[Effect]:
        found: Versions = next(iter(answers.values()))
        value = max(found, key=lambda version: version.rank).value if found else None
        answer: list[Effect] = [Reply(handle, Response(value))]
        return self._store(key, found, answer, partial(refused, handle, TOO_FEW)) if found else answer
