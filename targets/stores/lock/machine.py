"""Machine of a lock service: locks with their holders and tokens, and the resources that they guard.

| request | value | answer |
|---|---|---|
| `acquire` | | the token, greater than all before of this lock; `precondition` while somebody holds it |
| `refresh` | token | the lease begins anew; `precondition` if the token is not the holder's |
| `release` | token | nobody holds it; `precondition` likewise |
| `use` | token | the resource's revision; with fencing, `precondition` for a token below one that it has seen |

Pitfall: the resource knows no locks. It sees tokens alone, as a disk or a queue would that is somewhere else.
"""

from collections.abc import Iterable
from typing import Any

from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.leases import LeaseMachine, LeaseNode
from splitbrain.targets.stores.machine import wire_name
from splitbrain.targets.stores.messages import PRECONDITION, UNSUPPORTED, Request, Response
from splitbrain.targets.stores.raft.node import RaftParts
from splitbrain.targets.stores.raft.server import RaftSettings

REQUESTS = ("acquire", "refresh", "release", "use")
FREE = (0, "", 0)
"""Token, holder and grant of a lock that nobody ever held."""


class LockMachine(LeaseMachine):
    """Locks and resources. Of a lock it keeps the last token, the session that holds it ("": nobody), and the number of
    the grant; of a resource, the last token that it took."""

    fencing = True
    """Whether resources check tokens."""

    def refusal(self, request: Request) -> Response | None:
        """See `Machine`. Nothing but locks can be asked for, save the read with which a client sees that all serves."""
        if request.f in REQUESTS[1:] and type(request.value) is not int:
            return Response(error=UNSUPPORTED, text=f"the value of {request.f} is a token, an integer")
        if request.f in (*REQUESTS, "read"):
            return None
        return Response(error=UNSUPPORTED, text=f"no such operation: {request.f}")

    def leases(self) -> Iterable[str]:
        """The locks that somebody holds."""
        names = [name for name in self._values if isinstance(name, str) and name.startswith("lock ")]
        return [name for name in names if self._lock(name)[1]]

    def grant(self, name: str) -> int | None:
        """See `LeaseMachine`."""
        _, holder, grant = self._lock(name)
        return grant if holder else None

    def _change(self, request: Request) -> Response:
        if request.f not in REQUESTS:
            return super()._change(request)
        key = wire_name(request.key)
        name = f"lock {key if isinstance(key, str) else key.hex()}"
        if request.f == "acquire":
            return self._acquire(name, request.session)
        if request.f == "use":
            return self._use(name, request.value)
        if not self._holds(name, request.value):
            return Response(error=PRECONDITION, text=f"token {request.value} does not hold it")
        return self._refresh(name) if request.f == "refresh" else self._release(name, request.value)

    def _acquire(self, name: str, session: str) -> Response:
        if self.grant(name) is not None:
            return Response(error=PRECONDITION, text=f"held, with token {self._lock(name)[0]}")
        token = self._next_token(name)
        self._mark("acquired", name, token)
        self._put(name, (token, session, self._grants(name)))
        return Response(token)

    def _refresh(self, name: str) -> Response:
        token, holder, _ = self._lock(name)
        self._mark("refreshed", name, token)
        self._put(name, (token, holder, self._grants(name)))
        return Response()

    def _release(self, name: str, token: int) -> Response:
        self._mark("released", name, token)
        self._free(name, self._lock(name)[0])
        return Response()

    def _lapse(self, name: str) -> None:
        token = self._lock(name)[0]
        self._mark("lapsed", name, token)
        self._free(name, token)

    def _free(self, name: str, token: int) -> None:
        """Take a lock from its holder; its last token stays known."""
        self._put(name, (token, "", self._count))

    def _use(self, name: str, token: int) -> Response:
        resource = f"resource of {name}"
        last, revision = self._values.get(resource, (0, 0))
        if self.fencing and not self._fits(name, token, last):
            return Response(error=PRECONDITION, text=f"fenced off: the resource has seen token {last}")
        self._mark("used", name, token)
        self._values[resource] = (token, revision + 1)
        return Response(None, revision + 1)

    def _fits(self, name: str, token: int, last: int) -> bool:
        """Whether the resource takes a token, after the last one."""
        return token >= last

    def _holds(self, name: str, token: int) -> bool:
        """Whether a token is the holder's."""
        last, holder, _ = self._lock(name)
        return bool(holder) and token == last

    def _next_token(self, name: str) -> int:
        """The token of the next holder."""
        return self._lock(name)[0] + 1

    def _lock(self, name: str) -> tuple[int, str, int]:
        token, holder, grant = self._values.get(name, (FREE, 0))[0]
        return token, holder, grant

    def _put(self, name: str, lock: tuple[int, str, int]) -> None:
        self._values[name] = lock, self._values.get(name, (None, 0))[1] + 1


CORRECT = RaftParts(machine=LockMachine)


class LockNode(LeaseNode):
    """A server of the lock service. fencing: whether resources check tokens."""

    def __init__(
        self,
        name: str,
        nodes: Any,
        random: RandomStream,
        *,
        settings: RaftSettings,
        lease: int,
        fencing: bool = True,
        parts: RaftParts = CORRECT,
    ) -> None:
        super().__init__(name, nodes, random, settings=settings, lease=lease, parts=parts)
        if isinstance(self.machine, LockMachine):
            self.machine.fencing = fencing
