"""Sources of an operation: those that may have made the state that it found, by the model and by time.

The sources of an operation r in a legal order π are the last reset before r and all that changed the state since
(without a reset: since the start). They make the state that r finds, and nothing else does. So if a part of the history
holds, with each r that is not blind, all that may be a source of r, then π without the others gives each r the same
sources in the same order, hence the same state, and is legal: the part is linearizable if the whole is.

What may be a source of r: every operation s with `feeds(s, r)` that was invoked before r returned, unless a completed
reset lies between for certain: one that was invoked after s returned, and returned before r was invoked. The last of
these resets by invocation is r's *guard*: it alone excludes all that any of them does.

- The guard of r is kept with r too. The proof does not need it, but without it nobody sees why no source is left.
- A crashed r may be left out of π, unless it is itself a source of some z that is kept. Then r comes after the
  guard of z (or after that of what z is a source of, and so on), and so its own sources cannot have returned before
  that guard was invoked. The least such bound over all z counts.

So sources need not be looked for among operations that returned before a moment `since`, if only operations are kept
whose bound is not before it; of what crashed the bound is taken over such z alone.

Pitfall: a crashed operation never returned, so time never excludes it, only the model does.
"""

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.prepare import Prepared, Problem


class Sources:
    """The sources of all operations of a problem.

    fed: of each operation those that cannot stay without it: those it may be a source of or is the guard of. bound: of
    each, the moment such that what returned before it is no source of it, -1 if there is none; of a crashed one as far
    as it is needed by others.
    since: a moment; operations whose bound is before it will not be kept.
    """

    def __init__(self, model: Model, problem: Problem, prepared: Prepared, since: int = -1) -> None:
        self.model, self.problem, self.prepared, self.since = model, problem, prepared, since
        self.fed: list[list[int]] = [[] for _ in range(len(problem))]
        self.bound = [-1] * len(problem)
        classes, kinds = prepared.classes, problem.kind
        self._changing = [o for o in range(len(problem)) if not prepared.pure[kinds[o]]]
        self._seeing = [o for o in range(len(problem)) if classes[kinds[o]].f not in model.independence.blind]
        self._known: dict[tuple[int, int], bool] = {}
        self._of_completed()
        self._of_crashed()

    def rootless(self) -> set[int]:
        """Operations that may have sources which returned before `since`."""
        return {operation for operation in self._seeing if self.bound[operation] < self.since}

    def _of_completed(self) -> None:
        """Guards of all, in one sweep over time; sources of the completed ones."""
        call, ret = self.problem.call, self.problem.ret
        resets = [o for o in self._changing if ret[o] != NEVER and self._resets(o)]
        resets.sort(key=ret.__getitem__)
        possible: list[int] = []
        next_change = next_reset = 0
        guard = -1
        for later in self._seeing:
            while next_reset < len(resets) and ret[resets[next_reset]] < call[later]:
                if guard < 0 or call[resets[next_reset]] > call[guard]:
                    guard = resets[next_reset]
                next_reset += 1
            if guard >= 0:
                self.bound[later] = call[guard]
            if ret[later] == NEVER:
                continue
            if guard >= 0:
                self.fed[guard].append(later)
            while next_change < len(self._changing) and call[self._changing[next_change]] < ret[later]:
                possible.append(self._changing[next_change])
                next_change += 1
            possible = [earlier for earlier in possible if ret[earlier] >= self.bound[later]]
            for earlier in possible:
                if call[earlier] < ret[later] and self._feeds(earlier, later):
                    self.fed[earlier].append(later)

    def _of_crashed(self) -> None:
        """Sources of the crashed ones, which matter only as sources of others."""
        ret = self.problem.ret
        crashed = [o for o in self._seeing if ret[o] == NEVER and not self.prepared.pure[self.problem.kind[o]]]
        feeding = {o: [later for later in crashed if self._feeds(o, later)] for o in crashed}
        bound, since = self.bound, self.since
        needed = {o: min((bound[z] for z in self.fed[o] if bound[z] >= since), default=NEVER) for o in crashed}
        changed = True
        while changed:
            changed = False
            for operation in crashed:
                least = min((needed[later] for later in feeding[operation]), default=NEVER)
                if least < needed[operation]:
                    needed[operation] = least
                    changed = True
        for later in crashed:
            bound[later] = max(bound[later], needed[later])
            if needed[later] == NEVER:
                continue
            for earlier in self._changing:
                if ret[earlier] >= bound[later] and self._feeds(earlier, later):
                    self.fed[earlier].append(later)

    def _resets(self, operation: int) -> bool:
        return self.prepared.classes[self.problem.kind[operation]].f in self.model.independence.resets

    def _feeds(self, earlier: int, later: int) -> bool:
        feeds = self.model.independence.feeds
        pair = (self.problem.kind[earlier], self.problem.kind[later])
        known = self._known.get(pair)
        if known is None:
            classes = self.prepared.classes
            known = self._known[pair] = feeds is None or feeds(classes[pair[0]], classes[pair[1]])
        return known and earlier != later
