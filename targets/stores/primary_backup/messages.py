"""Messages between primary and backups: entries one way, acknowledgements the other.

Pitfall: both may arrive late, so both carry a view, and an acknowledgement says how far it goes.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward


class Ship(Struct, frozen=True, tag="ship"):
    """The primary of a view sends the entries after `prev_index`, perhaps none (a heartbeat)."""

    view: int
    prev_index: int
    prev_view: int
    entries: tuple[Entry, ...]


class Shipped(Struct, frozen=True, tag="shipped"):
    """The answer, in the view of the backup. ok: the logs agree up to `index`, which is on the backup's disk; otherwise
    `index` is where to look next."""

    view: int
    ok: bool
    index: int


PrimaryBackupMessage = Ship | Shipped | Forward | Answer
