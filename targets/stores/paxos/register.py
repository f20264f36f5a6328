"""State under one key: its value, its revision, and the last answer to each session that changed it.

CASPaxos replicates a state and no log, so what tells a repeated request from a new one must be in the state itself: the
change that a request asks for (section 2.2: "a change function") is carried out on it at most once.

Pitfall: a session that asked for nothing during `FORGET_AFTER` changes of the key is forgotten; a request that is
repeated later than that is carried out again.
"""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from splitbrain.targets.stores.machine import changed
from splitbrain.targets.stores.messages import Request, Response

FORGET_AFTER = 1000


class Answered(Struct, frozen=True, array_like=True):
    """The last request of a session, its answer, and how many changes had been asked for then."""

    sequence: int
    response: Response
    at: int


class Register(Struct, frozen=True, array_like=True):
    """One state. count: how many changes were asked for so far. digest: of them, in order, with what came of each.
    sessions: of each the last, the oldest first; never mutated."""

    value: Any = None
    revision: int = 0
    count: int = 0
    digest: int = 0
    sessions: dict[str, Answered] = {}

    @property
    def response(self) -> Response:
        """The answer to a read."""
        return Response(self.value, self.revision)


EMPTY = Register()
"""The state of a key that was never written."""


class Change(NamedTuple):
    """The result of requests: the state after them, the answer to each (None for one that is older than its session's
    last, for which nobody waits), and the names of those that were carried out."""

    register: Register
    answers: list[Response | None]
    executed: list[tuple[str, int]]


class ChangeFunction:
    """The change that requests ask for."""

    def __call__(self, register: Register, requests: Sequence[Request]) -> Change:
        """Carry requests out on a state, in order."""
        sessions: dict[str, Answered] | None = None
        value, revision, count, digest = register.value, register.revision, register.count, register.digest
        answers: list[Response | None] = []
        done: list[tuple[str, int]] = []
        for request in requests:
            if request.f == "read":
                answers.append(Response(value, revision))
                continue
            known = (sessions or register.sessions).get(request.session)
            if known is not None and self._had(known, request):
                answers.append(known.response if known.sequence == request.sequence else None)
                continue
            new, error = changed(value, request)
            if error is None:
                value, revision = new, revision + 1
            response = error or Response(None, revision)
            count += 1
            digest = zlib.crc32(f"{request.session} {request.sequence} {response.error} {revision}".encode(), digest)
            sessions = dict(register.sessions) if sessions is None else sessions
            sessions.pop(request.session, None)
            sessions[request.session] = Answered(request.sequence, response, count)
            answers.append(response)
            done.append((request.session, request.sequence))
        if sessions is None:
            return Change(register, answers, done)
        while next(iter(sessions.values())).at <= count - FORGET_AFTER:
            del sessions[next(iter(sessions))]
        return Change(Register(value, revision, count, digest, sessions), answers, done)

    def _had(self, known: Answered, request: Request) -> bool:
        """Whether the session has had a request."""
        return request.sequence <= known.sequence
