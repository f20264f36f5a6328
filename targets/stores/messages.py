"""Messages that every own store shares, between clients and nodes and between nodes.

Pitfall: a message between nodes may arrive twice, late or never. So a request is known by (session, sequence) and by
nothing else, and a refusal of a *forwarded* request proves nothing: another copy of it may have been accepted.
"""

from typing import Any

from msgspec import Struct

NEVER_EXPIRED = (-1, -1)
"""Less than the age of any session."""


def session_name(node: str, clock: int, number: int) -> str:
    """The name of a session. clock, number: no two sessions have both; the later session has the greater ones."""
    return f"{node}.{clock:x}.{number:x}"


def age(session: str) -> tuple[int, int]:
    """The order of sessions, the older first: clock and number of the name; a name without is the oldest."""
    try:
        _, clock, number = session.rsplit(".", 2)
        return int(clock, 16), int(number, 16)
    except ValueError:
        return 0, 0


class Request(Struct, frozen=True, gc=False, array_like=True):
    """A client's request. `f` is "read", "write", "cas" (value: old and new), "add" (to a set), "append" (to a list),
    "increment" (a counter), or, of a store with transactions, "txn" (value: a list of [f, key, value], f of which is
    "r", "w" or "append"). value: of a read nothing, or, where the store has tokens, the revision of the key that its
    answer must not be older than. session, sequence: the request's name; a client numbers its requests upwards and has
    one open. A node of a store that is `introspective` answers two more for itself, at once: "role", with [name, term],
    and "audit", with an `Account`."""

    f: str
    key: Any = None
    value: Any = None
    session: str = ""
    sequence: int = 0


class Response(Struct, frozen=True, gc=False, array_like=True):
    """The answer. `error` is None, or one of the words in the target's error table, which says what it means."""

    value: Any = None
    revision: int | None = None
    error: str | None = None
    text: str = ""


class Account(Struct, frozen=True, gc=False, array_like=True):
    """A node's account of its copy. applied: how many entries were applied to it. digest: of all that they changed, in
    order. contents: of what it holds now. sessions: of each, the number of the last request that was carried out.
    expired: the age (see `age`) of the youngest session that it no longer remembers. parts: how many entries were
    applied to each part of the copy, where it has several."""

    applied: int
    digest: int
    contents: int
    sessions: dict[str, int]
    expired: tuple[int, int] = NEVER_EXPIRED
    parts: dict[str, int] = {}

    @property
    def reached(self) -> tuple[Any, ...]:
        """The point that the copy has reached: two that have reached the same must hold the same."""
        return (self.applied, *sorted(self.parts.items()))


class Forward(Struct, frozen=True, gc=False, tag="forward"):
    """A request on its way from the node that was asked to the node that can serve it."""

    request: Request


class Answer(Struct, frozen=True, gc=False, tag="answer"):
    """The way back of a forwarded request's answer."""

    session: str
    sequence: int
    response: Response


class Entry(Struct, frozen=True, gc=False, array_like=True):
    """A line of a replicated log: the term (or view) of the node that placed it, and the request it carries; a request
    of None does nothing when applied."""

    term: int
    request: Request | None


MEMBERS, REMOVE_MEMBER, ADMIT_MEMBER, PROMOTE_MEMBER = "members", "remove-member", "admit-member", "promote-member"
OF_OPERATORS = (MEMBERS, REMOVE_MEMBER, ADMIT_MEMBER, PROMOTE_MEMBER)
"""The `f` of an operator's requests to a store whose members change: who they are, and each change of one. value: the
name of the node in question. The answer: the names of those that have a vote, and of those that have none."""

PRECONDITION = "precondition"
"""Another value than the expected one: an answer."""
NO_LEADER = "no-leader"
"""Refused before anything was done: no leader is known here."""
UNAVAILABLE = "unavailable"
"""Refused before anything was done: the node, or one that it needs, is not fit to serve."""
UNSUPPORTED = "unsupported"
"""Refused before anything was done: the request makes no sense."""
IN_DOUBT = "in-doubt"
"""Accepted once, by a node that can no longer say what becomes of it."""
EXPIRED = "expired"
"""Not carried out, for its session has expired. Another copy of the request may have been carried out before that."""
