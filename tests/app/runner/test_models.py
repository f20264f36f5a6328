"""`--model` of a run: what judges its history, and what became of the target's claims."""

import pytest

from splitbrain import run
from splitbrain.harness.errors import UsageError
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

STALE = {"target": "primary-backup:reads=any", "workload": "unique-register", "time_limit": 10, "seed": 3, "nodes": 3,
         "nemesis": "partition"}  # fmt: skip


def test_a_run_is_judged_by_the_model_that_was_chosen(tmp_path):
    weak = run(**STALE, model="delta-atomicity:delta=60000", out=tmp_path)
    strict = run(**STALE, out=tmp_path)
    assert (weak.status.value, strict.status.value) == ("valid", "invalid")
    assert "by delta-atomicity:delta=60000: " in weak.told().splitlines()[0] and "--model" in weak.command
    assert weak.result.headline()["model"] == "delta-atomicity:delta=60000"
    assert next(found["name"] for found in weak.result.headline()["checks"]) == "delta-atomicity"


def test_a_recorded_run_is_judged_by_its_model_again(splitbrain, tmp_path):
    kept = run(**STALE, model="delta-atomicity:delta=60000", out=tmp_path).folder.path
    assert splitbrain("check", str(kept)).code == 0
    kept = run("raft", time_limit=2, seed=3, nodes=3, model="claim", out=tmp_path).folder.path
    assert splitbrain("check", str(kept)).code == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"target": "primary-backup:reads=any", "model": "claim"}, "claims no consistency model"),
        ({"target": "quorum:w=1,r=1,version=lww", "model": "claim"}, "with these options but AP"),
        ({"target": "raft", "model": "pram"}, "--model pram cannot judge workload mixed"),
        ({"target": "raft", "model": "linearisable"}, "there is no model 'linearisable'"),
        ({"target": "raft", "model": "k-atomicity:m=3"}, "k-atomicity has no option 'm'"),
    ],
)
def test_a_model_that_cannot_judge_is_wrong_use_before_anything_starts(asked, said):
    with pytest.raises(UsageError) as error:
        plan(RunSpec(**asked))
    assert said in str(error.value)


def test_claims_are_told_beside_the_verdict(tmp_path):
    finished = run("raft", time_limit=2, seed=3, nodes=3, out=tmp_path)
    assert "  claims: linearizable confirmed, CP not judged" in finished.told()
    assert finished.result.headline()["claims"] == {"linearizable": "confirmed", "CP": "not judged"}
    broken = run(
        "raft:bug=half-is-a-majority", time_limit=10, seed=2, nodes=3, nemesis="partition,kill", model="claim",
        out=tmp_path,
    )  # fmt: skip
    assert broken.result.claims["linearizable"].value == "refuted"
    weak = run("raft", workload="set", time_limit=2, seed=3, nodes=3, out=tmp_path)
    assert weak.result.headline()["claims"]["linearizable"] == "not judged"


def test_a_claim_that_nothing_could_refute_says_nothing_of_the_others(tmp_path):
    asked = {"time_limit": 2, "seed": 1, "nodes": 3, "model": "claim", "out": tmp_path}
    alone = run("multi-leader:conflict=hlc", workload="unique-register", **asked | {"nodes": 1})
    assert alone.status == "valid", alone.reason
    claims = {"per-key-sequential": "confirmed", "convergence": "not judged", "AP": "not judged"}
    assert alone.result.headline()["claims"] == claims
    everywhere = run("multi-leader:conflict=hlc", workload="availability", **asked)
    assert everywhere.result.headline()["claims"] == claims | {"convergence": "confirmed"}


@pytest.mark.parametrize("target", ["quorum:w=1,r=1", "multi-leader:conflict=siblings"])
def test_copies_have_time_to_settle_and_are_compared_where_convergence_is_claimed(target, tmp_path):
    done = run(target, nemesis="partition", model="claim", time_limit=6, seed=1, out=tmp_path)
    assert done.status.value == "valid", done.told()
