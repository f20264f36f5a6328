"""The checkers of list-append and rw-register, and their entries for `--model`.

The verdict is that of one isolation level, the option `consistency`; all others stand in its details, as for
`spectrum`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.per_key import UNOBSERVED, unobserved
from splitbrain.checkers.lattice import implies, lattice, resolve
from splitbrain.checkers.transactions.assumption_names import ASSUMPTIONS, NOTHING
from splitbrain.checkers.transactions.parts import BEGIN, COMMIT, TXN, joined
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.harness.verdict import Validity, Verdict, unknown

DEFAULT = "strict-serializable"
ALL, ASKED = "all", "asked"
SUMMARIES = {
    "list-append": "transactions that append to lists and read them: every isolation level",
    "rw-register": "transactions that write registers and read them, each value once: every isolation level",
}


@dataclass(frozen=True)
class TransactionCheck:
    """Isolation levels of transactions. name: list-append or rw-register. consistency: the level of the verdict.
    assume: what is assumed of the keys of registers. levels: which levels are judged."""

    name: str
    consistency: str = DEFAULT
    assume: str = NOTHING
    levels: str = ALL

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict; UsageError for an operation that is no transaction of this kind, or no part of one."""
        whole = joined(history)
        return whole.original(self._checked(whole.history, budget))

    def _checked(self, history: History, budget: Budget) -> Verdict:
        from splitbrain.checkers.transactions.analysis import analysed
        from splitbrain.checkers.transactions.reading import NotJudged, transactions

        try:
            of = transactions(history, self.name)
        except NotJudged as refused:
            return unknown(self.name, f"not judged: {refused}", self.consistency)
        if not len(of):
            return unobserved(self.name, "no client did anything: nothing could have refuted the model")
        only = self.levels == ASKED
        details, witness, certificate = analysed(of, budget.start(), self.consistency, self.assume, only=only)
        level = self.consistency
        names: dict[str, str] = {field: ", ".join(details[field]) for field in ("strongest", "weakest_refuted")}
        value, lines = Validity.UNKNOWN, list[str]()
        if level in details["refuted"]:
            value = Validity.INVALID
            reason = f"not {level}: {details['refuted'][level]['reason']}"
            rest = "others are undecided" if details["undecided"] else "nothing"
            lines = [f"still allowed: {names['strongest'] or rest}"]
        elif not of.watched():
            details[UNOBSERVED] = True
            reason = "no key that was written was also read: nothing could have refuted the model"
        elif level in details["allowed"]:
            value, reason = Validity.VALID, self._holds(len(of), details["shown"])
        elif level in details["undecided"]:
            reason = f"undecided: {details['undecided'][level]}"
        else:
            reason = f"{level} cannot be judged from what clients see; strongest allowed: {names['strongest']}"
        if self.assume != NOTHING:
            value, reason, line = self._under_assumption(value, reason, details["assumption_objection"])
            lines = [line, *lines]
        lines += [f"refuted, {name}: {details['refuted'][name]['anomaly']}" for name in details["weakest_refuted"]]
        return Verdict(
            value, "\n".join((reason, *lines)), self.name, level,
            witness=witness if value is Validity.INVALID else None,
            certificate=certificate if value is Validity.VALID else None, details=details,
        )  # fmt: skip

    def _under_assumption(self, value: Validity, reason: str, objection: str | None) -> tuple[Validity, str, str]:
        """The verdict, its reason and a line on the assumption: of a history that contradicts the assumption only a
        refutation without it stands."""
        meaning = ASSUMPTIONS[self.assume]
        if objection is None:
            return value, reason, f"assumed, {self.assume}: {meaning}"
        words = f"the assumption {self.assume} does not hold: {objection}"
        if value is Validity.INVALID:
            return value, reason, f"{words}; the verdict is without it"
        return Validity.UNKNOWN, words, f"without it: {reason}"

    def _holds(self, count: int, shown: Mapping[str, str]) -> str:
        """A level that holds, with the kind of order that shows it."""
        kinds = [kind for model, kind in shown.items() if implies(model, self.consistency)]
        words = f", shown by {kinds[0]}" if kinds else ""
        return f"{count:,} transactions are {self.consistency}{words}"


def transactional(history: History) -> str | None:
    """list-append or rw-register for a history of transactions; None for one of single operations.

    Such a history has operations `txn`, or their parts, and no other. Where no key was written or appended to, what was
    read tells lists; where one was, that does, for a register may hold a list."""
    operations, values = history.operations(), history.pool.values
    if not len(operations) or not {values[f] for f in set(operations.f)} <= {TXN, BEGIN, COMMIT}:
        return None
    lists = False
    for column in (operations.argument, operations.result):
        for value in column:
            for step in values[value] if value != ABSENT and type(values[value]) is tuple else ():
                if type(step) is tuple and len(step) == 3:
                    if step[0] in ("append", "w"):
                        return "list-append" if step[0] == "append" else "rw-register"
                    lists = lists or type(step[2]) is tuple
    return "list-append" if lists else "rw-register"


CONSISTENCY = Option(
    "consistency", DEFAULT, "the isolation level of the verdict, a name of the lattice or an alias of it"
)
ASSUME = Option(
    "assume", NOTHING, "what is assumed of each key: that it never goes back to an older version, and along what",
    (NOTHING, *ASSUMPTIONS),
)  # fmt: skip
LEVELS = Option(
    "levels", ALL, "the levels that are judged; asked: none but that of the verdict, and what it implies, if it holds",
    (ALL, ASKED),
)  # fmt: skip


def level(name: str) -> str:
    """The isolation level that goes by this name; UsageError if there is none."""
    models = {known: model for known, model in lattice().models.items() if model.scope == "transaction"}
    try:
        found = resolve(name)
    except KeyError:
        found = name
    if found not in models:
        hint = did_you_mean(name, models, f"there are {', '.join(models)}")
        raise UsageError(f"option consistency is an isolation level, not {name!r}{hint}")
    return found


def entry(name: str) -> CatalogueEntry[TransactionCheck]:
    """The entry of a workload."""

    def build(settings: Mapping[str, Setting]) -> TransactionCheck:
        asked, assume = level(str(settings["consistency"])), str(settings.get("assume", NOTHING))
        return TransactionCheck(name, asked, assume, str(settings["levels"]))

    options = (CONSISTENCY, ASSUME, LEVELS) if name == "rw-register" else (CONSISTENCY, LEVELS)
    return CatalogueEntry(name, SUMMARIES[name], options, build)


ENTRIES = tuple(map(entry, SUMMARIES))
