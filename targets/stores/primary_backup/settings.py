"""Options of a node of primary and backup, and the classes that a correct one is made of."""

from dataclasses import dataclass

from splitbrain.targets.stores.parts import Parts

CORRECT = Parts()


@dataclass(frozen=True)
class PrimaryBackupSettings:
    """The options of a node; times in nanoseconds.

    replication: "async", "semi-sync" (answer a write when one backup has it) or "sync" (when all have it). reads_any:
    backups answer reads themselves. tokens: but only those whose session has seen nothing that is newer. failover:
    "none", "timeout", "manual" or "lease". stonith: nobody takes over, or goes on without a backup, before those who
    are silent were switched off. head_start: time that the primary has for it before the first backup. fencing: backups
    refuse what a primary of an older view sends. persistent: False keeps nothing over a restart. patience: silence that
    counts as death; the nearest backup in line takes over after it, the next after twice that, and so on.
    """

    replication: str = "async"
    reads_any: bool = False
    tokens: bool = False
    failover: str = "none"
    stonith: bool = False
    head_start: int = 0
    fencing: bool = True
    persistent: bool = True
    heartbeat: int = 50_000_000
    patience: int = 300_000_000
