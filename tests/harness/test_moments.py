"""Moments: what marks and roles tell of nodes, and strikes that wait for one."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.fault import Plan, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import Injection, Pause
from splitbrain.harness.marks import START, Marks
from splitbrain.harness.moments import Moments
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option
from splitbrain.harness.program import Effects, Mark, Message, Now, SetTimer
from splitbrain.harness.random_stream import RandomStream

NAMES = ("n1", "n2", "n3")


def test_the_newest_leader_that_runs_leads() -> None:
    moments, marks = Moments(NAMES), Marks()
    moments.listen(marks)
    marks.publish("n1", 1, "leader", (3,))
    marks.publish("n2", 2, "leader", (2,))
    assert moments.roles() == {"n1": "leader"}
    marks.publish("n1", 3, START, ())
    assert moments.roles() == {"n2": "leader"}


def test_who_is_voted_for_may_lead_and_who_is_behind_lags() -> None:
    moments, marks = Moments(NAMES), Marks()
    moments.listen(marks)
    assert (moments.candidate, moments.lagging) == (None, None)
    marks.publish("n1", 1, "voted", (3, "n3"))
    for node, index in (("n1", 7), ("n2", 5), ("n3", 6)):
        marks.publish(node, 2, "applied", (index, "x"))
    assert (moments.candidate, moments.lagging) == ("n3", "n2")


def test_without_marks_a_change_of_roles_is_a_moment_of_any_name() -> None:
    moments, at = Moments(NAMES), []
    moments.next("voted", at.append)
    moments.tell({"n1": "follower", "n2": "leader"})
    moments.tell({"n1": "follower", "n2": "leader"})
    assert at == ["n2"]
    assert moments.roles()["n2"] == "leader"


class Elected:
    """n2 marks that it leads, 1.5 s after its start."""

    message_type: ClassVar[Any] = Any
    request_type: ClassVar[Any] = Any
    reply_type: ClassVar[Any] = Any

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        self.name = name

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        return [SetTimer("lead", 3 * SECOND // 2)] if self.name == "n2" else ()

    def on_timer(self, now: Now, name: str) -> Effects:
        return [Mark("leader", 1)]

    def on_message(self, now: Now, sender: str, message: Message) -> Effects:
        return ()

    def on_request(self, now: Now, request: int, message: Message) -> Effects:
        return ()

    def on_durable(self, now: Now, token: int) -> Effects:
        return ()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        return ()


class PauseAtMoment:
    """A fault that pauses the node at which something happened, else the first."""

    name = "stop"
    summary = "for tests"
    options: Sequence[Option] = ()
    needs: tuple[type[Injection], ...] = (Pause,)
    variants: tuple[str, ...] = ("once",)
    default = True
    wants_roles = False

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        node = view.spot or view.nodes[0]
        return Plan(node, (Pause((node,)),))


class MomentJournal:
    def __init__(self, sim: Sim) -> None:
        self.sim, self.events = sim, []

    def nemesis(self, f: str, value: Value) -> int:
        self.events.append((self.sim.now(), f, value))
        return len(self.events)


async def nobody() -> Mapping[str, str]:
    return {}


def strike(moment: str) -> tuple[NemesisRunner, list[tuple[int, str, Value]]]:
    """A strike from 1 s on that waits for a moment for 2 s."""
    sim = Sim(1)
    slot = ScheduledFault(
        SECOND, SECOND // 4, PauseAtMoment(), "once", storm=True, moment=moment, reaction=2_000_000, patience=2 * SECOND
    )
    nemesis, journal = NemesisRunner([slot], 1), MomentJournal(sim)

    async def main() -> None:
        cluster = await sim.up(Simulated(Elected), NAMES, None)
        running = asyncio.ensure_future(nemesis.run(cluster, nobody, journal, sim.now))
        await asyncio.sleep(5)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await nemesis.heal()
        await cluster.down()

    sim.run(main)
    return nemesis, journal.events


def test_a_strike_comes_milliseconds_after_its_moment_and_where_it_happened() -> None:
    nemesis, events = strike("leader")
    (began, _, node), (ended, _, _) = events
    assert (began, node) == (1_502_000_000, "n2")
    assert abs(ended - began - SECOND // 4) <= 1000
    assert nemesis.moments == {"leader": 1}


def test_a_strike_whose_moment_does_not_come_comes_when_its_patience_is_over() -> None:
    nemesis, events = strike("snapshot")
    (began, _, node), _ = events
    assert (began, node) == (3 * SECOND, "n1")
    assert not nemesis.moments
