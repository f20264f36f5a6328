"""Faults that some targets' nodes cannot meet, with the reason, for `harness.deployment.Served.pointless`."""

from collections.abc import Mapping

from splitbrain.harness.injection import (
    Cut,
    FailDisk,
    FakeSync,
    FillDisk,
    FlipBits,
    Gray,
    Impair,
    ImpairMessages,
    Limp,
    SlowDisk,
    TruncateFile,
)

NOTHING_ON_DISK: Mapping[type, str] = dict.fromkeys(
    (SlowDisk, FakeSync, FailDisk, FillDisk, FlipBits, TruncateFile), "its nodes keep nothing on disk"
)
NOTHING_BETWEEN: Mapping[type, str] = dict.fromkeys(
    (Cut, Impair, ImpairMessages, Limp, Gray), "its nodes say nothing to each other"
)
