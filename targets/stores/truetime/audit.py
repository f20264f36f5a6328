"""Audit of truetime after a run: the owners of keys have all requests that were acknowledged, and none that was
refused. And the invariants that are watched meanwhile.

Pitfall: each session is remembered by every owner that it has asked, so that a request is missing only where no node
has it, or a later one of its session. A node that does not answer may be the one that has it.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.audit import ANSWER_SECONDS, CHECK, PAUSE_SECONDS, SECONDS, carried_out, missing
from splitbrain.targets.stores.client import Sessions, ask_account
from splitbrain.targets.stores.messages import Account

ALL = "all nodes"


async def audited(nodes: Sequence[Node], sessions: Sessions) -> Verdict:
    """The verdict on these nodes, when all answer."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + SECONDS
    while True:
        answers = await asyncio.gather(*(ask_account(node, ANSWER_SECONDS) for node in nodes))
        accounts = [account for account in answers if account is not None]
        if len(accounts) == len(nodes):
            return judge(accounts, sessions)
        if loop.time() >= ends:
            return unknown(CHECK, f"{len(accounts)} of {len(nodes)} nodes could be asked, and each has keys of its own")
        await asyncio.sleep(PAUSE_SECONDS)


def judge(accounts: Sequence[Account], sessions: Sessions) -> Verdict:
    """The verdict on the accounts of all nodes."""
    last: dict[str, int] = {}
    for account in accounts:
        for session, number in account.sessions.items():
            last[session] = max(number, last.get(session, 0))
    whole = {ALL: Account(sum(account.applied for account in accounts), 0, 0, last)}
    words = missing(whole, sessions.acknowledged) + carried_out(whole, sessions.refused)
    details: dict[str, Value] = {"acknowledged_sessions": len(sessions.acknowledged), "retried": sessions.retried}
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)), details=details)
    reason = f"no acknowledged request of {len(sessions.acknowledged)} sessions is missing at the owner of its key"
    return Verdict(Validity.VALID, reason, CHECK, details=details)


def timestamps_rise() -> Invariant:
    """The greater timestamp for the later of two changes of a key, over restarts too. The mark `shown` has key, number
    of the change at its owner, and timestamp."""

    def watch() -> Watch:
        last: dict[str, tuple[int, int]] = {}

        def see(event: MarkEvent) -> str | None:
            key, number, at = event.values
            before, stamp = last.get(key, (0, 0))
            if number <= before:
                return None
            last[key] = number, at
            return None if at > stamp else f"{event.node} gives a change of {key} timestamp {at}, after {stamp}"

        return see

    return Invariant("timestamps rise", ("shown",), watch)


def past_when_shown() -> Invariant:
    """Changes shown when their timestamps are past by true time. The mark `shown` as for `timestamps_rise`."""

    def early(event: MarkEvent, true: int) -> str | None:
        key, _, at = event.values
        return f"{event.node} shows a change of {key} {_ms(at - true)} before its time" if at > true else None

    return Invariant("shown when past", ("clock", "shown"), partial(_by_true_time, early))


def reads_to_come() -> Invariant:
    """Reads that see their key at a time that is not past by true time when they come. The mark `asked` has that
    time."""

    def late(event: MarkEvent, true: int) -> str | None:
        (at,) = event.values
        return f"{event.node} has a read see its key {_ms(true - at)} ago" if at < true else None

    return Invariant("reads at times to come", ("clock", "asked"), partial(_by_true_time, late))


def _by_true_time(judge: Callable[[MarkEvent, int], str | None]) -> Watch:
    """Judge marks by the true time of day, nanoseconds. The mark `clock` has what the wall clock of a node shows when
    it starts: the first one of a run is true, for no fault has begun."""
    offset: list[int] = []

    def see(event: MarkEvent) -> str | None:
        if event.name != "clock":
            return judge(event, event.time + offset[0]) if offset else None
        if not offset:
            offset.append(event.values[0] - event.time)
        return None

    return see


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.3f} ms"
