"""Injections healed exactly once, in reverse order, and recorded, whatever happens meanwhile.

A fake cluster notes what is done to it; every call into it passes a few checkpoints, at each of which a test can
cancel the nemesis."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from splitbrain.harness.active_faults import FaultReport
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.fault import Plan, View
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import Bite, ChangeMembers, Cut, Injection, Kill, Pause, SkewClock
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream


@dataclass
class FakeNode:
    name: str
    running: bool = True
    starts: int = 0

    async def start(self) -> None:
        await asyncio.sleep(0)
        self.running, self.starts = True, self.starts + 1


@dataclass
class NemesisStage:
    """A cluster, its journal and its clock, all fake, on the virtual clock of a simulator."""

    sim: Sim
    nodes: list[FakeNode] = field(default_factory=lambda: [FakeNode(name) for name in ("n1", "n2", "n3")])
    done: list[str] = field(default_factory=list)
    events: list[tuple[int, str, Value]] = field(default_factory=list)
    bites: dict[str, Bite] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    """The calls that raise: "inject X", "heal X"."""
    waits_for: dict[str, str] = field(default_factory=dict)
    """The fault whose heal waits, by the fault that it waits for."""
    slow_s: float = 0.0
    points: int = 0
    at_point: Callable[[int], None] = lambda point: None

    async def checkpoint(self) -> None:
        self.points += 1
        self.at_point(self.points)
        await asyncio.sleep(0)

    def note(self, what: str) -> None:
        self.done.append(what)
        if what in self.broken:
            raise OSError(f"cannot {what}")

    async def inject(self, injection: Injection) -> "FaultInJournal":
        name = label(injection)
        await self.checkpoint()
        await asyncio.sleep(self.slow_s)
        self.note(f"inject {name}")
        await self.checkpoint()
        return FaultInJournal(self, name)

    async def healed(self, name: str) -> None:
        """Wait until it is healed."""
        while f"heal {name}" not in self.done:
            await asyncio.sleep(0.1)

    async def roles(self) -> Mapping[str, str]:
        await self.checkpoint()
        self.done.append("roles")
        return {"n2": "leader"}

    def nemesis(self, f: str, value: Value) -> int:
        self.events.append((self.sim.now(), f, value))
        return len(self.events)

    def deaths(self) -> Sequence[Death]:
        return ()

    async def down(self) -> None:
        pass

    async def run(self, nemesis: NemesisRunner) -> None:
        await nemesis.run(self, self.roles, self, self.sim.now)  # type: ignore[arg-type]

    def named(self, prefix: str) -> list[str]:
        return [what.removeprefix(prefix) for what in self.done if what.startswith(prefix)]


@dataclass
class FaultInJournal:
    stage: NemesisStage
    name: str

    async def heal(self) -> Bite:
        await self.stage.checkpoint()
        if self.name in self.stage.waits_for:
            await self.stage.healed(self.stage.waits_for[self.name])
        self.stage.note(f"heal {self.name}")
        await self.stage.checkpoint()
        return self.stage.bites.get(self.name, {"hits": 1})


def label(injection: Injection) -> str:
    return injection.node if isinstance(injection, SkewClock) else type(injection).__name__


class Planned:
    """A fault that always plans the same."""

    summary = "for tests"
    options: Sequence[Option] = ()
    needs: tuple[type[Injection], ...] = ()
    variants: tuple[str, ...] = ("a", "b")
    default = True

    def __init__(self, name: str, *injections: Injection, wants_roles: bool = False, once: bool = False) -> None:
        self.name, self.injections, self.wants_roles, self.once = name, injections, wants_roles, once

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        if variant == "never":
            return None
        value = {"variant": variant, "leaders": list(view.leaders()), "draw": random.below(10**6)}
        return Plan(value, self.injections, once=self.once)


CUT = Planned("cut", Cut((("n1", "n2"),)))
CLOCKS = Planned("clocks", SkewClock("n1"), SkewClock("n2"), SkewClock("n3"))
KILL = Planned("kill", Kill(("n1",)), wants_roles=True)
PAUSE = Planned("pause", Pause(("n3",)))
MEMBERS = Planned("members", ChangeMembers(("n1",)))


def slot(fault: Planned, start_s: float, duration_s: float, variant: str = "a") -> ScheduledFault:
    return ScheduledFault(int(start_s * SECOND), int(duration_s * SECOND), fault, variant)


OVERLAPPING = (slot(CLOCKS, 1, 4), slot(KILL, 2, 2), slot(CUT, 6, 1))
POINTS = 21
"""Checkpoints that these pass: one for the roles, four for each of five injections."""


def play(main: Callable[[NemesisStage], Coroutine[Any, Any, None]]) -> NemesisStage:
    stage = NemesisStage(Sim(1))
    stage.sim.run(lambda: main(stage))
    return stage


async def cancelled(task: Awaitable[None]) -> None:
    with pytest.raises(asyncio.CancelledError):
        await task


def assert_whole(stage: NemesisStage) -> None:
    """Assert that everything injected was healed once, and every start has its stop."""
    assert sorted(stage.named("inject ")) == sorted(stage.named("heal "))
    assert len(stage.named("heal ")) == len(set(stage.named("heal ")))
    words = [f for _, f, _ in stage.events]
    assert sorted(w.removeprefix("start-") for w in words if w.startswith("start-")) == sorted(
        w.removeprefix("stop-") for w in words if w.startswith("stop-")
    )


def test_faults_come_and_go_when_the_schedule_says() -> None:
    nemesis = NemesisRunner(OVERLAPPING, 1)
    stage = play(lambda stage: stage.run(nemesis))
    assert [(time / SECOND, f) for time, f, _ in stage.events] == [
        (1.0, "start-clocks"),
        (2.0, "start-kill"),
        (4.0, "stop-kill"),
        (5.0, "stop-clocks"),
        (6.0, "start-cut"),
        (7.0, "stop-cut"),
    ]
    assert stage.named("heal ") == ["Kill", "n3", "n2", "n1", "Cut"]
    assert stage.events[2][2] == {"bite": {"hits": 1}}
    assert stage.events[3][2] == {"bite": {"hits": 3}}


def test_time_counts_from_the_start_of_the_track() -> None:
    async def main(stage: NemesisStage) -> None:
        await asyncio.sleep(10)
        await stage.run(NemesisRunner([slot(CUT, 1, 2)], 1))

    assert [time / SECOND for time, _, _ in play(main).events] == [11.0, 13.0]


def test_roles_are_asked_only_for_a_fault_that_wants_them() -> None:
    stage = play(lambda stage: stage.run(NemesisRunner(OVERLAPPING, 1)))
    assert stage.done.count("roles") == 1
    leaders = {f: value["leaders"] for _, f, value in stage.events if f.startswith("start-")}
    assert leaders == {"start-clocks": [], "start-kill": ["n2"], "start-cut": []}


def test_plans_are_drawn_by_seed_fault_and_occurrence() -> None:
    def draws(seed: int, *slots: ScheduledFault) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for _, f, value in play(lambda stage: stage.run(NemesisRunner(slots, seed))).events:
            if f.startswith("start-"):
                found.setdefault(f, []).append(value["draw"])
        return found

    first = draws(1, slot(CUT, 1, 1), slot(CUT, 3, 1))["start-cut"]
    assert first[0] != first[1]
    assert draws(1, slot(KILL, 0.5, 0.1), slot(CUT, 1, 1), slot(CUT, 3, 1))["start-cut"] == first
    assert draws(2, slot(CUT, 1, 1), slot(CUT, 3, 1))["start-cut"] != first


def test_a_variant_that_makes_no_sense_now_gives_way_to_one_that_does() -> None:
    stage = play(lambda stage: stage.run(NemesisRunner([slot(CUT, 1, 1, "never")], 1)))
    assert stage.events[0][2]["variant"] == "a"


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_cancelled_at_any_await_nothing_stays_injected(point: int) -> None:
    async def main(stage: NemesisStage) -> None:
        nemesis = NemesisRunner(OVERLAPPING, 1)
        task = asyncio.ensure_future(stage.run(nemesis))
        stage.at_point = lambda at: task.cancel() if at == point else None  # type: ignore[func-returns-value,assignment]
        await cancelled(task)
        await nemesis.heal()
        assert_whole(stage)
        before = list(stage.done)
        await nemesis.heal()
        assert stage.done == before

    play(main)


@pytest.mark.parametrize("after_ms", range(0, 7000, 500))
def test_cancelled_at_any_time_nothing_stays_injected(after_ms: int) -> None:
    async def main(stage: NemesisStage) -> None:
        stage.slow_s = 0.3
        nemesis = NemesisRunner(OVERLAPPING, 1)
        task = asyncio.ensure_future(stage.run(nemesis))
        await asyncio.sleep(after_ms / 1000 + 0.1)
        task.cancel()
        await cancelled(task)
        await nemesis.heal()
        assert_whole(stage)

    play(main)


@pytest.mark.parametrize("point", range(1, 12))
def test_a_cancelled_heal_can_be_called_again(point: int) -> None:
    async def main(stage: NemesisStage) -> None:
        nemesis = NemesisRunner([slot(CLOCKS, 1, 9), slot(PAUSE, 2, 8)], 1)
        task = asyncio.ensure_future(stage.run(nemesis))
        await asyncio.sleep(3)
        task.cancel()
        await cancelled(task)
        healing = asyncio.ensure_future(nemesis.heal())
        passed = stage.points
        stage.at_point = lambda at: healing.cancel() if at == passed + point else None  # type: ignore[func-returns-value,assignment]
        await asyncio.gather(healing, return_exceptions=True)
        await nemesis.heal()
        assert_whole(stage)
        assert stage.named("heal ") == ["Pause", "n3", "n2", "n1"]

    play(main)


def test_every_heal_is_tried_though_others_fail() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.broken = ("heal n2", "heal Pause")
        nemesis = NemesisRunner([slot(CLOCKS, 1, 9), slot(PAUSE, 2, 8)], 1)
        task = asyncio.ensure_future(stage.run(nemesis))
        await asyncio.sleep(3)
        task.cancel()
        await cancelled(task)
        with pytest.raises(InfrastructureError, match="fault pause: cannot heal Pause; fault clocks: cannot heal n2"):
            await nemesis.heal()
        assert_whole(stage)
        assert stage.events[-1][2] == {"bite": {"hits": 2}, "errors": ["cannot heal n2"]}
        await nemesis.heal()

    play(main)


def test_a_failing_heal_ends_the_track_and_the_rest_is_healed() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.broken = ("heal Kill",)
        nemesis = NemesisRunner(OVERLAPPING, 1)
        with pytest.raises(InfrastructureError, match="fault kill: cannot heal Kill"):
            await stage.run(nemesis)
        await nemesis.heal()
        assert_whole(stage)

    play(main)


def test_what_was_injected_before_a_failing_injection_is_healed() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.broken = ("inject n2",)
        nemesis = NemesisRunner([slot(CLOCKS, 1, 2)], 1)
        with pytest.raises(OSError, match="cannot inject n2"):
            await stage.run(nemesis)
        with pytest.raises(InfrastructureError, match="cannot inject n2"):
            await nemesis.heal()
        assert stage.done == ["inject n1", "inject n2", "heal n1"]
        assert stage.events[-1][1:] == ("stop-clocks", {"bite": {"hits": 1}, "errors": ["cannot inject n2"]})

    play(main)


def test_slow_injections_still_leave_time_to_bite_and_never_overlap_themselves() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.slow_s = 2.5
        await stage.run(NemesisRunner([slot(CUT, 1, 2), slot(CUT, 3.5, 2)], 1))

    assert [(time / SECOND, f) for time, f, _ in play(main).events] == [
        (1.0, "start-cut"),
        (3.5, "stop-cut"),
        (3.5, "start-cut"),
        (7.0, "stop-cut"),
    ]


def test_bites_are_summed_but_of_skews_the_largest_counts() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.bites = {"n1": {"skew_ms": 5}, "n2": {"skew_ms": 9}, "n3": {"skew_ms": 2}, "Cut": {"dropped": 3}}
        nemesis = NemesisRunner([slot(CLOCKS, 1, 1), slot(CUT, 3, 1), slot(CLOCKS, 5, 1), slot(CUT, 7, 1)], 1)
        await stage.run(nemesis)
        assert nemesis.reports() == {
            "clocks": FaultReport(2, {"skew_ms": 9}),
            "cut": FaultReport(2, {"dropped": 6}),
        }

    play(main)


def test_a_fault_that_never_bit_or_never_came_has_no_bite() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.bites = {"Cut": {"dropped": 0}}
        nemesis = NemesisRunner([slot(CUT, 1, 1)], 1, ["cut", "absent"])
        await stage.run(nemesis)
        assert nemesis.reports() == {"cut": FaultReport(1, None), "absent": FaultReport(0, None)}

    play(main)


@pytest.mark.parametrize(("did", "comes"), [(3, 1), (0, 2)])
def test_a_slot_in_reserve_comes_only_if_its_fault_has_done_nothing(did: int, comes: int) -> None:
    async def main(stage: NemesisStage) -> None:
        stage.bites = {"Cut": {"dropped": did}}
        nemesis = NemesisRunner([slot(CUT, 1, 1), replace(slot(CUT, 3, 1), reserve=True)], 1)
        await stage.run(nemesis)
        assert nemesis.reports()["cut"].times == comes

    play(main)


def test_a_slot_in_reserve_comes_if_its_fault_met_no_serving_cluster_and_waits_for_one() -> None:
    async def main(stage: NemesisStage) -> None:
        slots = [slot(CUT, 1, 1), replace(slot(CUT, 3, 1), reserve=True, patience=4 * SECOND)]
        nemesis = NemesisRunner(slots, 1)
        await nemesis.run(stage, stage.roles, stage, stage.sim.now, lambda: stage.sim.now() > 5 * SECOND)  # type: ignore[arg-type]
        assert nemesis.reports()["cut"].times == 2

    stage = play(main)
    assert [round(time / SECOND, 1) for time, f, _ in stage.events if f == "start-cut"] == [1.0, 5.0]


@pytest.mark.parametrize(("serves_from", "starts"), [(0, 1.0), (2, 2.0), (9, 3.0)])
def test_a_patient_slot_waits_for_service_and_no_longer_than_its_patience(serves_from: int, starts: float) -> None:
    async def main(stage: NemesisStage) -> None:
        nemesis = NemesisRunner([replace(slot(CUT, 1, 4), patience=2 * SECOND), slot(KILL, 1, 1)], 1)
        await nemesis.run(stage, stage.roles, stage, stage.sim.now, lambda: stage.sim.now() >= serves_from * SECOND)  # type: ignore[arg-type]

    stage = play(main)
    at = {f: round(time / SECOND, 1) for time, f, _ in stage.events}
    assert (at["start-kill"], at["start-cut"], at["stop-cut"]) == (1.0, starts, 5.0)


@pytest.mark.parametrize("by_option", [False, True])
def test_who_died_of_a_fault_is_restarted_at_its_heal(by_option: bool) -> None:
    async def main(stage: NemesisStage) -> None:
        killed, long_dead, victim = stage.nodes
        long_dead.running = False
        nemesis = NemesisRunner([slot(CUT, 1, 2), slot(KILL, 2, 4)], 1, restart_the_dead=by_option)
        task = asyncio.ensure_future(stage.run(nemesis))
        await asyncio.sleep(2.5)
        killed.running = victim.running = False
        await task
        restarted = {f: value.get("restarted") for _, f, value in stage.events if f.startswith("stop-")}
        assert restarted["stop-cut"] == (["n2", "n3"] if by_option else ["n3"])
        assert restarted["stop-kill"] == ["n1"]
        assert (killed.starts, long_dead.starts, victim.starts) == (1, int(by_option), 1)

    play(main)


def test_a_heal_that_the_cluster_decides_goes_on_beside_others() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.waits_for = {"ChangeMembers": "Cut"}
        # The second one finds the first still being healed, and does not come.
        await stage.run(
            NemesisRunner([slot(MEMBERS, 1, 1), slot(CUT, 1.5, 3), slot(MEMBERS, 3, 1), slot(PAUSE, 5, 1)], 1)
        )

    stage = play(main)
    assert_whole(stage)
    assert [(round(time / SECOND, 0), f) for time, f, _ in stage.events] == [
        (1.0, "start-members"),
        (2.0, "start-cut"),
        (4.0, "stop-cut"),
        (5.0, "stop-members"),
        (5.0, "start-pause"),
        (6.0, "stop-pause"),
    ]


def test_a_heal_that_the_cluster_decides_comes_last() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.waits_for = {"ChangeMembers": "Cut"}
        nemesis = NemesisRunner([slot(CUT, 1, 9), slot(MEMBERS, 2, 8), slot(PAUSE, 3, 7)], 1)
        task = asyncio.ensure_future(stage.run(nemesis))
        await asyncio.sleep(4)
        task.cancel()
        await cancelled(task)
        await nemesis.heal()
        assert stage.named("heal ") == ["Pause", "Cut", "ChangeMembers"]
        assert_whole(stage)

    play(main)


def test_a_heal_that_fails_beside_others_ends_the_track() -> None:
    async def main(stage: NemesisStage) -> None:
        stage.broken = ("heal ChangeMembers",)
        nemesis = NemesisRunner([slot(MEMBERS, 1, 1), slot(CUT, 4, 1)], 1)
        with pytest.raises(InfrastructureError, match="fault members: cannot heal ChangeMembers"):
            await stage.run(nemesis)
        await nemesis.heal()
        assert stage.named("inject ") == ["ChangeMembers"]
        alone = NemesisRunner([slot(MEMBERS, 1, 1)], 1)
        await stage.run(alone)
        with pytest.raises(InfrastructureError, match="fault members: cannot heal ChangeMembers"):
            await alone.heal()

    play(main)


def test_who_leaves_the_cluster_is_not_restarted_by_the_heal_of_another_fault() -> None:
    async def main(stage: NemesisStage) -> None:
        leaver = stage.nodes[0]
        task = asyncio.ensure_future(stage.run(NemesisRunner([slot(CUT, 1, 2), slot(MEMBERS, 2, 3)], 1)))
        await asyncio.sleep(2.5)
        leaver.running = False
        await asyncio.sleep(1)
        assert leaver.starts == 0
        await task

    play(main)


@pytest.mark.parametrize("again", [True, False])
def test_what_can_be_done_once_lasts_until_its_turn_comes_again_or_to_the_end(again: bool) -> None:
    upgrade = Planned("upgrade", Cut((("n1", "n2"),)), once=True)
    nemesis = NemesisRunner(
        [slot(upgrade, 1, 1), slot(PAUSE, 3, 1), *(slot(upgrade, 5 + i, 0.5) for i in range(2 * again))], 1
    )

    async def main(stage: NemesisStage) -> None:
        await stage.run(nemesis)
        assert stage.named("heal ") == (["Pause", "Cut"] if again else ["Pause"])
        await nemesis.heal()
        assert_whole(stage)

    stage = play(main)
    assert [(time / SECOND, f) for time, f, _ in stage.events] == [
        (1.0, "start-upgrade"),
        (3.0, "start-pause"),
        (4.0, "stop-pause"),
        (5.0 if again else 4.0, "stop-upgrade"),
    ]
    assert nemesis.reports()["upgrade"].times == 1
