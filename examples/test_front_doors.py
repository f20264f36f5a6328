"""A store of your own under pytest: `pytest examples/test_front_doors.py`. The broken one fails, the mended passes."""

import pytest


@pytest.mark.splitbrain(target="examples.front_doors:Broken", workload="register", nemesis="partition", time_limit=5)
def test_broken(splitbrain):
    assert splitbrain.result.status == "valid"


@pytest.mark.splitbrain(
    target="examples.front_doors:Mended", workload="register", nemesis="partition", time_limit=5, runs=3
)
def test_mended(splitbrain):
    assert splitbrain.results
