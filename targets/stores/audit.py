"""Audit of own stores after a run: their copies are equal, nothing that was acknowledged is missing in them, and
nothing that was refused is in them.

Nodes are asked for an `Account` of their copy over the ordinary client path, again and again until all have applied
equally much. Copies that have and differ refute the run at once. What was acknowledged is looked for in the table of
sessions, where every carried-out request leaves its number.

Pitfall: a copy may be behind for a while, or a leader may not know yet what is committed; so a missing request counts
only if it is missing at the end of `SECONDS` too, with copies that are equal, of a majority, and somebody who leads.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.client import Sessions, ask_account
from splitbrain.targets.stores.messages import Account, age
from splitbrain.targets.stores.planted import BUG, PlantedStore

__all__ = ["BUG", "RETRIES", "AuditedStore"]

CHECK = "audit"
SECONDS = 15.0
"""The time that copies may take to become equal."""
PAUSE_SECONDS = 0.25
ANSWER_SECONDS = 2.0

RETRIES = Option(
    "retries",
    "drawn",
    "whether clients send a request again, under its session and number, when in doubt; drawn: every second one does",
    ("on", "off", "drawn"),
)
LEADING = ("leader", "primary")


class AuditedStore(PlantedStore):
    """A store whose nodes tell their role and give account of their copies, and whose clients may retry."""

    def __init__(self, settings: Mapping[str, "str | int | float | bool | None"]) -> None:
        super().__init__(settings)
        self._clients = 0

    def copies(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """The nodes that hold a copy."""
        return nodes

    async def led(self, nodes: Sequence[Node]) -> bool:
        """Whether any node says that it leads."""
        roles = await self.roles(nodes)
        return any(role in LEADING for role in roles.values())

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        copies = self.copies(nodes)
        loop = asyncio.get_running_loop()
        ends = loop.time() + SECONDS
        while True:
            answers = await asyncio.gather(*(ask_account(node, ANSWER_SECONDS) for node in copies))
            accounts = {node.name: answer for node, answer in zip(copies, answers, strict=True) if answer is not None}
            verdict = judge(accounts, len(copies), self._sessions, leading=await self.led(nodes))
            certain = differing(accounts) or carried_out(accounts, self._sessions.refused)
            if certain or verdict.value is Validity.VALID or loop.time() >= ends:
                return verdict
            await asyncio.sleep(PAUSE_SECONDS)

    def _retries(self) -> bool:
        self._clients += 1
        wanted = self._word("retries")
        return wanted == "on" or (wanted == "drawn" and self._clients % 2 == 0)


def judge(accounts: Mapping[str, Account], copies: int, sessions: Sessions, *, leading: bool) -> Verdict:
    """The verdict on these accounts, of so many copies. leading: whether any node says that it leads."""
    details: dict[str, Value] = {
        "applied": {name: account.applied for name, account in accounts.items()},
        "acknowledged_sessions": len(sessions.acknowledged),
        "retried": sessions.retried,
    }
    words = differing(accounts)
    if not words:
        applied = Counter(account.reached for account in accounts.values())
        if len(accounts) <= copies // 2 or not leading:
            return unknown(CHECK, f"{len(accounts)} of {copies} copies could be asked, {_leader(leading)}", **details)
        if len(applied) > 1:
            told = ", ".join(f"{name} {account.applied}" for name, account in accounts.items())
            return unknown(CHECK, f"the copies had not become equal after {SECONDS:g} s: {told} entries", **details)
        words = missing(accounts, sessions.acknowledged)
    words = words or carried_out(accounts, sessions.refused)
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)), details=details)
    reason = f"{len(accounts)} copies are equal after {max(applied)[0]} entries, and no acknowledged request is missing"
    return Verdict(Validity.VALID, reason, CHECK, details=details)


def _leader(leading: bool) -> str:
    return "and one leads" if leading else "and none leads"


def differing(accounts: Mapping[str, Account]) -> list[str]:
    """The copies that have applied equally much and differ, in words."""
    words: list[str] = []
    first: dict[tuple[Any, ...], tuple[str, Account]] = {}
    for name, account in accounts.items():
        other, same = first.setdefault(account.reached, (name, account))
        if (same.digest, same.contents) != (account.digest, account.contents):
            what = "contents" if same.contents != account.contents else "histories"
            words.append(f"the {what} of {other} and {name} differ though both have applied {account.applied} entries")
    return words


def carried_out(accounts: Mapping[str, Account], refused: Mapping[str, int]) -> list[str]:
    """The requests that were refused for good and yet carried out, in words."""
    words: list[str] = []
    for session, sequence in refused.items():
        for name, account in accounts.items():
            if account.sessions.get(session, 0) >= sequence:
                words.append(f"request {sequence} of session {session} was refused, and {name} has carried it out")
                break
    return words


def missing(accounts: Mapping[str, Account], acknowledged: Mapping[str, int]) -> list[str]:
    """The acknowledged requests that a copy has not, in words."""
    words: list[str] = []
    for name, account in accounts.items():
        for session, sequence in acknowledged.items():
            last = account.sessions.get(session)
            if (last is None and age(session) > account.expired) or (last is not None and last < sequence):
                words.append(f"request {sequence} of session {session} was acknowledged, and {name} has not applied it")
    return words
