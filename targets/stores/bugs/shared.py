"""Bugs in what all own stores share: journal, log, machine, requests."""

from collections.abc import Mapping

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.codec import unframe
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.messages import NO_LEADER, Request, Response
from splitbrain.targets.stores.requests import Origin, Requests, answer


class TornTailLeft(Journal):
    """A log that leaves a torn tail, so that what is written behind it is never read again."""

    def recover(self, disk: Mapping[str, bytes]) -> tuple[list[bytes], list[Effect]]:
        """The records before the tail; the file stays as it is."""
        records, _ = unframe(disk.get(self.file, b""))
        self.written = self.durable = len(records)
        return records, []


class DurableAtOnce(Journal):
    """Bug: calls what it wrote durable without waiting for the sync."""

    def flush(self) -> list[Effect]:
        """Call everything durable as soon as it was handed to the disk."""
        effects = super().flush()
        self.durable = self.written
        return effects


class NoDeduplication(Machine):
    """Bug: carries out every request that it is given, also one that its session has had."""

    def apply(self, request: Request) -> Response | None:
        """Carry it out."""
        return self._execute(request)


class ShortMemory(Machine):
    """Bug: forgets a session after a few requests of others, and takes what comes of it later for new."""

    KEPT = 16

    def _expire(self) -> None:
        while len(self._sessions) > self.KEPT or self._oldest() < self._count - self.KEPT:
            del self._sessions[next(iter(self._sessions))]

    def _oldest(self) -> int:
        return next((session.at for session in self._sessions.values()), self._count)


class NoJoin(Requests):
    """Bug: places a request anew though the same one is on its way."""

    def joins(self, request: Request, origin: Origin) -> bool:
        """Whether a request joins one under way: never."""
        return False


class MisdirectedIsRefused(Requests):
    """Bug: tells whoever passed a request on that nothing was done, though another copy of it may have been
    accepted."""

    def misdirected(self, sender: str, request: Request) -> Effect:
        """A definite refusal."""
        return answer(sender, request, Response(error=NO_LEADER, text="asked a node that does not lead"))


class UnansweredIsRefused(Requests):
    """Bug: tells a client that nothing was done when the node to which its request was passed on leads no more."""

    def unanswered(self, text: str) -> Response:
        """A definite refusal."""
        return Response(error=NO_LEADER, text=text)
