"""Failover with STONITH ("shoot the other node in the head"): silence counts as death once a power switch made sure.

As clusters of two nodes have it (Robertson, "Resource fencing using STONITH", 2001); nothing here needs a majority.

- A primary acknowledges nothing that one of the backups it waits for lacks. One that falls silent it switches off, and
  only then goes on without it; one that comes back is waited for again once it has everything, and is told so.
- A backup that its primary waits for, and that hears nothing of it, has all that was acknowledged: it begins a view,
  switches off all who are silent, and serves once everybody else follows it or is off.
- A node that has started, or that nobody waits for, may lack something. It leads only if all others follow it, and they
  follow no such node that has less than they have. So after an outage of all, all have to be back.
- The primary has a head start over the first backup: without one, two nodes that take each other for dead switch each
  other off at once, start, and do it again.

Pitfall: messages to an earlier start of a node may reach a later one. So each start has a number: a node is waited for
under that number alone, and who followed an earlier start of a primary has not followed a later one, which may lack the
right that the earlier one had.
"""

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.program import Effects, Log, Mark, Now, PowerCycle
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.messages import NO_LEADER, Entry, Request
from splitbrain.targets.stores.primary_backup.messages import Ship, Shipped
from splitbrain.targets.stores.primary_backup.node import PrimaryBackupNode
from splitbrain.targets.stores.requests import Origin

STARTS = 1 << 62
PAST_MAX = 1000
"""Starts of other nodes that are remembered as over."""


