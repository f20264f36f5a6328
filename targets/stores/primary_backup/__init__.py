"""primary-backup: one node decides, the others copy. What that promises depends on three choices; see `target`.

Alsberg and Day, "A Principle for Resilient Sharing of Distributed Resources", ICSE 1976; Budhiraja, Marzullo, Schneider
and Toueg, "The Primary-Backup Approach", in Mullender (ed.), Distributed Systems, 2nd edition, 1993, chapter 8. Both
assume that messages between living nodes arrive in time, so that silence means death: no partitions.

In reading order: `messages`, `node`, `lease`, `target`.
"""

from splitbrain.targets.stores.primary_backup.node import PrimaryBackupNode
from splitbrain.targets.stores.primary_backup.settings import PrimaryBackupSettings
from splitbrain.targets.stores.primary_backup.target import PrimaryBackup

__all__ = ["PrimaryBackup", "PrimaryBackupNode", "PrimaryBackupSettings"]
