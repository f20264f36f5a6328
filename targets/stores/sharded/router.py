"""Router of a node: the group to which a client's request goes, by what the node has heard last of the slot's owner.

A route may be old, and a restart takes the node back to the first routes. That is safe, for a group carries out what it
owns and nothing else: it answers `moved` in the order of its log, with the owner that it knows of, and the request goes
there, under its session and number. Where the route is newer than what the group knows, the slot is on its way to it,
and the request comes again after `PAUSE`.

Pitfall: what was once passed on to a group may have a copy on its way there. So what another group, or the same one
later, says of having done nothing is in doubt; and what was refused for good at first stays refused.
"""

from collections import OrderedDict
from collections.abc import Sequence

from splitbrain.harness.program import Effect, Reply
from splitbrain.targets.stores.messages import IN_DOUBT, NO_LEADER, Request, Response
from splitbrain.targets.stores.requests import Requests
from splitbrain.targets.stores.sharded.partitioning import Partitioning

PAUSE = 30_000_000
"""Nanoseconds after which a request comes again to a group that was not yet the owner."""
ATTEMPTS = 20
"""Groups that are asked for one request, at most, the same one again included."""
OPEN_MAX = 10_000
"""Requests whose answer is waited for, at most."""


class OpenRequest:
    """A client's request that has no answer yet."""

    __slots__ = ("attempts", "request", "slot")

    def __init__(self, request: Request, slot: int) -> None:
        self.request = request
        self.slot = slot
        self.attempts = 0


class ShardRequests(Requests):
    """Memory of the requests of this node's clients, in whatever group."""

    def passed_on(self, request: Request) -> None:
        """Note that a group may carry out a request."""
        self._note(request, refused=False)


class Router:
    """The routes of one node, and its clients' requests."""

    def __init__(self, partitioning: Partitioning) -> None:
        self._partitioning = partitioning
        self._routes = [(0, owner) for owner in partitioning.owners]
        """Of each slot, since which epoch which group is known to have it."""
        self._requests = ShardRequests()
        self._open: OrderedDict[int, OpenRequest] = OrderedDict()
        self._pausing: list[int] = []

    def begin(self, handle: int, request: Request) -> Effect | None:
        """Take a client's request; the answer if it was refused before."""
        if self._requests.refused_before(request):
            return Reply(handle, Response(error=NO_LEADER, text="refused when it came first"))
        self._open[handle] = OpenRequest(request, self._partitioning.slot(request.key))
        if len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)
        return None

    def next(self, handle: int) -> tuple[str, Request] | None:
        """The group to which a request goes now; None if nobody waits for it any more."""
        found = self._open.get(handle)
        if found is None:
            return None
        found.attempts += 1
        return self._routes[found.slot][1], found.request

    def passed(self, handle: int) -> None:
        """Note that a request was passed to a group that did not answer at once."""
        found = self._open.get(handle)
        if found is not None:
            self._requests.passed_on(found.request)

    def learn(self, slot: int, epoch: int, group: str) -> None:
        """Take in who has a slot since which epoch, if it is news."""
        if epoch > self._routes[slot][0]:
            self._routes[slot] = epoch, group

    def publish(self, owners: Sequence[str], epoch: int) -> None:
        """Take in the table of an epoch."""
        for slot, owner in enumerate(owners):
            self.learn(slot, epoch, owner)

    def answered(self, handle: int, response: Response) -> Effect | None:
        """The answer of a group, for the client; None if there is nobody to hear it."""
        found = self._open.pop(handle, None)
        if found is None:
            return None
        if response.error == NO_LEADER:
            return self._requests.refuse(handle, found.request, NO_LEADER, response.text)
        self._requests.passed_on(found.request)
        return Reply(handle, response)

    def again(self, handle: int, group: str) -> bool:
        """Whether to ask at once again, as another route is known than the group that was wrong. Otherwise the request
        pauses, or has come too often: then `answered` with a doubt."""
        found = self._open.get(handle)
        if found is None:
            return False
        self._requests.passed_on(found.request)
        if self._routes[found.slot][1] != group:
            return True
        self._pausing.append(handle)
        return False

    def spent(self, handle: int) -> Response | None:
        """The answer to a request that has come too often to groups that were not the owner."""
        found = self._open.get(handle)
        if found is None or found.attempts < ATTEMPTS:
            return None
        return Response(error=IN_DOUBT, text="no owner of its slot was found")

    @property
    def pauses(self) -> bool:
        """Whether a request waits to come again."""
        return bool(self._pausing)

    def resumed(self) -> list[int]:
        """The requests that have paused."""
        pausing, self._pausing = self._pausing, []
        return pausing
