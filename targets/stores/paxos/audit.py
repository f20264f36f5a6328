"""Audit of paxos: no two nodes hold different states of one ballot, and what a majority holds has every change that was
acknowledged and none that was refused.

Copies need not become equal: a node that missed a change holds an older ballot until its key changes again. Of each key
the highest ballot counts, for among any majority one node has what was chosen last.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.audit import CHECK
from splitbrain.targets.stores.client import Sessions
from splitbrain.targets.stores.paxos.acceptor import Slot
from splitbrain.targets.stores.paxos.messages import Ballot, KeyName
from splitbrain.targets.stores.paxos.register import FORGET_AFTER


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A node's account of a key. contents: a checksum of value and revision. sessions: of each the number of its last
    request. forgotten: whether it may have forgotten some."""

    key: KeyName
    accepted: Ballot
    digest: int
    contents: int
    sessions: dict[str, int]
    forgotten: bool

    @classmethod
    def of(cls, key: KeyName, slot: Slot) -> "Kept":
        """The account of a slot."""
        register = slot.register
        sessions = {name: known.sequence for name, known in register.sessions.items()}
        contents = zlib.crc32(msgspec.msgpack.encode([register.value, register.revision]))
        return cls(key, slot.accepted, register.digest, contents, sessions, register.count > FORGET_AFTER)


def understood(value: Any) -> list[Kept]:
    """The answer of a node to "audit"."""
    return msgspec.convert(value, list[Kept])


def judge_kept(answers: Mapping[str, Sequence[Kept]], nodes: int, sessions: Sessions) -> Verdict:
    """The verdict on the answers of the nodes that answered, of so many nodes."""
    details: dict[str, Value] = {"keys": {name: len(kept) for name, kept in answers.items()}}
    words = _differing(answers)
    latest: dict[KeyName, Kept] = {}
    for kept in answers.values():
        for one in kept:
            if one.key not in latest or one.accepted > latest[one.key].accepted:
                latest[one.key] = one
    done: dict[str, int] = {}
    for one in latest.values():
        for session, sequence in one.sessions.items():
            done[session] = max(sequence, done.get(session, 0))
    words += [
        f"request {sequence} of session {session} was refused, and was carried out"
        for session, sequence in sessions.refused.items()
        if any(one.sessions.get(session, 0) >= sequence for one in latest.values())
    ]
    if len(answers) > nodes // 2:
        words += [
            f"request {sequence} of session {session} was acknowledged, and no node of a majority has it"
            for session, sequence in sessions.acknowledged.items()
            if done.get(session, 0) < sequence and not any(one.forgotten for one in latest.values())
        ]
    elif not words:
        return unknown(CHECK, f"{len(answers)} of {nodes} nodes could be asked", **details)
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)), details=details)
    reason = f"of {len(latest)} keys {len(answers)} nodes agree, and no acknowledged request is missing"
    return Verdict(Validity.VALID, reason, CHECK, details=details)


def _differing(answers: Mapping[str, Sequence[Kept]]) -> list[str]:
    """The keys of which two nodes hold different states of one ballot, in words."""
    words: list[str] = []
    first: dict[tuple[KeyName, Ballot], tuple[str, Kept]] = {}
    for name, kept in answers.items():
        for one in kept:
            other, same = first.setdefault((one.key, one.accepted), (name, one))
            if (same.digest, same.contents) != (one.digest, one.contents):
                words.append(f"{other} and {name} differ in key {one.key!r} though both hold ballot {one.accepted}")
    return words