class StonithNode(PrimaryBackupNode):
    """One node of a cluster with a power switch."""

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream, **settings: Any) -> None:
        self._rightful = False
        """Whether this primary began its view as a node that was waited for."""
        self._waited_for = False
        """Whether the primary of this view waits for this node, a backup."""
        self._following: dict[str, int] = {}
        """Nodes that follow this primary in its view, with the number of their start."""
        self._waiting_for: dict[str, int] = {}
        """Of those, the ones without which it acknowledges nothing."""
        self._off: dict[str, None] = {}
        """Nodes that this primary has switched off in its view, and that do not follow yet."""
        self._orders: dict[str, tuple[int, int]] = {}
        """Nodes that are being switched off: the view of the order, and the start of the node as known then."""
        self._past: dict[tuple[str, int], None] = {}
        """Starts of other nodes that were over when a message of a later one came."""
        self._first: int | None = None
        """The index of the first entry of this primary's view, once everybody follows or is off."""
        self._commit = 0
        """The index up to which entries are known to count, on a backup."""
        self._serves = self._told = False
        """Whether this node serves as primary, and whether it was marked that it does."""
        super().__init__(name, nodes, random, **settings)
        self._start = 1 + random.below(STARTS)

    def on_power_cycled(self, now: Now, node: str) -> Effects:
        """Go on without a node that is off."""
        self._now = now
        view, start = self._orders.pop(node, (-1, 0))
        self._out.append(Mark("off", node))
        if self.name == self.primary and view == self.view and self._following.get(node, 0) == start:
            self._following.pop(node, None)
            self._waiting_for.pop(node, None)
            self._off[node] = None
            self._establish()
        return self._finish()

    def on_timer(self, now: Now, name: str) -> Effects:
        """Switch off who is silent, beside what the timer is for."""
        self._now = now
        if self.name == self.primary:
            self._switch_off_silent()
        return super().on_timer(now, name)

    def _switch_off_silent(self) -> None:
        """Order that silent nodes are switched off, as far as this primary cannot go on otherwise."""
        needed = self._waiting_for if self._first is not None else self.others if self._rightful else ()
        for other in needed:
            if self._silent(other) and other not in self._off and self._orders.get(other, (-1, 0))[0] != self.view:
                self._out.append(Log(f"view {self.view}: {other} is silent, switching it off"))
                self._orders[other] = self.view, self._following.get(other, 0)
                self._out.append(PowerCycle(other))

    def _enter(self, *, rightful: bool = False) -> None:
        self._rightful, self._waited_for, self._first, self._serves = rightful, False, None, False
        self._following, self._waiting_for, self._off = {}, {}, {}
        super()._enter()
        self._establish()

    def _take_over(self) -> None:
        """Begin a view as a node that was waited for; one that was not can only wait."""
        if self._waited_for:
            # Others than the primary had nothing to say to a backup.
            self._heard = {**dict.fromkeys(self.others, self._now.monotonic), self.primary: self._heard[self.primary]}
            self._claim(self.view, rightful=True)
        else:
            self._wait()

    def _claim(self, after: int, *, rightful: bool) -> None:
        """Begin the first view of this node's own after another view."""
        view = self._next_view(after)
        self._out.append(Log(f"view {self.view}: {self.primary} does not lead, asking all to follow in view {view}"))
        self.log.ballot(view, None)
        self._enter(rightful=rightful)

    def _on_ship(self, sender: str, ship: Ship) -> None:
        if ship.view >= self.view and not ship.followed and self._has_more(ship):
            self._heard[sender] = self._now.monotonic
            if not self._serves and not (self._waited_for and not self._silent(self.primary)):
                self._claim(ship.view, rightful=False)
            return
        super()._on_ship(sender, ship)
        if ship.view != self.view or self.log.conflict(ship.prev_index, ship.prev_view) is not None:
            return
        self._commit = max(self._commit, min(ship.commit, ship.prev_index + len(ship.entries)))
        self._waited_for = self._waited_for or self._means_us(ship)

    def _means_us(self, ship: Ship) -> bool:
        """Whether a primary says that it waits for this start of this node."""
        return ship.waits_for == self._start

    def _has_more(self, ship: Ship) -> bool:
        """Whether this node has entries of older views that the sender of a new one may not have."""
        last = self.log.term_at(self.log.last) or 0
        return last < ship.view and (last, self.log.last) > ship.inherited

    def _on_shipped(self, sender: str, reply: Shipped) -> None:
        if reply.view == self.view and not self._answers_us(reply):
            return
        super()._on_shipped(sender, reply)
        if reply.view != self.view or self.name != self.primary or not (reply.ok or reply.index):
            return  # It does not follow: it has refused a message of an older view.
        if (sender, reply.start) in self._past:
            return
        before = self._following.get(sender, reply.start)
        if before != reply.start:
            self._past[sender, before] = None
            if len(self._past) > PAST_MAX:
                del self._past[next(iter(self._past))]
        self._following[sender] = reply.start
        self._off.pop(sender, None)
        if sender in self._waiting_for or (self._first is not None and self._has_all(sender)):
            self._waiting_for[sender] = reply.start
        self._establish()

    def _answers_us(self, reply: Shipped) -> bool:
        """Whether an answer is to a message of this start of this node."""
        return reply.to == self._start

    def _has_all(self, other: str) -> bool:
        """Whether a node has all that was acknowledged."""
        return self._match[other] >= max(self._done(), self._first or 0)

    def _establish(self) -> None:
        """Place the first entry of the view once everybody follows, or is off where this node has the right to it."""
        if self.name == self.primary and self._first is None and all(map(self._accounted, self.others)):
            self._first = self.log.append(Entry(self.view, None))
            self._waiting_for = dict(self._following)

    def _accounted(self, other: str) -> bool:
        return other in self._following or (self._rightful and other in self._off)

    def _ready(self) -> bool:
        """Whether an entry of this primary's view is on its disk, and on those of all that it waits for."""
        first = self._first
        if first is None or self.log.durable < first:
            return False
        return all(self._match[other] >= first for other in self._waiting_for)

    def _waits_for(self, other: str) -> int:
        return self._waiting_for.get(other, 0)

    def _followed(self) -> bool:
        return self._rightful or self._first is not None

    def _serve(self, request: Request, origin: Origin) -> None:
        if self.name == self.primary and not self._serves:
            self._out.append(self.requests.refuse(origin, request, NO_LEADER, "not all others follow or are off"))
        else:
            super()._serve(request, origin)

    def _done_at_start(self) -> int:
        return self._commit

    def _done(self) -> int:
        if self.name != self.primary:
            return min(self.log.durable, self._commit)
        if not self._serves:
            return 0
        copies = [self._match[other] for other in self._waiting_for]
        if self.settings.replication == "async" or not copies:
            return self.log.durable
        return min(self.log.durable, max(copies) if self.settings.replication == "semi-sync" else min(copies))

    def _finish(self) -> Effects:
        """End an event. Marks: `serves` (view) when this node begins to serve as primary, `serves-no-more`, and `off`
        (node) when a node was switched off for it."""
        self.log.settle()
        self._serves = self._serves or self._ready()
        effects = list(super()._finish())
        if self._serves != self._told:
            self._told = self._serves
            effects.append(Mark("serves", self.view) if self._serves else Mark("serves-no-more"))
        return effects
