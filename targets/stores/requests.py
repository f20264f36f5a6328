"""Bookkeeping between clients, forwarded requests and log entries: which request waits for which entry.

A request comes from a client of this node or from a node that forwarded it; it becomes a log entry; when that entry is
applied, the waiting request is answered.

Pitfall: an entry that was overwritten here may still be committed elsewhere, and
a forwarded request may have a second copy on its way. So what was once accepted is answered by its result or by
"in doubt", and never by a definite failure. And what was refused for good stays refused: a copy of it that comes later
(a proxy may send a client's request twice) is refused, too.
"""

from collections import OrderedDict

from splitbrain.harness.program import Effect, Reply, Send
from splitbrain.targets.stores.messages import IN_DOUBT, NO_LEADER, Answer, Forward, Request, Response

Origin = int | str
"""The origin: a client of this node (the handle of its request), or the node that forwarded it (its name)."""

Name = tuple[str, int]
"""A request's name: (session, sequence)."""

REMEMBERED = 10_000
"""Sessions of clients of a node whose last request is remembered, as long as its process lives: copies come to it."""


def answer(origin: Origin, request: Request, response: Response) -> Effect:
    """The effect that brings a response to the client or node that asked."""
    return _answer(origin, (request.session, request.sequence), response)


def refuse(origin: Origin, request: Request, error: str, text: str) -> Effect:
    """Refuse a request of which this node did nothing. A client hears the definite error; of a forwarded request
    another copy may have been accepted, so that node hears that it is in doubt."""
    if isinstance(origin, str):
        error = IN_DOUBT
    return answer(origin, request, Response(error=error, text=text))


def _answer(origin: Origin, name: Name, response: Response) -> Effect:
    if isinstance(origin, str):
        return Send(origin, Answer(*name, response))
    return Reply(origin, response)


class Requests:
    """Everything that this node still owes somebody an answer for."""

    def __init__(self) -> None:
        self._waiting: dict[Name, list[Origin]] = {}
        self._places: dict[int, Name] = {}
        self._forwarded: dict[str, tuple[int, int, str]] = {}
        """Session → (sequence, handle of the client's request, node it was passed on to)."""
        self._seen: OrderedDict[str, tuple[int, bool]] = OrderedDict()
        """Of each session of a client of this node: the number of its last request, and whether it was refused."""

    def refuse(self, origin: Origin, request: Request, error: str, text: str) -> Effect:
        """Refuse a request: for good, unless another copy of it may have been accepted."""
        if isinstance(origin, int):
            last, refused = self._seen.get(request.session, (0, True))
            if request.sequence < last or (request.sequence == last and not refused):
                error = IN_DOUBT
            else:
                self._note(request, refused=True)
        return refuse(origin, request, error, text)

    def refused_before(self, request: Request) -> bool:
        """Whether a copy of a client's request was refused for good: then this one must be."""
        return self._seen.get(request.session) == (request.sequence, True)

    def _note(self, request: Request, *, refused: bool) -> None:
        """Note what became of a client's request, unless it is a late copy: a later one is known."""
        known = self._seen.pop(request.session, (0, True))
        self._seen[request.session] = (request.sequence, refused) if request.sequence >= known[0] else known
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def joins(self, request: Request, origin: Origin) -> bool:
        """Whether the same request is already on its way; then this origin waits for it too."""
        origins = self._waiting.get((request.session, request.sequence))
        if origins is None:
            return False
        if origin not in origins:
            origins.append(origin)
        return True

    def placed(self, index: int, request: Request, origin: Origin) -> list[Effect]:
        """Note that a request became the entry at this index. Whoever waited for another entry there is told of the
        doubt."""
        doubtful = self._displaced(index)
        name = request.session, request.sequence
        self._places[index] = name
        self._waiting[name] = [origin]
        if isinstance(origin, int):
            self._note(request, refused=False)
        return doubtful

    def applied(self, index: int, request: Request | None, response: Response | None) -> list[Effect]:
        """Answer those who wait for the entry at this index, which was applied with this response (None: nobody may be
        answered)."""
        effects: list[Effect] = []
        if not self._waiting and not self._places:
            return effects
        if request is not None:
            name = request.session, request.sequence
            origins = self._waiting.pop(name, ())
            if response is not None:
                effects += [_answer(origin, name, response) for origin in origins]
        return effects + self._displaced(index)

    def passed(self, index: int) -> list[Effect]:
        """Tell waiting requests of their doubt: a snapshot took the place of all entries up to an index."""
        places = [place for place in self._places if place <= index]
        return [effect for place in places for effect in self._displaced(place)]

    def _displaced(self, index: int) -> list[Effect]:
        name = self._places.pop(index, None)
        if name is None:
            return []
        origins = self._waiting.pop(name, ())
        doubt = Response(error=IN_DOUBT, text="another entry took its place in the log")
        return [_answer(origin, name, doubt) for origin in origins]

    def abandon(self, text: str) -> list[Effect]:
        """Tell all waiting requests that their end is unknown: no result will come from this node."""
        doubt = Response(error=IN_DOUBT, text=text)
        effects = [_answer(origin, name, doubt) for name, origins in self._waiting.items() for origin in origins]
        self._waiting.clear()
        self._places.clear()
        return effects

    def forward(self, to: str | None, handle: int, request: Request) -> Effect:
        """Pass a client's request on, once; without a known leader, refuse it."""
        if to is None:
            return self.refuse(handle, request, NO_LEADER, "no leader is known here")
        self._note(request, refused=False)
        self._forwarded[request.session] = request.sequence, handle, to
        return Send(to, Forward(request))

    def follow(self, leader: str) -> list[Effect]:
        """Follow another node, which decides now: what was passed on to the one before is in doubt. Its answer might
        still come, but a client that waited for it would mostly wait in vain."""
        lost = [(session, handle) for session, (_, handle, to) in self._forwarded.items() if to != leader]
        for session, _ in lost:
            del self._forwarded[session]
        response = self.unanswered("passed on to a node that does not lead any more")
        return [Reply(handle, response) for _, handle in lost]

    def unanswered(self, text: str) -> Response:
        """The response to a request that was passed on and has not been answered."""
        return Response(error=IN_DOUBT, text=text)

    def misdirected(self, sender: str, request: Request) -> Effect:
        """Refuse a request that was passed on to a node that does not lead."""
        return refuse(sender, request, NO_LEADER, "asked a node that does not lead")

    def answered(self, message: Answer) -> list[Effect]:
        """Pass on the answer to a forwarded request; late and doubled answers are nobody's."""
        sequence, handle, _ = self._forwarded.get(message.session, (-1, -1, ""))
        if sequence != message.sequence:
            return []
        del self._forwarded[message.session]
        return [Reply(handle, message.response)]
