"""The measurement of each claim, by name."""

from collections.abc import Mapping

from splitbrain.textbook import (
    agreement,
    arithmetic,
    availability,
    caches,
    clocks,
    consensus,
    delivery,
    detectors,
    fallacies,
    locks,
    lost_log,
    moving,
    partitioning,
    quorums,
    repair,
    replication,
    stamps,
)
from splitbrain.textbook.claim import Measurement
from splitbrain.textbook.overload import measurements as overload

MEASUREMENTS: Mapping[str, Measurement] = {
    **quorums.MEASUREMENTS,
    **repair.MEASUREMENTS,
    **replication.MEASUREMENTS,
    **agreement.MEASUREMENTS,
    **locks.MEASUREMENTS,
    **lost_log.MEASUREMENTS,
    **consensus.MEASUREMENTS,
    **fallacies.MEASUREMENTS,
    **detectors.MEASUREMENTS,
    **clocks.MEASUREMENTS,
    **stamps.MEASUREMENTS,
    **caches.MEASUREMENTS,
    **delivery.MEASUREMENTS,
    **partitioning.MEASUREMENTS,
    **moving.MEASUREMENTS,
    **overload.MEASUREMENTS,
    **arithmetic.MEASUREMENTS,
    **availability.MEASUREMENTS,
}
