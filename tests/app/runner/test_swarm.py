"""Draws of the seed of a run with storms: in half of the seeds the load too, never what was given, and told."""

import shlex
from dataclasses import replace

from splitbrain.cli.run import run as command
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import RunPlan, plan
from splitbrain.runner.record import RunRecord
from splitbrain.runner.replay import replay
from splitbrain.runner.spec import RATE, RunSpec

DRAWS_LOAD = 1
"""A seed that draws the load, and leaves the world as usual."""


def planned(seed: int, **options: object) -> RunPlan:
    return plan(RunSpec("raft", nemesis="kill", seed=seed, **options))  # type: ignore[arg-type]


def test_storms_have_a_load_of_their_own_in_half_of_the_seeds() -> None:
    plans = [planned(seed) for seed in range(60)]
    drawn = [made for made in plans if "--rate" in made.drawn]
    assert 15 < len(drawn) < 45
    assert len({made.spec.rate for made in drawn}) > 10
    assert len({made.spec.settings["read_share"] for made in drawn}) > 10
    assert {made.spec.rate for made in plans if made not in drawn} == {RATE}
    assert [made.spec for made in plans] == [planned(seed).spec for seed in range(60)]


def test_what_was_given_is_not_drawn() -> None:
    for seed in range(20):
        made = planned(seed, rate=RATE, settings={"aged": "0.35"}, world="net.latency=1ms")
        assert (made.spec.rate, made.spec.settings["aged"]) == (RATE, "0.35")
        latencies = [knob for knob in made.spec.world.split(",") if knob.startswith("net.latency=")]
        assert latencies == ["net.latency=1"], "profiles and knobs that are drawn leave it alone"
        assert "--rate" not in made.drawn and "aged" not in made.drawn


def test_without_storms_nothing_is_drawn() -> None:
    for seed in range(10):
        for options in ({"nemesis": ""}, {"nemesis_interval": 3.0}, {"env": "local"}):
            made = plan(replace(RunSpec("raft", nemesis="kill", seed=seed), **options))
            assert (made.drawn, made.spec.rate, made.spec.world) == ("", RATE, "")


def test_what_was_drawn_is_kept_and_told_as_words_that_draw_nothing_more(tmp_path) -> None:
    made = planned(DRAWS_LOAD, time_limit=2.0)
    finished = execute(made, tmp_path)
    words = f"drawn by the seed: {made.drawn}"
    assert words.startswith("drawn by the seed: --rate ") and words in finished.told().splitlines()
    assert finished.result.headline()["drawn"] == made.drawn
    record = finished.folder.record()
    assert record.drawn == made.drawn
    assert RunRecord.from_toml(record.to_toml(), "here") == record
    asked = shlex.split(f"{made.asked.command()} {made.drawn}")[2:]
    given = plan(_spec_of(asked))
    assert given.drawn == "" and given.spec == made.spec
    assert replay(str(finished.folder.path), tmp_path).same
    assert replay(record.token, tmp_path).same


def _spec_of(words: list[str]) -> RunSpec:
    from splitbrain.cli.spec_options import spec_of

    with command.make_context("run", words) as context:
        return spec_of({name: value for name, value in context.params.items() if name not in ("folder", "as_json")})


def test_worlds_given_one_by_one_are_one_and_the_last_word_wins() -> None:
    asked = _spec_of(["raft", "--world", "wan", "--world", "net.latency=5ms", "--seed", "1"])
    assert asked.world == "wan,net.latency=5ms"
    assert "net.latency=5," in plan(asked).spec.world and "net.spread=2" in plan(asked).spec.world
    assert asked.command() == "splitbrain run raft --world wan,net.latency=5ms --seed 1"
    assert _spec_of(["raft"]).world == ""
