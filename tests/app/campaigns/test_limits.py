"""The seconds that a run of a campaign may take where none are given."""

from splitbrain.campaigns.calls import usual_limit
from splitbrain.runner.spec import RunSpec
from splitbrain.targets.hbase import HBase


def test_real_nodes_may_take_their_time_to_start() -> None:
    simulated, real = RunSpec("raft", time_limit=20), RunSpec("hbase", env="local", time_limit=20)
    assert usual_limit(real) - usual_limit(simulated) == HBase.ready_seconds
    assert usual_limit(RunSpec("hbase", time_limit=20)) == usual_limit(real), "its first environment"
