"""Messages between proposers and acceptors: the two phases of Paxos (Lamport 2001, section 2.2), per key.

A ballot is (counter, life, node): the proposer's counter, how often its process had started, its place among the nodes.
So no two proposals share one, also not over a restart. Pitfall: any message may arrive twice, late, or out of order, so
each answer repeats the ballot that it answers.
"""

from typing import Any

from msgspec import Struct

from splitbrain.targets.stores.paxos.register import Register

Ballot = tuple[int, int, int]
NOTHING: Ballot = (0, 0, 0)
"""Below every ballot."""

KeyName = Any
"""A key as it stands on the wire, text or bytes: see `machine.wire_name`."""


class Prepare(Struct, frozen=True, tag="prepare"):
    """Phase 1a: a proposer asks for a promise to accept nothing below its ballot."""

    key: KeyName
    ballot: Ballot


class Promise(Struct, frozen=True, tag="promise"):
    """Phase 1b: the promise, with the state that the acceptor has accepted last, and in which ballot."""

    key: KeyName
    ballot: Ballot
    accepted: Ballot
    register: Register


class Accept(Struct, frozen=True, tag="accept"):
    """Phase 2a: the proposer's new state."""

    key: KeyName
    ballot: Ballot
    register: Register


class AcceptReply(Struct, frozen=True, tag="accepted"):
    """Phase 2b: it is on the acceptor's disk."""

    key: KeyName
    ballot: Ballot


class Outbid(Struct, frozen=True, tag="outbid"):
    """Refusal of either phase: the acceptor has promised a higher ballot."""

    key: KeyName
    ballot: Ballot
    promised: Ballot


class Query(Struct, frozen=True, tag="query"):
    """A reader's question for the state that was accepted last. number: the reader's, for the answer."""

    key: KeyName
    number: int


class QueryReply(Struct, frozen=True, tag="holding"):
    """The answer; it is on the acceptor's disk."""

    number: int
    accepted: Ballot
    register: Register


PaxosMessage = Prepare | Promise | Accept | AcceptReply | Outbid | Query | QueryReply
