"""Guides of campaigns: states that are counted, seeds that reach something new, and configurations that are varied."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain import campaign
from splitbrain.campaigns.file import parse
from splitbrain.campaigns.grid import grid
from splitbrain.campaigns.guide import CHANGES, LAG, Lead, TestGuide, specified, varied, written_out
from splitbrain.campaigns.reached import Reached
from splitbrain.campaigns.tasks import RunLine
from splitbrain.harness.errors import UsageError
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

SMALL = {"target": "single", "nemesis": "all", "time-limit": 1.5, "rate": 40, "guide": "coverage"}


def guided(seeds=40, **options):
    text = f'[[test]]\nname = "t"\ntarget = "raft"\nnemesis = "all"\nguide = "coverage"\nseeds = {seeds}\n'
    (test,) = grid(parse(text + "".join(f"{key} = {value}\n" for key, value in options.items()), "night.toml"))
    return test


def ended(seed, *new, varied=None):
    return RunLine(
        {"test": "t", "seed": seed, "verdict": "valid", "varied": varied,
         "states": {"count": len(new), "new": list(new)}}
    )  # fmt: skip


def chosen(reached, test, seeds, new):
    """The seeds whose configuration is tried, by the seed of the run, where states are new with some seeds."""
    found = {}
    for seed in seeds:
        _, how = reached.choose(test, seed)
        if how is not None:
            found[seed] = (how["from"], how["how"])
        list(reached.ended(ended(seed, *(["old", f"of {seed}"] if seed in new else ["old"]), varied=how)))
    return found


def test_a_seed_that_reached_something_new_is_varied_next_and_every_other_run_is_the_tests_own():
    test = guided()
    tried = chosen(Reached([test]), test, range(1, 31), new={5})
    assert [seed for seed, _ in tried.items()] == [14, 16, 18, 20]
    assert {origin for origin, _ in tried.values()} == {5}
    assert [how for _, how in tried.values()] == list(CHANGES)
    assert 5 + LAG < 14 <= 5 + LAG + 1 + len(CHANGES)


def test_the_latest_one_comes_first_and_the_first_run_leads_nowhere():
    test = guided()
    tried = chosen(Reached([test]), test, range(1, 31), new={1, 5, 6})
    assert [origin for origin, _ in tried.values()] == [6, 6, 6, 6, 5, 5, 5, 5]


def test_nothing_new_nothing_varied():
    test = guided()
    assert chosen(Reached([test]), test, range(1, 31), new=()) == {}


def test_a_choice_waits_for_the_runs_that_it_rests_on_and_for_no_others():
    test = guided()
    reached = Reached([test])
    for seed in range(1, LAG + 1):
        assert reached.may_choose(test)
        reached.choose(test, seed)
    assert not reached.may_choose(test)
    assert list(reached.ended(ended(2, "b"))) == [] and not reached.may_choose(test)
    assert [line.key[1] for line in reached.held()] == [2]
    assert [line.key[1] for line in reached.ended(ended(1, "a"))] == [1, 2]
    assert reached.may_choose(test) and list(reached.held()) == []


def test_what_is_new_follows_the_order_of_the_runs_and_not_that_of_their_ends():
    test = guided()
    reached = Reached([test])
    for seed in (1, 2):
        reached.choose(test, seed)
    list(reached.ended(ended(2, "a", "b")))
    first, second = reached.ended(ended(1, "a"))
    assert (first.new_states, second.new_states) == (["a"], ["b"])


def test_an_earlier_attempt_is_gone_on_with_as_if_nothing_had_happened():
    test = guided()
    whole = Reached([test])
    straight = chosen(whole, test, range(1, 31), new={3, 9, 12})
    for cut in (4, 13, 17):
        part = Reached([test])
        lines = []
        for seed in range(1, cut):
            _, how = part.choose(test, seed)
            new = ["old", f"of {seed}"] if seed in {3, 9, 12} else ["old"]
            lines += part.ended(ended(seed, *new, varied=how))
        rest = chosen(Reached([test], (), lines), test, range(cut, 31), new={3, 9, 12})
        assert rest == {seed: how for seed, how in straight.items() if seed >= cut}


def test_seeds_that_failed_before_are_run_as_they_are():
    test = guided()
    plain = TestGuide(test, frozenset({14}))
    for seed in range(1, 17):
        _, how = plain.choose(seed)
        plain.take(ended(seed, "new") if seed == 5 else ended(seed))
        assert (how is not None) is (seed == 16)


@pytest.mark.parametrize("how", CHANGES)
def test_a_varied_configuration_can_be_run_and_repeated(how):
    own = RunSpec("raft", nemesis="all", time_limit=2, seed=20)
    lead = Lead(3, written_out(replace(own, seed=3)))
    spec, variation = varied(lead, how, own)
    assert spec.seed == 20 and variation["from"] == 3 and variation["how"] == how
    assert specified(own, json.loads(json.dumps(variation))) == spec
    full, parent = plan(spec).spec, plan(replace(own, seed=3)).spec
    assert full.settings == parent.settings
    changed = {"as it was": (), "some faults": ("nemesis",), "other sizes": ("nodes", "concurrency"),
               "other load": ("rate",)}[how]  # fmt: skip
    for name in ("nemesis", "nodes", "concurrency", "rate"):
        assert (getattr(full, name) != getattr(parent, name)) is (name in changed)


def test_what_a_test_says_itself_is_not_varied():
    own = RunSpec("raft", nemesis="all", time_limit=2, seed=20, nodes=4, rate=30, world="net.latency=9")
    lead = Lead(3, written_out(replace(own, seed=3)))
    for how in CHANGES:
        spec, _ = varied(lead, how, own)
        assert (spec.nodes, spec.rate) == (4, 30) and "net.latency=9," in spec.world + ","


@pytest.mark.parametrize("seed", [1, 3])
def test_written_out_is_the_same_run(seed):
    spec = RunSpec("single", nemesis="all", time_limit=2, seed=seed)
    histories = []
    for one in (spec, written_out(spec)):
        with execute_in_memory(plan(one)) as run:
            histories.append(list(run.recorder.history.time))
    assert histories[0] == histories[1]


def told(folder):
    lines = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    return [(line["seed"], line["verdict"], line["states"], line["varied"]) for line in lines]


def test_a_guided_campaign_is_the_same_with_any_number_of_jobs_and_after_an_end(tmp_path):
    file = {"test": [{**SMALL, "seeds": 16}]}
    one = campaign(file, out=tmp_path / "one", jobs=1, keep="none")
    two = campaign(file, out=tmp_path / "two", jobs=3, keep="none")
    lines = told(Path(one.folder))
    assert lines == told(Path(two.folder))
    assert any(how for *_, how in lines) and one.states == sum(len(states["new"]) for _, _, states, _ in lines) > 5
    path = Path(two.folder) / "runs.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:11]))
    campaign(resume=two.folder, jobs=2, keep="none")
    assert lines == told(Path(two.folder))
    summary = (Path(one.folder) / "summary.md").read_text()
    assert "states in 16 runs" in summary and "varied what reached something new" in summary
    assert one.headline()["states"] == one.states
    assert "new states" in (Path(one.folder) / "report.html").read_text()


def test_states_are_counted_without_a_guide_too(tmp_path):
    found = campaign({"test": [{**SMALL, "guide": "none", "seeds": 2}]}, out=tmp_path, keep="none", jobs=1)
    (outcome,) = found.tests
    assert found.states == len(outcome.states) > 5
    assert all(line.varied is None and line.plain["states"]["count"] for line in outcome.lines)


def test_a_guide_that_there_is_none_of_and_one_where_nodes_are_not_heard():
    with pytest.raises(UsageError, match=r'night\.toml:6: guide is "none" or "coverage", not \'hope\''):
        grid(parse('[[test]]\ntarget = "raft"\n\n\n\nguide = "hope"\n', "night.toml"))
    with pytest.raises(UsageError, match=r"night\.toml:4: guide = 'coverage' needs the simulator"):
        grid(parse('[[test]]\ntarget = "raft"\nenv = "local"\nguide = "coverage"\n', "night.toml"))
