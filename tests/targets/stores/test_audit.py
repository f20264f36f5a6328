"""The audit of own stores: what copies may not say of themselves, and that healthy stores pass it."""

import asyncio

import pytest

from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import settle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.verdict import Validity
from splitbrain.targets.stores import Raft, Single
from splitbrain.targets.stores.audit import judge
from splitbrain.targets.stores.client import Sessions
from splitbrain.targets.stores.messages import Account

from .contract import TARGETS, store


def said(accounts: dict[str, Account], acknowledged: dict[str, int], *, leading: bool = True) -> tuple[Validity, str]:
    """The verdict on three copies, and its reason."""
    sessions = Sessions()
    sessions.acknowledged = acknowledged
    verdict = judge(accounts, 3, sessions, leading=leading)
    return verdict.value, verdict.reason


SAME = Account(5, 77, 88, {"s": 3})


@pytest.mark.parametrize(
    ("other", "acknowledged", "value", "words"),
    [
        (SAME, {"s": 3}, Validity.VALID, "2 copies are equal after 5 entries"),
        (Account(5, 78, 88, {"s": 3}), {}, Validity.INVALID, "the histories of n1 and n2 differ"),
        (Account(5, 77, 89, {"s": 3}), {}, Validity.INVALID, "the contents of n1 and n2 differ"),
        (Account(4, 70, 80, {"s": 3}), {}, Validity.UNKNOWN, "had not become equal"),
        (SAME, {"s": 4}, Validity.INVALID, "request 4 of session s was acknowledged, and n1 has not applied it"),
        (SAME, {"t": 1}, Validity.INVALID, "request 1 of session t was acknowledged, and n1 has not applied it"),
    ],
)
def test_copies_are_judged(other: Account, acknowledged: dict[str, int], value: Validity, words: str) -> None:
    found, reason = said({"n1": SAME, "n2": other}, acknowledged)
    assert found is value
    assert words in reason


def test_a_session_that_may_have_expired_is_not_missed_and_a_younger_one_is() -> None:
    old = Account(5, 77, 88, {}, expired=(0x10, 2))
    assert said({"n1": old, "n2": old}, {"n1.10.2": 1})[0] is Validity.VALID
    assert said({"n1": old, "n2": old}, {"n1.f.3": 1})[0] is Validity.VALID
    assert said({"n1": old, "n2": old}, {"n1.10.3": 1})[0] is Validity.INVALID


def test_too_few_copies_or_no_leader_is_unknown() -> None:
    assert said({"n1": SAME}, {})[0] is Validity.UNKNOWN
    assert said({"n1": SAME, "n2": SAME}, {}, leading=False)[0] is Validity.UNKNOWN


@pytest.mark.parametrize("name", TARGETS)
def test_a_healthy_store_passes_its_audit(name: str) -> None:
    target = store(name)
    environment = Sim(1)

    async def main() -> tuple[Validity, str]:
        cluster = await environment.up(target.deployments[0], ["n1", "n2", "n3"], None)
        client = target.client(cluster.nodes[1])
        await client.open()
        async with asyncio.timeout(10):
            while True:
                try:
                    await client.setup()
                    break
                except Exception:  # noqa: BLE001 - no leader yet
                    await asyncio.sleep(0.1)
        changes = ("write", "add", "send", "enqueue", "acquire", "transfer", "read", "members")
        change = next(f for f in changes if f in target.operations)
        for number in range(5):
            value = {"from": "a0", "to": "a1", "amount": 1} if change == "transfer" else number
            await client.invoke(Operation(change, value, "log0"))
        verdict = await target.audit(cluster.nodes)  # type: ignore[attr-defined]
        await client.close()
        await cluster.down()
        return verdict.value, verdict.reason

    value, reason = environment.run(main)
    assert value is Validity.VALID, reason


def test_snapshots_reach_a_node_that_was_away_and_its_log_stays_short() -> None:
    target = Raft(settle(Raft.options, {"snapshot_entries": "50"}, "raft"))
    environment = Sim(3)

    async def main() -> None:
        cluster = await environment.up(target.deployments[0], ["n1", "n2", "n3"], None)
        client = target.client(cluster.nodes[0])
        await client.open()
        await asyncio.sleep(1)
        roles = await target.roles(cluster.nodes)
        away = next(node for node in cluster.nodes[1:] if roles[node.name] != "leader")
        await away.kill()
        for value in range(400):
            await client.invoke(Operation("write", value, f"k{value % 10}"))
        await away.start()
        verdict = await target.audit(cluster.nodes)
        assert verdict.value is Validity.VALID, verdict.reason
        assert environment.marks.counts["snapshot"] == 1
        # It has forgotten nothing over a restart from the snapshot.
        await away.kill()
        await away.start()
        assert (await target.audit(cluster.nodes)).value is Validity.VALID
        for node in cluster.nodes:
            assert len(node.machine.disk.contents()["log"]) < 20_000
        await client.close()
        await cluster.down()

    environment.run(main)


def test_the_log_of_a_single_copy_stays_short_and_all_of_it_survives_restarts() -> None:
    target = Single(settle(Single.options, {"snapshot_entries": "50"}, "single"))
    environment = Sim(3)

    async def main() -> None:
        cluster = await environment.up(target.deployments[0], ["n1", "n2"], None)
        client = target.client(cluster.nodes[1])
        await client.open()
        for turn in range(4):
            for value in range(100):
                await client.invoke(Operation("append", 100 * turn + value, "list"))
            await cluster.nodes[0].kill()
            await cluster.nodes[0].start()
            assert len(cluster.nodes[0].machine.disk.contents()["log"]) < 8_000
        found = await client.invoke(Operation("read", None, "list"))
        assert found.value == tuple(range(400)) and found.revision == 400
        assert (await target.audit(cluster.nodes)).value is Validity.VALID
        await client.close()
        await cluster.down()

    environment.run(main)


def test_servers_draw_how_often_they_make_snapshots_unless_it_was_given() -> None:
    drawn = Raft(settle(Raft.options, {}, "raft")).program
    numbers = [drawn("n1", ("n1", "n2"), RandomStream(seed, "node"))._compaction.after for seed in range(40)]  # type: ignore[attr-defined]
    assert len(set(numbers)) > 20
    assert 4 <= min(numbers) < 15 and 100 < max(numbers) <= 400
    never = Raft(settle(Raft.options, {"snapshot_entries": "0"}, "raft")).program
    assert never("n1", ("n1", "n2"), RandomStream(1, "node"))._compaction.after == 0  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="snapshot_entries is a number of entries, 0 or more, or drawn, not 'often'"):
        Raft(settle(Raft.options, {"snapshot_entries": "often"}, "raft"))
