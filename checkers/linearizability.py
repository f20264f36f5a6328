"""Linearizability, judged by `porcupine`: with respect to a model, as workloads name it, or to the one that the
operations of a history say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from splitbrain.checkers import porcupine
from splitbrain.checkers.common.data_types import DataType, data_type
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.registers import INITIAL_OPTION
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict


@dataclass(frozen=True)
class Linearizability:
    """Linearizability (Herlihy & Wing 1990) with respect to a model."""

    model: porcupine.Model
    name: str = "linearizability"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that the model does not know."""
        return porcupine.check(self.model_for(history), history, budget)

    def decide(self, history: History, spending: BudgetMeter) -> Verdict:
        """Check without witnesses, see `check`; for those who measure. `explain` adds them."""
        return porcupine.unexplained(self.model_for(history), history, spending)

    def explain(self, history: History, verdict: Verdict, budget: Budget) -> Verdict:
        """A verdict of `decide`, each `invalid` in it with a witness."""
        return porcupine.explain(self.model_for(history), history, verdict, budget)

    def model_for(self, history: History) -> porcupine.Model:
        """The model, or the wider one that the operations of the history need."""
        if self.model.wider is None:
            return self.model
        values = history.pool.values
        return self.model.wider(frozenset(values[f] for f in set(history.operations().f))) or self.model


@dataclass(frozen=True)
class RegisterLinearizability:
    """Linearizability of registers with compare-and-set that begin as nil, by everything that was recorded: revisions
    where completions carry them, and refused compare-and-sets (error kind `precondition`), which tell what was not
    there."""

    name: str = "linearizable"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is none of a register's.

        Values alone are looked at first, with half of the time: what refutes them needs fewer operations to show.
        """
        settings = {"initial": None, "precondition": "observe"}
        half = replace(budget, seconds=budget.seconds / 2)
        verdict = porcupine.check(MODELS["cas-register"].make(settings), history, half)
        if verdict.value is Validity.INVALID:
            return verdict
        if all(revision == ABSENT for revision in history.operations().revision):
            return verdict
        return porcupine.check(MODELS["versioned-register"].make(settings), history, half)


MODEL_OF = {DataType.SET: "lin-set", DataType.LIST: "lin-list", DataType.COUNTER: "lin-counter"}
"""The model of porcupine that each type but registers is linearizable by."""
MODELS_OF_REGISTERS = {"register": ("read", "write"), "cas-register": ("read", "write", "cas")}
"""Models of porcupine for registers, and the operations that they know; for all others `kv`."""
SYNONYMS = {"get": "read", "put": "write"}


@dataclass(frozen=True)
class LinearizabilityByType:
    """Linearizability of registers, sets, lists or counters, whichever a history is about. initial: the value of each
    register before any write, as on the command line."""

    initial: str = "nil"
    name: str = "linearizable"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for operations that are of none of these types."""
        return self.judge(history, budget.start())

    def judge(self, history: History, spending: BudgetMeter) -> Verdict:
        """The verdict, within a budget that several checks share."""
        kind = data_type(history)
        names = {str(history.pool.values[f]) for f in set(history.operations().f)}
        if kind is DataType.REGISTER:
            checker, known = self._of_registers(names), named_alike(history, names)
        else:
            checker = Linearizability(MODELS[MODEL_OF[kind]].make())
            known = renamed(history) if kind is DataType.COUNTER else history
        found = checker.explain(known, checker.decide(known, spending), spending.left())
        return replace(found, checker=self.name)

    def _of_registers(self, names: set[str]) -> Linearizability:
        alike = {SYNONYMS.get(name, name) for name in names} if names & {"read", "write"} else names
        model = next((name for name, known in MODELS_OF_REGISTERS.items() if alike <= set(known)), "kv")
        return Linearizability(MODELS[model].make({"initial": self.initial}))


def named_alike(history: History, names: set[str]) -> History:
    """The history of registers with one word for each operation, where some are called `read` and others `get`."""
    if not names & {"read", "write"} or not names & SYNONYMS.keys():
        return history
    return History.of(msgspec.structs.replace(event, f=SYNONYMS.get(event.f, event.f)) for event in history)


def renamed(history: History) -> History:
    """The history of a counter as the model of porcupine knows it: each `increment` is called `add`, and a read of a
    counter that was never incremented, which is nil in some stores, returned 0."""

    def known(event: Event) -> Event:
        if event.f == "increment":
            return msgspec.structs.replace(event, f="add")
        empty = event.f == "read" and event.type == EventType.OK.word and event.value is None
        return msgspec.structs.replace(event, value=0) if empty else event

    return History.of(map(known, history))


def _by_type(settings: Mapping[str, Setting]) -> LinearizabilityByType:
    return LinearizabilityByType(str(settings["initial"]))


BY_TYPE = CatalogueEntry(
    "linearizable",
    "one order in real time explains all; registers, key-value stores, sets, lists, counters",
    (INITIAL_OPTION,),
    _by_type,
)
