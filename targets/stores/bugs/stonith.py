"""Bugs of `primary-backup` with STONITH."""

from splitbrain.targets.stores.primary_backup.messages import Ship, Shipped
from splitbrain.targets.stores.primary_backup.stonith import StonithNode


class LeadsBeforeOff(StonithNode):
    """Count a node as off as soon as the order was given."""

    def _accounted(self, other: str) -> bool:
        return super()._accounted(other) or (self._rightful and other in self._orders)


class GoesOnUnshot(StonithNode):
    """Go on as primary without a silent backup, and leave it on."""

    def _switch_off_silent(self) -> None:
        self._waiting_for = {other: start for other, start in self._waiting_for.items() if not self._silent(other)}
        super()._switch_off_silent()


class TakesOverAfterStart(StonithNode):
    """Take over though nobody waits for this node, which may lack what was acknowledged while it was down."""

    def _take_over(self) -> None:
        self._waited_for = True
        super()._take_over()


class EarlierStartWaitedFor(StonithNode):
    """Take it that the primary waits for this start of the node when it waits for any."""

    def _means_us(self, ship: Ship) -> bool:
        return ship.waits_for > 0


class EarlierStartFollowed(StonithNode):
    """Count those as followers who followed an earlier start of this primary."""

    def _answers_us(self, reply: Shipped) -> bool:
        return True
