"""The soak's answers on samples whose answer is known."""

import pytest
from soak import SoakSample, Yardstick, main, parts, slope, slower

STEADY = [SoakSample(10.0 * cpu, cpu, 100.0 + cpu) for cpu in range(100)]


def test_a_steady_run_is_not_slower_and_its_memory_grows_evenly() -> None:
    assert slower(STEADY, 1000) == pytest.approx(0)
    assert slope(STEADY) == pytest.approx(100)
    assert len(parts(STEADY, 1000)) == 10


def test_a_last_fifth_that_takes_twice_as_long_is_half_as_fast() -> None:
    later = [SoakSample(800 + 5.0 * cpu, 80 + cpu, 100.0) for cpu in range(40)]
    assert slower([*STEADY[:80], *later], 1000) == pytest.approx(0.5)


def test_what_others_cost_does_not_count() -> None:
    disturbed = [SoakSample(10.0 * cpu, cpu * (1 + cpu / 100), 100.0, float(cpu)) for cpu in range(100)]
    assert slower(disturbed, 1000) == pytest.approx(0)
    yardstick = Yardstick()
    yardstick.turn()
    assert yardstick.seconds > 0


def test_a_short_soak_tells_its_parts_and_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["single", "--seconds", "100", "--nemesis", "kill"]) in (0, 1)
    said = capsys.readouterr().out
    assert "MB in 1,000 virtual seconds" in said and "as at the beginning" in said and "valid: " in said
