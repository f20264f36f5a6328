"""Strategies of run specifications."""

from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from splitbrain.runner.plan import plan
from splitbrain.runner.script import Script
from splitbrain.strategies import run_specs, scripts


@given(run_specs("raft", nemesis="all", workload="register"))
@settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_every_specification_can_be_planned(spec):
    made = plan(spec)
    assert made.spec.workload == "register"
    assert len(made.schedule.slots) == len(made.script.faults)


def test_schedules_shrink():
    quiet = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    found = find(scripts("kill"), lambda script: any(fault.start > 0 for fault in script.faults), settings=quiet)
    (fault,) = found.faults
    assert (fault.start, fault.duration) == (100_000_000, 100_000_000)


@given(st.data())
@settings(max_examples=20, deadline=None, database=None)
def test_schedules_are_read_as_they_were_written(data):
    script = data.draw(scripts("partition,kill"))
    assert Script.from_toml(script.to_toml(), "here") == script
