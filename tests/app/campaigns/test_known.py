"""Kinds of anomalies that are known: a run refuted in no other way counts as what else was checked says."""

import json
from dataclasses import replace

from splitbrain import campaign
from splitbrain.cli import command
from splitbrain.results.result import RunStatus
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

STALE = RunSpec("raft:reads=local", workload="register", nemesis="partition", time_limit=6, seed=1)


def result_of(**fields):
    with execute_in_memory(plan(replace(STALE, **fields))) as run:
        return run.result


def test_a_run_counts_as_valid_only_if_all_that_was_found_is_known():
    (kind,) = result_of().kinds
    counted = {known: result_of(known=known).counts_as for known in (kind, "set/lost", f"set,{kind}")}
    assert counted == {kind: "valid", "set/lost": "invalid", f"set,{kind}": "valid"}
    assert result_of(known=kind).status is RunStatus.INVALID
    assert result_of(known=kind).headline()["counts_as"] == "valid"
    assert "counts_as" not in result_of().headline()


def test_a_fault_that_never_bit_is_unknown_all_the_same():
    kind = result_of().kinds[0]
    found = result_of(known=kind, nemesis="partition,clock", nemesis_interval=100.0, time_limit=3.0)
    assert found.counts_as is not RunStatus.VALID


def test_the_command_line_accepts_a_kind_and_says_so(tmp_path, capsys):
    kind = result_of().kinds[0]
    words = [*STALE.command().split()[1:], "--out", str(tmp_path), "--known", kind]
    assert command(words) == 0
    assert f"(known, accepted: {kind})" in capsys.readouterr().out.splitlines()[0]
    assert command([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["counts_as"]) == ("invalid", "valid")
    assert command([*words[:-1], "set/lost"]) == 1
    assert f"(not accepted by --known set/lost: {kind})" in capsys.readouterr().out.splitlines()[0]
    assert command([*words[:-1], "local reads"]) == 254


def test_a_campaign_accepts_the_kind_that_known_begins_with(tmp_path):
    kind = result_of().kinds[0]
    table = {"target": STALE.target, "workload": "register", "nemesis": "partition", "time-limit": 6}
    tests = [
        {**table, "name": "kind", "known": f"{kind}: local reads may be stale"},
        {**table, "name": "another", "known": "set/lost: not this one"},
        {**table, "name": "words", "known": "local reads may be stale: see the documentation"},
    ]
    found = campaign({"test": tests}, out=tmp_path)
    assert {test.test.name: test.status.value for test in found.tests} == {
        "kind": "passed",
        "another": "failed",
        "words": "failed",
    }
    assert f"1 of them but for what is known: {kind}" in found.tests[0].reason
    assert [line.as_expected for line in found.lines] == [True, False, False]
