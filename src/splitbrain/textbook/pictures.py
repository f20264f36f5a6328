"""The pictures of claims, by the claim's name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from splitbrain.textbook.detectors import PHIS, TIMEOUTS_MS, alarms_named, detection_named
from splitbrain.textbook.measure import MeasuredClaim
from splitbrain.textbook.overload.measurements import QUEUES, SYSTEMS, UTILISATIONS, queue_named, time_named
from splitbrain.textbook.partitioning import VIRTUAL, fullest_named
from splitbrain.textbook.picture import Picture

PICTURES: Mapping[str, Picture] = {
    "overload-utilisation": Picture(
        "Latency over utilisation", "share of capacity", "mean time over service time", (0, 0.2, 0.4, 0.6, 0.8, 1),
        (0, 5, 10, 15, 20, 25), {name: [(load, time_named(load, name)) for load in UTILISATIONS] for name in SYSTEMS},
    ),
    "overload-queues": Picture(
        "Requests answered in time at 150 % of capacity", "requests that can wait", "share answered within 1 s",
        (10, 20, 50, 100, 200, 500, 1000), (0, 0.2, 0.4, 0.6, 0.8),
        {"answered in time": [(length, queue_named(length)) for length in QUEUES if length]}, log_x=True,
    ),
    "partitions-evenness": Picture(
        "Consistent hashing: the fullest of ten nodes", "virtual nodes of each node",
        "load of the fullest over the mean",
        VIRTUAL, (1, 1.5, 2, 2.5, 3, 3.5),
        {"median of rings": [(virtual, fullest_named(virtual)) for virtual in VIRTUAL]}, log_x=True,
    ),
    "agreement-detectors": Picture(
        "Failure detectors: quick or right", "ms until a crash is noticed",
        "false alarms an hour (less than one is drawn as one)",
        (0, 100, 200, 300, 400, 500, 600, 700), (1, 10, 100, 1000),
        {"fixed timeouts, 120 to 700 ms": [(detection_named(name), alarms_named(name)) for name in TIMEOUTS_MS],
         "phi from 1 to 16": [(detection_named(name), alarms_named(name)) for name in PHIS]}, log_y=True,
    ),
}  # fmt: skip


def draw(measured: Sequence[MeasuredClaim], folder: Path) -> None:
    """Write the picture of each of these claims that has one into a folder, as NAME.svg."""
    for one in measured:
        if one.claim.name in PICTURES:
            (folder / f"{one.claim.name}.svg").write_text(PICTURES[one.claim.name].svg(one), encoding="utf-8")
