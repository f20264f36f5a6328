"""Messages between primary and backups: entries one way, acknowledgements the other.

Pitfall: both may arrive late, so both carry a view, and an acknowledgement says how far it goes.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward


class Ship(Struct, frozen=True, tag="ship"):
    """The entries after `prev_index`, perhaps none (a heartbeat), from the primary of a view. sent: when, by the clock
    of the primary. inherited: view and index of its last entry that is older than its view. followed: whether a
    majority follows it in this view. commit: the index up to which entries count."""

    view: int
    prev_index: int
    prev_view: int
    entries: tuple[Entry, ...]
    sent: int
    inherited: tuple[int, int]
    followed: bool
    commit: int


class Shipped(Struct, frozen=True, tag="shipped"):
    """The answer, in the view of the backup. ok: the logs agree up to `index`, which is on the backup's disk; otherwise
    `index` is where to look next. sent: of the message that is answered."""

    view: int
    ok: bool
    index: int
    sent: int


PrimaryBackupMessage = Ship | Shipped | Forward | Answer
