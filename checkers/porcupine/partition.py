"""Partition of one object into parts that have nothing to do with each other, each checked by itself.

A model may promise it: `Independence.parts` gives each call labels, and leaving out all calls with one label makes no
legal sequence illegal. Calls that share a label, or are linked by others that do, are a part. If a part is not
linearizable, the whole is not: leave all other labels out of a legal order of the whole. If all parts are, their orders
are merged, and the merged order is tried on the whole: then that is proved, whatever was promised. So even without a
promise it is worth guessing that keys are parts, for a guess that is right is proved as well.

Pitfall: what holds for all parts need not hold for the whole. If the merged order is no proof, the whole is searched.
"""

from array import array
from collections.abc import Callable, Hashable, Iterator, Sequence

from splitbrain.checkers.porcupine import kernel, refusals
from splitbrain.checkers.porcupine.calls import call_at
from splitbrain.checkers.porcupine.confirm_core import CORE_TOLD
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.search_result import GROWTH, Backend, SearchResult
from splitbrain.checkers.porcupine.verify import is_proof, merged_order
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType


def partitioned(
    model: Model, history: History, spending: BudgetMeter, whole: Callable[[], Backend]
) -> "PartitionedBackend | None":
    """The parts of a history of one object, or None if it has no two. whole: makes the search of all of it."""
    if model.by_key or not kernel.BUILT:
        return None
    promised = model.independence.parts is not None
    if model.monitors and not promised:
        return None
    parts = _by_labels(model, history) if promised else _by_keys(model, history)
    return None if parts is None else PartitionedBackend(model, history, spending, parts, whole, promised=promised)


class PartitionedBackend:
    """The one problem (see `search_result`) of a history that has parts."""

    def __init__(
        self,
        model: Model,
        history: History,
        spending: BudgetMeter,
        parts: "array[int]",
        whole: Callable[[], Backend],
        *,
        promised: bool,
    ) -> None:
        """parts: of each event 2 more than the number of its part, 0 for those in none. TooWide."""
        from splitbrain.checkers.porcupine.native_backend import NativeBackend

        self.model, self.history, self.spending, self.promised = model, history, spending, promised
        self._parts, self._whole = parts, whole
        self._searched = NativeBackend(model, history, spending, among=parts)
        self._problems: Backend | None = None
        self._answer = SearchResult(ABSENT, self._searched.operations, self._observations(), 0)
        self.operations = self._searched.operations

    def __len__(self) -> int:
        return 1

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return self._searched.observed()

    def search_all(self) -> None:
        """The parts, and if they decide nothing the whole."""
        if self.promised:
            self._searched.search_all()
        else:
            self._searched.search_once(GROWTH)
        answers = [self._searched.result(number) for number in range(len(self._searched))]
        if self._decided(answers):
            return
        if self.spending.exhausted():
            self._answer.searched = True
            self._answer.order = merged_order(self.history, [answer.order for answer in answers])
            return
        self._problems = self._whole()
        self._problems.search_all()

    def result(self, number: int) -> SearchResult:
        """The result of the whole."""
        return self._answer if self._problems is None else self._problems.result(number)

    def _observations(self) -> int:
        batch = self._searched.batch
        return sum(map(batch.observations, range(len(batch))))

    def _decided(self, answers: Sequence[SearchResult]) -> bool:
        """Whether the parts decide the whole, which is then answered."""
        out = self._answer
        out.configurations = sum(answer.configurations for answer in answers)
        refuted = next((answer for answer in answers if answer.linearizable is False), None)
        if refuted is not None and self.promised:
            out.searched, out.linearizable = True, False
            out.order, out.next_return, out.states = refuted.order, refuted.next_return, refuted.states
            out.core = self._core(refuted.key)
            return True
        if all(answer.linearizable for answer in answers):
            order = merged_order(self.history, [answer.order for answer in answers])
            if is_proof(self.model, self.history, order, self.spending):
                out.searched, out.linearizable, out.order, out.proved = True, True, order, True
                return True
        return False

    def _core(self, part: int) -> tuple[int, ...]:
        """The operations of a part, if they are few enough to be told."""
        found = tuple(position for position, number in enumerate(self._parts) if number == part + 2)
        return found if len(found) <= CORE_TOLD else ()


def _by_keys(model: Model, history: History) -> "array[int] | None":
    """Keys as parts, if all operations have one, and there are two."""
    out = array("i", bytes(4 * len(history.type)))
    numbers: dict[int, int] = {}
    for position in _counted(model, history):
        key = history.key[position]
        if key == ABSENT:
            return None
        out[position] = 2 + numbers.setdefault(key, len(numbers))
    return out if len(numbers) > 1 else None


def _by_labels(model: Model, history: History) -> "array[int] | None":
    """Calls that are linked by labels as parts, if there are two, and no call is without labels."""
    labels_of = model.independence.parts
    assert labels_of is not None
    links = _Links()
    first: dict[int, Hashable] = {}
    known: dict[tuple[int, ...], Hashable] = {}
    for position in _counted(model, history):
        name = (position,) if model.sees else _name(history, position)
        label = known.get(name, links)
        if label is links:
            labels = labels_of(call_at(model, history, position))
            if not labels:
                return None
            label = known[name] = links.join(labels)
        first[position] = label
    out = array("i", bytes(4 * len(history.type)))
    numbers: dict[Hashable, int] = {}
    for position, label in first.items():
        out[position] = 2 + numbers.setdefault(links.root(label), len(numbers))
    return out if len(numbers) > 1 else None


def _counted(model: Model, history: History) -> Iterator[int]:
    """The invocations that a search looks at."""
    kind, partner, f, names = history.type, history.partner, history.f, history.pool.names
    pure = {names[name] for name in model.pure if name in names}
    for position, process in enumerate(history.process):
        if kind[position] != EventType.INVOKE or process < 0:
            continue
        complete = partner[position]
        ended = EventType.INFO if complete == ABSENT else kind[complete]
        if ended == EventType.FAIL:
            counts = refusals.at(model, history, position, complete) != refusals.NO_ANSWER
        else:
            counts = ended == EventType.OK or f[position] not in pure
        if counts:
            yield position


def _name(history: History, position: int) -> tuple[int, ...]:
    """Name of an operation: two have one only if they are the same call, for a model that sees no more."""
    complete = history.partner[position]
    ended = EventType.INFO if complete == ABSENT else history.type[complete]
    result = ABSENT if ended == EventType.INFO else history.value[complete]
    return history.f[position], history.value[position], int(ended), result, history.key[position]


class _Links:
    """Links between labels."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def root(self, label: Hashable) -> Hashable:
        """The label that stands for all that are linked with this one."""
        above = self._above
        while above.setdefault(label, label) != label:
            above[label] = above[above[label]]
            label = above[label]
        return label

    def join(self, labels: Sequence[Hashable]) -> Hashable:
        """Link these; one of them."""
        for label in labels[1:]:
            self._above[self.root(label)] = self.root(labels[0])
        return labels[0]
