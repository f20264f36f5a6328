"""Messages between primary and backups: entries one way, acknowledgements the other.

Pitfall: both may arrive late, so both carry a view, and an acknowledgement says how far it goes.
"""

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Entry, Forward


class Ship(Struct, frozen=True, tag="ship", omit_defaults=True):
    """The entries after `prev_index`, perhaps none (a heartbeat), from the primary of a view. sent: when, by the clock
    of the primary. inherited: view and index of its last entry that is older than its view. followed: whether a
    majority follows it in this view. commit: the index up to which entries count. by: with stonith, the start of the
    sender. waits_for: and that of the receiver, if nothing is acknowledged without it."""

    view: int
    prev_index: int
    prev_view: int
    entries: tuple[Entry, ...]
    sent: int
    inherited: tuple[int, int]
    followed: bool
    commit: int
    by: int = 0
    waits_for: int = 0


class Shipped(Struct, frozen=True, tag="shipped", omit_defaults=True):
    """The answer, in the view of the backup. ok: the logs agree up to `index`, which is on the backup's disk; otherwise
    `index` is where to look next. sent: of the message that is answered. to: with stonith, the start of the primary
    that is answered. start: that of the backup."""

    view: int
    ok: bool
    index: int
    sent: int
    to: int = 0
    start: int = 0


PrimaryBackupMessage = Ship | Shipped | Forward | Answer
