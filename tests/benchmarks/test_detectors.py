"""Detectors over thresholds: what is measured of one, and the order of a table."""

from detectors import NETWORKS, THRESHOLDS, DetectorFigures, measured, ordered, table


def test_a_node_that_is_killed_is_found_after_the_timeout_and_nobody_else_is_suspected_on_a_good_network() -> None:
    found = measured("gossip:timeout_ms=1500", NETWORKS["good"], seeds=1, seconds=25.0)
    assert len(found.detections_s) == 4
    assert 1.0 < found.detection_s < 3.0
    assert found.false == 0


def test_a_table_has_a_line_for_each_threshold_and_higher_ones_find_nobody_sooner() -> None:
    figures = {
        (detector, words, network): DetectorFigures([float(place)], 3, 0.5)
        for place, (detector, words, _) in enumerate(THRESHOLDS)
        for network in NETWORKS
    }
    lines = table(figures).splitlines()
    assert len(lines) == 2 + len(THRESHOLDS)
    assert lines[2] == "| `timeout` | 500 ms | 0.0 | 0.0 | 6.0 | 6.0 |"
    assert ordered(figures)
    figures["phi", "32", "bad"].detections_s[:] = [0.1]
    assert not ordered(figures)
