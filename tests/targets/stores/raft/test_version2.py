"""Two versions of raft in one cluster: pieces for those who understand them, whole snapshots for the others."""

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.registry import target
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.targets.stores.bugs.catalogue import RAFT
from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.raft import RaftNode
from splitbrain.targets.stores.raft.messages import AppendReply, SnapshotPiece, SnapshotRequest
from splitbrain.targets.stores.raft.version2 import CORRECT_PIECEWISE, PIECE_BYTES, PiecewiseRaftNode

from .bench import RaftBench

BUGS = [bug.name for bug in RAFT if "upgrade_to" in bug.needs]


def state(keys):
    """The bytes of a machine that holds so many keys."""
    machine = Machine()
    for number in range(keys):
        machine.apply(Request("write", f"key {number}", "a long value " * 9, "client", number + 1))
    return machine.dump()


def bench(node):
    """s1 leads in term 1."""
    cluster = RaftBench(node=node)
    cluster.elect("s1", "s2", "s3")
    cluster.settle()
    return cluster


def pieces(whole, term, index):
    """The pieces of a snapshot."""
    return [
        SnapshotPiece(term, index, term, at, len(whole), whole[at : at + PIECE_BYTES], 1)
        for at in range(0, len(whole), PIECE_BYTES)
    ]


def new_bench():
    return bench(lambda *words, **options: PiecewiseRaftNode(*words, parts=CORRECT_PIECEWISE, **options))


def test_an_older_server_ends_at_the_new_message():
    cluster = bench(RaftNode)
    with pytest.raises(ValueError, match="SnapshotPiece is no message that this version knows"):
        cluster.hand("s2", "s1", pieces(state(1), 1, 9)[0])


def test_followers_are_told_in_the_way_that_they_understand():
    cluster = new_bench()
    replication, whole = cluster.program("s1").replication, SnapshotRequest(1, 9, 1, state(30), 1)
    assert all(replication._understands_pieces(name) for name in ("s2", "s3"))  # they have answered

    def sent(replication, to):
        server = replication._server
        server.out = []
        replication._send_snapshot(to, whole)
        return [effect.message for effect in server.out]

    in_pieces = sent(replication, "s2")
    assert len(in_pieces) == -(-len(whole.state) // PIECE_BYTES) > 2
    assert b"".join(piece.data for piece in in_pieces) == whole.state
    fresh = type(replication)(replication._server)
    assert sent(fresh, "s2") == [whole]
    fresh._versions["s2"] = 2
    fresh.lead()
    fresh.on_reply("s2", AppendReply(fresh._server.term, 1, ok=False, index=0))  # an old one that comes late
    assert fresh._understands_pieces("s2") and not fresh._understands_pieces("s3")


def test_pieces_in_any_order_and_twice_are_the_snapshot():
    cluster = new_bench()
    whole, term = state(30), cluster.server("s1").term
    first, *rest = pieces(whole, term, 50)
    for piece in (*reversed(rest), rest[0]):
        cluster.hand("s2", "s1", piece)
        assert cluster.server("s2").applied < 50
    cluster.hand("s2", "s1", first)
    assert cluster.server("s2").applied == 50
    assert cluster.server("s2").machine.dump() == whole


def test_pieces_of_two_snapshots_are_never_put_together():
    cluster = new_bench()
    term = cluster.server("s1").term
    one, other = pieces(state(30), term, 50), pieces(state(31), term, 51)
    for piece in (*one[:-1], *other[1:], one[-1]):
        cluster.hand("s2", "s1", piece)
    assert cluster.server("s2").applied < 50


def test_a_piece_of_an_older_term_is_refused():
    cluster = new_bench()
    for piece in pieces(state(30), cluster.server("s1").term - 1, 50):
        cluster.hand("s2", "s1", piece)
    assert cluster.server("s2").applied < 50


@pytest.mark.parametrize("seed", [1, 2])
def test_clients_of_a_cluster_that_is_upgraded_see_nothing_of_it(seed):
    spec = RunSpec("raft:upgrade_to=2", nemesis="upgrade,kill,partition", time_limit=10, rate=60, seed=seed)
    with execute_in_memory(plan(spec)) as done:
        result = done.result
    assert result.status == "valid", result.reason
    bite = result.summary.faults["upgrade"].bite
    assert bite["nodes_upgraded"] == 5 and bite["mixed_ms"] > 1000


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug != "pieces-to-all"])
def test_a_bug_of_upgrades_shows_while_versions_are_mixed(bug):
    spec = RunSpec(f"raft:upgrade_to=2,bug={bug}", nemesis="upgrade,all", time_limit=15, seed=1)
    with execute_in_memory(plan(spec)) as done:
        assert done.result.status == "invalid", done.result.reason


@pytest.mark.parametrize("bug", ["commit-field-renamed", "removed-message-acknowledged"])
def test_it_does_not_where_all_are_of_the_new_version(bug):
    with execute_in_memory(plan(RunSpec(f"raft:version=2,bug={bug}", nemesis="all", time_limit=5, seed=1))) as done:
        assert done.result.status == "valid", done.result.reason


def test_a_bug_is_in_one_of_the_versions():
    upgraded = target("raft:upgrade_to=2,bug=commit-field-renamed")
    assert upgraded.newer.settings["bug"] == "commit-field-renamed"
    assert upgraded.program.keywords["parts"] != upgraded.newer.program.keywords["parts"]
    older = target("raft:upgrade_to=2,bug=figure-8")
    assert older.newer.settings["bug"] == "none" and older.newer.program.keywords["parts"] == CORRECT_PIECEWISE
    assert target("raft").newer is None and target("raft").covered == "all"


def test_wrong_use_is_told():
    with pytest.raises(UsageError, match="upgrade_to=2 is for version=1"):
        run("raft:version=2,upgrade_to=2", time_limit=1)
    with pytest.raises(UsageError, match="name one with the target's option"):
        plan(RunSpec("raft", nemesis="upgrade"))
