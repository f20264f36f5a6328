"""The measurement of each claim, by name."""

from collections.abc import Mapping

from splitbrain.textbook import (
    agreement,
    arithmetic,
    caches,
    clocks,
    delivery,
    detectors,
    fallacies,
    locks,
    partitioning,
    quorums,
    replication,
)
from splitbrain.textbook.claim import Measurement
from splitbrain.textbook.overload import measurements as overload

MEASUREMENTS: Mapping[str, Measurement] = {
    **quorums.MEASUREMENTS,
    **replication.MEASUREMENTS,
    **agreement.MEASUREMENTS,
    **locks.MEASUREMENTS,
    **fallacies.MEASUREMENTS,
    **detectors.MEASUREMENTS,
    **clocks.MEASUREMENTS,
    **caches.MEASUREMENTS,
    **delivery.MEASUREMENTS,
    **partitioning.MEASUREMENTS,
    **overload.MEASUREMENTS,
    **arithmetic.MEASUREMENTS,
}
