"""Monitor of sets with reads of the whole, which can only refute: one element by itself, then two.

Take a legal order of the whole, and in it only the reads and the operations on some elements: it is a legal order of a
set of these, of which each read saw what it saw among them. So if `whole_reads` refutes these few, the whole is not
linearizable, whatever crashed operations did. Of few elements the ways in which they may stand are few, however many
clients there are, and what one old answer says wrongly it says of some of them.

A core is what refutes the few, and with each read in it all that may have left other elements as it saw them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations

from splitbrain.checkers.porcupine.monitors.element_ways import ElementCall
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, refuted
from splitbrain.checkers.porcupine.monitors.whole_reads import Meaning, ReadOrderSearch, meanings
from splitbrain.checkers.porcupine.shrink import subproblem
from splitbrain.checkers.porcupine.traces import traces_of, with_sources

CONFIGURATIONS_MAX = 20_000
"""Configurations that are entered for some elements at most."""
OPERATIONS_MAX = 60_000
"""Operations that are looked at in all: so many elements are not taken two by two."""


def few_elements(case: MonitorInput) -> Decision | None:
    """A set with reads of the whole, one or two elements of which cannot have been as they were seen."""
    found = meanings(case)
    if found is None:
        return None
    elements = sorted({one.element for one in found if isinstance(one, ElementCall)})
    left = OPERATIONS_MAX
    for chosen in chain(combinations(elements, 1), combinations(elements, 2)):
        operations = list(_about(found, frozenset(chosen)))
        left -= len(operations)
        if left < 0 or case.spending.exhausted():
            return None
        core = _contradiction(case, found, operations, frozenset(chosen))
        if core:
            return refuted(with_sources(case.problem, traces_of(case.model, case.problem, case.prepared), core))
    return None


def _about(found: Sequence[Meaning], chosen: frozenset[int]) -> Iterator[int]:
    """The reads, and the operations on these elements."""
    for operation, one in enumerate(found):
        if not isinstance(one, ElementCall) or one.element in chosen:
            yield operation


def _contradiction(
    case: MonitorInput, found: Sequence[Meaning], operations: Sequence[int], chosen: frozenset[int]
) -> list[int]:
    """Operations that contradict each other as far as these elements go; none if they do not, or if it takes long."""
    part = replace(case, problem=subproblem(case.problem, operations), locate=False)
    told = [one if isinstance(one, ElementCall) else one & chosen for one in map(found.__getitem__, operations)]
    decision = ReadOrderSearch(part, told, CONFIGURATIONS_MAX).decided()
    refutes = decision is not None and decision.order is None
    return [operations[place] for place in decision.core] if decision is not None and refutes else []
