"""Comparison of all procedures on the same histories, with proofs. A thousand are checked as one, each under keys of
its own, so that each takes a tenth of a millisecond; see `agreement`.

No search is believed. That a history is linearizable is proved by its order (`porcupine.objection`); that it is not, by
trying every order (`brute`), which is done for a share of the others too. So is the result of each monitor, by its
order or by its core."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import Model
from splitbrain.checkers.porcupine.kernel.builtin_steps import codes
from splitbrain.checkers.porcupine.monitor_batch import run_monitors
from splitbrain.checkers.porcupine.monitors.monitor import MonitorInput
from splitbrain.checkers.porcupine.monitors.zones import zones
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.search_result import Backend
from splitbrain.checkers.porcupine.table import Table
from splitbrain.checkers.porcupine.verify import merged_order
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.verdict import Validity

from . import small, unique
from .brute import linearizable
from .verified import part_of

EVERY = 20
"""Of one history in so many all orders are tried whatever is said of it, and it is checked as users check it."""
ENOUGH = Budget(seconds=10**6)
"""A budget whose limits nothing so small can reach, and no clock matters, even if the process is paused: so an
undecided history is a disagreement."""
SEARCHED = 1 << 40
"""Configurations."""
PROCESSES = 1000
"""More than one history has."""


@dataclass(frozen=True)
class Subject:
    """A family. model: with its fast procedures; searched: without."""

    name: str
    model: Model
    searched: Model
    make: Callable[[Random], list[Event]]


@dataclass
class Tally:
    """The verdicts on some histories. invalid: not linearizable; unobserved: nothing in them could have refuted the
    model; proved, refuted: objects that a fast procedure decided; seconds: of a processor."""

    histories: int = 0
    invalid: int = 0
    unobserved: int = 0
    proved: int = 0
    refuted: int = 0
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """The sum of both tallies."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class WrongAnswer(Exception):
    """Two answers that differ, or one that is not proved. number: of which of the histories."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(words)
        self.number = number


class Together:
    """Histories that have nothing to do with each other, as one: each has keys and processes of its own.

    owner: which history a key (value id) is of. legal: whether a key is linearizable, as the clear search says.
    """

    def __init__(self, subject: Subject, episodes: Sequence[list[Event]]) -> None:
        """The histories of one check: more than one only if keys are objects of their own."""
        self.subject, self.episodes = subject, episodes
        self.events = [event for episode in episodes for event in episode]
        self.history = History.of(self.events)
        self.owner = self._name_keys() if subject.model.by_key else {ABSENT: 0}
        self.prepared = prepare(subject.searched, self.history, ENOUGH.start())
        table, spending = Table(subject.searched, self.prepared.classes), ENOUGH.start()
        self.legal = {
            problem.key: search(problem, self.prepared, table, spending, SEARCHED).linearizable
            for problem in self.prepared.problems
        }

    def _name_keys(self) -> dict[int, int]:
        process, key, name = self.history.process, self.history.key, self.history.pool.id
        place, owner = 0, {}
        for number, episode in enumerate(self.episodes):
            named: dict[int, int] = {}
            for _ in episode:
                process[place] += number * PROCESSES
                other = named.get(key[place])
                if other is None:
                    other = named[key[place]] = name(f"{number} {key[place]}")
                    owner[other] = number
                key[place] = other
                place += 1
        return owner

    def judge(self) -> Tally:
        """Ask all procedures. Wrong."""
        subject, legal = self.subject, self.legal
        right, observed = [True] * len(self.episodes), [False] * len(self.episodes)
        for problem in self.prepared.problems:
            number = self.owner[problem.key]
            right[number] = right[number] and bool(legal[problem.key])
            observed[number] = observed[number] or problem.observations > 0
        for number, episode in enumerate(self.episodes):
            if (number % EVERY == 0 or not right[number]) and linearizable(subject.searched, episode) != right[number]:
                raise WrongAnswer(
                    number, f"the clear search says {right[number]}, trying every order {not right[number]}"
                )
        self._ask_compiled_search()
        decided = self._ask_procedures()
        values = [
            Validity.INVALID if not fine else Validity.VALID if seen else Validity.UNKNOWN
            for fine, seen in zip(right, observed, strict=True)
        ]
        self._check_alone(values)
        return Tally(
            len(values), values.count(Validity.INVALID), values.count(Validity.UNKNOWN),
            sum(bool(legal[key]) for key in decided), sum(not legal[key] for key in decided),
        )  # fmt: skip

    def _ask_compiled_search(self) -> None:
        """All keys at once; to the end, though some of them are not linearizable."""
        from splitbrain.checkers.porcupine.native_backend import NativeBackend

        found = NativeBackend(self.subject.searched, self.history, ENOUGH.start())
        found.search_once(SEARCHED)
        orders = {}
        for answer in map(found.result, range(len(found))):
            if answer.linearizable != self.legal[answer.key]:
                words = f"the compiled search says {answer.linearizable}, the clear search {self.legal[answer.key]}"
                raise WrongAnswer(self.owner[answer.key], words)
            if answer.linearizable:
                orders[answer.key] = answer.order
        if len(found) != len(self.legal):
            raise WrongAnswer(0, f"the compiled search knows {len(found)} keys, the clear search {len(self.legal)}")
        self._prove("the compiled search", orders)

    def _ask_procedures(self) -> set[int]:
        """Every fast procedure of the model, and the compiled ones; the keys that were decided."""
        model, revisions = self.subject.model, self.history.operations().revision
        decided = set()
        told_by_zones = set()
        for procedure in model.monitors:
            by, orders = getattr(procedure, "__qualname__", "a fast procedure"), {}
            for problem in self.prepared.problems:
                found = procedure(MonitorInput(model, problem, self.prepared, ENOUGH.start(), revisions))
                if found is None:
                    continue
                if found.order is None:
                    self._refute(by, problem.key, [problem.call[operation] for operation in found.core])
                else:
                    orders[problem.key] = [problem.call[operation] for operation in found.order]
                    self._same(by, problem.key, True)
                decided.add(problem.key)
                if procedure is zones:
                    told_by_zones.add(problem.key)
            self._prove(by, orders)
        if model.monitors and codes(model) is not None:
            told_by_zones &= self._without("cas", "append")
            left = told_by_zones - self._ask_compiled("the compiled zones", told_by_zones)
            if left:
                raise WrongAnswer(self.owner[left.pop()], "the compiled zones leave open what the clear ones decide")
            decided |= self._ask_compiled("the pieces of texts", self._without("cas"))
        return decided

    def _without(self, *operations: str) -> set[int]:
        """The keys to which nobody did any of these: histories with others are not taken by compiled procedures."""
        history = self.history
        others = {history.pool.names.get(f, ABSENT) for f in operations}
        return set(history.key) - {key for key, f in zip(history.key, history.f, strict=True) if f in others}

    def _ask_compiled(self, by: str, keys: set[int]) -> set[int]:
        """The verdicts of compiled procedures on these keys; those that they decided."""
        part, place = part_of(self.history, keys)
        found = run_monitors(self.subject.model, part, ENOUGH.start(), _never_asked)
        if found is None:
            return set()
        whole = list(place)
        orders, decided = {}, set()
        for answer in map(found.result, range(len(found))):
            if not answer.searched:
                continue
            decided.add(answer.key)
            if answer.linearizable:
                self._same(by, answer.key, True)
                orders[answer.key] = [whole[position] for position in answer.order]
            else:
                self._refute(by, answer.key, [whole[position] for position in answer.core])
        self._prove(by, orders)
        return decided

    def _same(self, by: str, key: int, said: bool) -> None:
        if self.legal[key] is not said:
            raise WrongAnswer(self.owner[key], f"{by} says {said}, the clear search {self.legal[key]}")

    def _refute(self, by: str, key: int, core: Sequence[int]) -> None:
        """Check that the operations of these invocations are not linearizable, nor the whole key."""
        self._same(by, key, False)
        partner = self.history.partner
        places = {place for invoked in core for place in (invoked, partner[invoked])} - {ABSENT}
        if linearizable(self.subject.searched, [self.events[place] for place in sorted(places)]):
            number = self.owner[key]
            first = sum(map(len, self.episodes[:number]))
            words = ", ".join(str(invoked - first) for invoked in core)
            raise WrongAnswer(number, f"{by} refutes by the operations of events {words}, but these are linearizable")

    def _prove(self, by: str, orders: Mapping[int, Sequence[int]]) -> None:
        """Check that each order is a proof for its key: all at once, or one by one to see which is none."""
        if not orders:
            return
        model, part = self.subject.searched, self.history
        if model.by_key:
            part, place = part_of(self.history, orders)
            order = merged_order(part, [tuple(map(place.__getitem__, order)) for order in orders.values()])
        else:
            (order,) = map(tuple, orders.values())
        wrong = porcupine.objection(model, part, order)
        if wrong is None:
            return
        if len(orders) > 1:
            for key in orders:
                self._prove(by, {key: orders[key]})
        raise WrongAnswer(self.owner[next(iter(orders))], f"{by}: an order is no proof: {wrong}")

    def _check_alone(self, values: Sequence[Validity]) -> None:
        """Check some of the histories by themselves: their public verdicts, and their values."""
        model, searched = self.subject.model, self.subject.searched
        chosen = range(0, len(values), EVERY)
        histories = [History.of(self.episodes[number]) for number in chosen]
        for number, history in zip(chosen, histories, strict=True):
            for asked in (model, searched) if model.monitors else (searched,):
                verdict = porcupine.check(asked, history, ENOUGH, explain=False)
                if verdict.value is not values[number]:
                    raise WrongAnswer(
                        number, f"verdict {verdict.value.value}, not {values[number].value}: {verdict.reason}"
                    )
                if verdict.value is Validity.VALID:
                    wrong = porcupine.objection(searched, history, verdict.certificate or ())
                    if wrong is not None:
                        raise WrongAnswer(number, f"the verdict's order is no proof: {wrong}")
        for number, value in zip(chosen, porcupine.values_of(model, histories, ENOUGH), strict=True):
            if value is not values[number]:
                raise WrongAnswer(number, f"value {value.value}, not {values[number].value}")


def _never_asked(keys: Collection[int]) -> Backend:
    raise AssertionError("only what needs no search is asked for")


def subjects() -> list[Subject]:
    """Every family. `unique`: with mostly different values, as fast procedures want them."""
    return [
        Subject(
            name, replace(family.model, monitors=small.PROCEDURES[name]), family.model,
            partial(small.history, family),
        )
        for name, family in small.FAMILIES.items()
    ] + [
        Subject(
            f"unique {name}", shape.model, replace(shape.model, monitors=()),
            partial(unique.history, shape),
        )
        for name, shape in unique.SHAPES.items()
    ]  # fmt: skip
