"""Plans of faults, as functions of variant, cluster and stream alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, Plan, View
from splitbrain.harness.injection import (
    ChangeMembers,
    FailDisk,
    FillDisk,
    FlipBits,
    Impair,
    Kill,
    Pause,
    Promote,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    TruncateFile,
    Upgrade,
)
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses import FAULTS, parse
from splitbrain.nemeses.maintenance import PromoteNode
from splitbrain.nemeses.node_faults import hit, size_of

FIVE = View(("n1", "n2", "n3", "n4", "n5"), {"n4": "leader"})
views = st.integers(1, 9).flatmap(
    lambda count: st.builds(
        View,
        st.just(tuple(f"n{i + 1}" for i in range(count))),
        st.dictionaries(st.sampled_from([f"n{i + 1}" for i in range(count)]), st.sampled_from(["leader", "follower"])),
    )
)
seeds = st.integers(0, 2**32)


def plan(argument: str, view: View = FIVE, seed: int = 1) -> Plan:
    (fault,) = parse(argument)
    (variant,) = fault.variants
    found = fault.plan(variant, view, RandomStream(seed))
    assert found is not None
    return found


@pytest.mark.parametrize("name", FAULTS)
@given(view=views, seed=seeds)
def test_a_plan_keeps_to_what_the_fault_declares(name: str, view: View, seed: int) -> None:
    fault = FAULTS[name]
    assert (fault.name, len(set(fault.variants))) == (name, len(fault.variants))
    for variant in fault.variants:
        found = fault.plan(variant, view, RandomStream(seed))
        assert found == fault.plan(variant, view, RandomStream(seed))
        if found is None:
            continue
        assert found.injections
        assert all(type(injection) in fault.needs for injection in found.injections)
        if not fault.wants_roles:
            assert found == fault.plan(variant, View(view.nodes, {}), RandomStream(seed))


@pytest.mark.parametrize("name", FAULTS)
def test_five_nodes_can_have_every_variant(name: str) -> None:
    fault = FAULTS[name]
    assert all(fault.plan(variant, View(FIVE.nodes, {}), RandomStream(1)) for variant in fault.variants)


def test_all_is_what_a_system_with_crash_recovery_must_survive() -> None:
    assert [name for name, fault in FAULTS.items() if fault.default] == [
        "partition", "kill", "pause", "clock", "packet", "disk",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "sizes"), [(1, (1, 0, 1, 1)), (2, (1, 0, 2, 2)), (3, (1, 1, 2, 3)), (4, (1, 1, 3, 4)), (5, (1, 2, 3, 5))]
)
def test_sizes(nodes: int, sizes: tuple[int, ...]) -> None:
    assert tuple(size_of(word, nodes) for word in ("one", "minority", "majority", "all")) == sizes


@given(view=views, seed=seeds, data=st.data())
def test_hit_takes_so_many_nodes_and_leaders_first_if_aimed_at(view: View, seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(view.nodes)))
    aimed, leaders = hit(count, "leader", view, RandomStream(seed)), view.leaders()
    assert len(aimed) == len(set(aimed)) == count
    assert len([node for node in aimed if node in leaders]) == min(count, len(leaders))
    assert hit(count, "anyone", view, RandomStream(seed)) == hit(
        count, "anyone", View(view.nodes, {}), RandomStream(seed)
    )


def test_mixed_aim_hits_leaders_more_often_than_chance() -> None:
    hits = sum("n4" in hit(1, "mixed", FIVE, RandomStream(seed)) for seed in range(1000))
    assert 550 < hits < 650


@pytest.mark.parametrize(
    ("name", "injection"),
    [
        ("kill", Kill(("n4",))),
        ("pause", Pause(("n4",))),
        ("disk", SlowDisk(("n4",), 100.0)),
        ("eio", FailDisk(("n4",), "EIO")),
        ("enospc", FailDisk(("n4",), "ENOSPC")),
    ],
)
def test_faults_with_sizes(name: str, injection: object) -> None:
    found = plan(f"{name}:size=one,aim=leader")
    assert found.injections == (injection,)
    assert found.value["nodes"] == ["n4"]
    assert found.value["size"] == "one"


@given(view=views, seed=seeds)
def test_never_as_many_members_leave_as_make_a_majority(view: View, seed: int) -> None:
    fault = FAULTS["membership"]
    for variant in fault.variants:
        found = fault.plan(variant, view, RandomStream(seed))
        assert (found is None) == (len(view.nodes) < (3 if variant == "minority" else 2))
        if found is not None:
            (injection,) = found.injections
            assert isinstance(injection, ChangeMembers)
            assert 1 <= len(injection.nodes) < len(view.nodes) // 2 + 1


@given(view=views, seed=seeds)
def test_an_upgrade_takes_all_nodes_and_stands_still_in_between(view: View, seed: int) -> None:
    found = FAULTS["upgrade"].plan("rolling", view, RandomStream(seed))
    assert (found is None) == (len(view.nodes) < 2)
    if found is not None:
        (injection,) = found.injections
        assert isinstance(injection, Upgrade) and found.once
        assert sorted(injection.nodes) == sorted(view.nodes)
        assert 1 <= injection.ahead < len(view.nodes)


def test_an_upgrade_stands_still_where_it_is_asked_to() -> None:
    (injection,) = plan("upgrade:ahead=3").injections
    assert isinstance(injection, Upgrade) and injection.ahead == 3
    (fault,) = parse("upgrade:ahead=5")
    assert fault.plan("rolling", FIVE, RandomStream(1)) is None


def test_there_is_no_minority_of_two() -> None:
    assert FAULTS["kill"].plan("minority", View(("n1", "n2"), {}), RandomStream(1)) is None


@given(view=views, seed=seeds)
def test_clock_offsets_are_one_to_sixty_seconds_on_a_strict_subset(view: View, seed: int) -> None:
    found = plan("clock:kind=offset", view, seed)
    assert 1 <= len(found.injections) <= max(len(view.nodes) - 1, 1)
    for injection in found.injections:
        assert isinstance(injection, SkewClock)
        assert 1000 <= abs(injection.offset_ms) <= 60_000
        assert injection.rate == 1.0
        assert found.value["offset_ms"][injection.node] == injection.offset_ms


def test_clock_offsets_go_both_ways_and_vary_in_number() -> None:
    plans = [plan("clock:kind=offset", FIVE, seed) for seed in range(50)]
    offsets = [injection.offset_ms for found in plans for injection in found.injections]  # type: ignore[union-attr]
    assert min(offsets) < -10_000
    assert max(offsets) > 10_000
    assert {len(found.injections) for found in plans} == {1, 2, 3, 4}


@given(view=views, seed=seeds)
def test_drift_touches_wall_clocks_only(view: View, seed: int) -> None:
    for injection in plan("clock:kind=drift", view, seed).injections:
        assert isinstance(injection, SkewClock)
        assert 0.1 <= abs(injection.rate - 1) <= 0.5
        assert injection.offset_ms == 0.0


@given(seed=seeds)
def test_clock_rate_leaves_the_leader_behind(seed: int) -> None:
    (slow,) = plan("clock-rate:kind=slow,aim=leader", FIVE, seed).injections
    assert isinstance(slow, SkewAllClocks)
    assert slow.node == "n4"
    assert 0.33 <= slow.monotonic_rate == slow.rate <= 0.67
    fast = plan("clock-rate:kind=fast,aim=leader", FIVE, seed).injections
    assert [injection.node for injection in fast] == ["n1", "n2", "n3", "n5"]  # type: ignore[union-attr]
    assert all(1.5 <= injection.monotonic_rate <= 3 for injection in fast)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["delay", "loss", "duplicate", "reorder"])
def test_packet_does_one_thing_to_all_links(kind: str) -> None:
    (impair,) = plan(f"packet:kind={kind}").injections
    assert isinstance(impair, Impair)
    assert len(set(impair.links)) == 20
    asked = {"delay": impair.delay_ms, "loss": impair.loss, "duplicate": impair.duplicate, "reorder": impair.reorder}
    assert [name for name, amount in asked.items() if amount] == [kind]


def test_options_reach_the_plan() -> None:
    (impair,) = plan("packet:kind=loss,loss=0.7").injections
    assert isinstance(impair, Impair)
    assert impair.loss == 0.7
    (skew, *_) = plan("clock:kind=offset,min_seconds=5,max_seconds=5").injections
    assert isinstance(skew, SkewClock)
    assert abs(skew.offset_ms) == 5000


@pytest.mark.parametrize(
    "argument",
    ["packet:loss=2", "packet:delay_ms=-1", "packet:loss=nan", "clock:max_drift=1", "clock:min_seconds=61",
     "clock-rate:factor=1", "disk:delay_ms=0", "clock:strobe_ms=1", "kill:restarts=-1", "corrupt:share=0",
     "bitflip:bits=0", "truncate:bytes=0", "enospc:how=often", "partition:topology=star", "kill:aim=nobody"],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_use(argument: str) -> None:
    name = argument.partition(":")[0]
    with pytest.raises(UsageError, match=f"^{name}: "):
        parse(argument)


def test_the_faults_are_faults() -> None:
    faults: list[Fault] = list(FAULTS.values())
    assert all(fault.summary and fault.options for fault in faults)


@given(view=views, seed=seeds)
def test_files_are_damaged_on_the_same_minority_always(view: View, seed: int) -> None:
    for name in ("bitflip", "truncate"):
        (injection,) = plan(name, view, seed).injections
        assert isinstance(injection, FlipBits | TruncateFile)
        (node,) = injection.nodes
        assert node in view.nodes[-max(1, (len(view.nodes) - 1) // 2) :]


def test_files_that_are_damaged_can_be_chosen_and_how_their_node_goes_down() -> None:
    for name in ("bitflip", "truncate"):
        damage = plan(f"{name}:files=*/msgs/*.blk,down=stop")
        (injection,) = damage.injections
        assert isinstance(injection, FlipBits | TruncateFile)
        assert injection.files == "*/msgs/*.blk"
        assert injection.asked
        assert "*/msgs/*.blk" in str(damage.value) and "stop" in str(damage.value)
        (usual,) = plan(name).injections
        assert isinstance(usual, FlipBits | TruncateFile) and not usual.asked and usual.files == "*"


def test_a_disk_fills_up_instead_of_failing() -> None:
    (injection,) = plan("enospc:size=one,how=fill,room_kb=8").injections
    assert injection == FillDisk(injection.nodes, 8.0)  # type: ignore[union-attr]
    assert parse("enospc:how=fill")[0].needs == (FillDisk,)
    assert parse("enospc")[0].needs == (FailDisk,)


def test_restarts_in_a_loop() -> None:
    (injection,) = plan("kill:size=one,restarts=3,up_ms=40").injections
    assert injection == Kill(injection.nodes, restarts=3, up_ms=40.0)  # type: ignore[union-attr]


@given(seed=seeds)
def test_clocks_strobe_and_freeze(seed: int) -> None:
    strobe, *_ = plan("clock:kind=strobe", FIVE, seed).injections
    assert isinstance(strobe, SkewClock) and (strobe.strobe_ms, strobe.rate) == (200.0, 1.0) and strobe.offset_ms
    freeze, *_ = plan("clock:kind=freeze", FIVE, seed).injections
    assert isinstance(freeze, SkewClock) and (freeze.offset_ms, freeze.rate) == (0.0, 0.0)


def test_an_operator_promotes_one_that_does_not_lead_beside_a_leader_that_is_dead_or_alive() -> None:
    view = View(("n1", "n2", "n3"), {"n2": "primary"})
    for kind, killed in (("leader-dead", (Kill(("n2",)),)), ("leader-alive", ())):
        fault = PromoteNode({"kind": kind})
        plan = fault.plan(kind, view, RandomStream(1))
        assert plan is not None
        *before, promotion = plan.injections
        assert tuple(before) == killed
        assert isinstance(promotion, Promote) and promotion.nodes in (("n1",), ("n3",))
    assert PromoteNode({}).plan("leader-dead", View(("n1",), {"n1": "leader"}), RandomStream(1)) is None
