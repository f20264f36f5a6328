"""Failover with leases: at most one primary serves at a time.

Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989;
the rules by which a view begins are those of Raft (§5.4.1, §5.4.2).

- A backup that answers its primary is bound to it for `patience`, also after a restart, whose time counts as an answer.
  While it is bound it follows no other.
- A primary serves while a majority, itself included, is bound to it. It counts from when it sent what was answered,
  and a tenth less: nobody else can have a majority then, as long as monotonic clocks run at the same rate.
- A backup follows a new primary only if that has all that the backup has, or if a majority follows it already. So what
  a majority has on disk stays.
- A backup applies what its primary says that counts, and nothing else, so no copy has what may be lost.
- Only once a majority follows it, a primary places entries in its view, so an entry of a view tells that its primary
  had all that counted before. It serves once a majority has the first of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.program import Effects, Log, Mark, Now
from splitbrain.targets.stores.messages import NO_LEADER, Entry, Request
from splitbrain.targets.stores.primary_backup.messages import Ship, Shipped
from splitbrain.targets.stores.primary_backup.node import PrimaryBackupNode
from splitbrain.targets.stores.requests import Origin


class LeasedNode(PrimaryBackupNode):
    """One node of a cluster with leases."""

    def __init__(self, name: str, nodes: Sequence[str], *arguments: Any, **settings: Any) -> None:
        super().__init__(name, nodes, *arguments, **settings)
        self._majority = len(nodes) // 2 + 1
        self._bound = 0
        """The time when this node last bound itself to the primary of its view."""
        self._granted: dict[str, int] = {}
        """Of each backup, when the latest message was sent that it has answered in this view."""
        self._commit = 0
        """The index up to which entries are known to count, on a backup."""
        self._first: int | None = None
        """The index of the first entry that this primary has placed, once a majority followed it."""
        self._answers: list[tuple[int, str, int]] = []
        """Answers by which this node binds itself, and which wait for the disk: record, primary, and since when."""
        self._told_lease = 0
        """The end of the lease that was marked last."""

    @property
    def lease(self) -> int:
        """Time after a message that was answered for which its receiver follows no other, by a true clock."""
        return self.settings.patience * 9 // 10

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Count a start as an answer, because what was promised before is forgotten."""
        self._bound = self._bound_at_start(now)
        return super().on_start(now, disk)

    def _bound_at_start(self, now: Now) -> int:
        return now.monotonic

    def _enter(self) -> None:
        self._granted = {}
        self._first = None
        super()._enter()

    def _take_over(self) -> None:
        if self._binding:
            # The timer was up just as the primary spoke. To lead now would break the lease that rests on our answer.
            self._wait()
            return
        view = self._next_view(self.view)
        self._out.append(Log(f"view {self.view}: {self.primary} is silent, asking all to follow in view {view}"))
        self.log.ballot(view, None)
        self._enter()

    def _on_ship(self, sender: str, ship: Ship) -> None:
        if ship.view > self.view and self._is_bound(sender):
            return
        if ship.view >= self.view and not ship.followed and self._has_more(ship):
            self._heard[sender] = self._now.monotonic
            return
        if ship.view >= self.view:
            self._bound = self._now.monotonic
        super()._on_ship(sender, ship)
        matched = ship.prev_index + len(ship.entries)
        if ship.view == self.view and self.log.conflict(ship.prev_index, ship.prev_view) is None:
            self._commit = max(self._commit, min(ship.commit, matched))

    def _done_at_start(self) -> int:
        return self._commit

    @property
    def _binding(self) -> bool:
        """Whether this node has answered the primary of its view, or started, so lately that it follows no other."""
        return self._now.monotonic - self._bound < self.settings.patience

    def _is_bound(self, sender: str) -> bool:
        """Whether this node still has to follow another primary."""
        return sender != self.primary and self._binding

    def _has_more(self, ship: Ship) -> bool:
        """Whether this node has entries of older views that the sender of a new one may not have."""
        last = self._last_view()
        return last < ship.view and (last, self.log.last) > ship.inherited

    def _last_view(self) -> int:
        return self.log.term_at(self.log.last) or 0

    def _on_shipped(self, sender: str, reply: Shipped) -> None:
        if reply.view > self.view and self._is_bound(self.name):
            return  # A late answer from when this node led: to enter that view would forget to whom it is bound.
        super()._on_shipped(sender, reply)
        if reply.view != self.view or self.name != self.primary or not (reply.ok or reply.index):
            return  # It does not follow: it has refused a message of an older view.
        self._granted[sender] = max(self._granted.get(sender, 0), self._counts_from(reply))
        if self._first is None and self._enough():
            self._first = self.log.append(Entry(self.view, None))

    def _enough(self) -> bool:
        """Whether a majority follows, this node included."""
        return len(self._granted) + 1 >= self._majority

    def _counts_from(self, reply: Shipped) -> int:
        """The time from which the lease of an answer counts."""
        return reply.sent

    def _leased(self) -> bool:
        """Whether a majority is bound to this primary."""
        return self._majority == 1 or self._now.monotonic < self._lease_end()

    def _lease_end(self) -> int:
        """The time until which a majority is bound to this primary; 0 if none is."""
        granted = sorted(self._granted.values(), reverse=True)
        needed = self._majority - 1
        return granted[needed - 1] + self.lease if 0 < needed <= len(granted) else 0

    def _on_majority(self) -> int:
        """The index up to which a majority has the log on disk."""
        return sorted((self.log.durable, *self._match.values()), reverse=True)[self._majority - 1]

    def _followed(self) -> bool:
        return self._first is not None

    def _established(self) -> bool:
        """Whether a majority has an entry of this view on disk."""
        return self._first is not None and self._on_majority() >= self._first

    def _serve(self, request: Request, origin: Origin) -> None:
        if self.name == self.primary and not (self._leased() and self._established()):
            self._out.append(self.requests.refuse(origin, request, NO_LEADER, "no majority follows"))
        else:
            super()._serve(request, origin)

    def _done(self) -> int:
        if self.name != self.primary:
            return min(self.log.durable, self._commit)
        if not self._established():
            return 0
        return self._on_majority() if self.settings.replication == "sync" else super()._done()

    def _hold_answer(self, record: int, sender: str, answer: Shipped) -> None:
        if answer.ok or answer.index:
            self._answers.append((record, sender, self._bound))
        super()._hold_answer(record, sender, answer)

    def _finish(self) -> Effects:
        """End an event. Marks: `bound` (primary, since how long, for how long in all) when an answer leaves that binds
        this node, `leased` (for how long from now) when the lease of a primary that serves is prolonged."""
        effects = list(super()._finish())
        durable, now = self.log.journal.durable, self._now.monotonic
        ready = [answer for answer in self._answers if answer[0] <= durable]
        if ready:
            self._answers = [answer for answer in self._answers if answer[0] > durable]
            effects += [Mark("bound", primary, now - since, self.settings.patience) for _, primary, since in ready]
        end = self._lease_end() if self.name == self.primary else 0
        if end != self._told_lease:
            self._told_lease = end
            if end > now and self._established():
                effects.append(Mark("leased", end - now))
        return effects
