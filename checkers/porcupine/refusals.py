"""Failures that are observations: which failed operations say that their precondition was tested and false, and what
value the system found instead.

Asked only about the operations that a model names in `refusals`. A failure says so if its error names the precondition
(`["precondition", …]`, `:precondition-failed`, `"precondition failed: …"`), or if it has no error at all (absent, nil,
false): in the histories of Jepsen and Porcupine whatever went wrong on the way is named, and a compare-and-set that
merely answered "no" is not. With `Model.every_failure` every failure says so.

The value of the completion is what the system found, unless it is the argument again, nil, true or false, a pair, or
words about the precondition: these say nothing for certain.
"""

from collections.abc import Sequence
from typing import Final

from splitbrain.checkers.porcupine.model import REFUSED, Model, Refused
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import ErrorKind, EventType, Value

NO_ANSWER: Final = -1
PLAIN: Final = -3
"""Codes beside that of a crashed operation, -2; the refusal that saw value `i` is SAW - i."""
SAW: Final = -4


def answer(model: Model, values: Sequence[Value], error: int, value: int, argument: int) -> int:
    """The answer of a failure, from the value ids of its error (ABSENT if it has none), its value and its argument:
    NO_ANSWER, PLAIN, or SAW less the id of the value that was found."""
    if not model.every_failure and error != ABSENT and not names_precondition(values[error], bare=True):
        return NO_ANSWER
    if value in (argument, ABSENT):
        return PLAIN
    found = values[value]
    if found is None or isinstance(found, bool) or names_precondition(found, bare=False):
        return PLAIN
    if isinstance(found, tuple) and len(found) == 2:
        return PLAIN
    return SAW - value


def result_of(values: Sequence[Value], code: int) -> Refused:
    """The result that a model sees of a failure with this answer."""
    return REFUSED if code == PLAIN else Refused(values[SAW - code])


def at(model: Model, history: History, invoked: int, complete: int) -> int:
    """The answer of the failure at a position, of the operation invoked at another; NO_ANSWER if its operation is none
    of the model's `refusals`."""
    values = history.pool.values
    if values[history.f[invoked]] not in model.refusals:
        return NO_ANSWER
    return answer(model, values, history.error[complete], history.value[complete], history.value[invoked])


def counted(model: Model, history: History) -> tuple[int, int]:
    """The number of failed operations of the model's `refusals` that were taken as observations, and of all of them."""
    taken = failed = 0
    operations = history.operations()
    for row, ended in enumerate(operations.ended):
        if ended == EventType.FAIL and history.pool.values[operations.f[row]] in model.refusals:
            failed += 1
            taken += at(model, history, operations.invoke[row], operations.complete[row]) != NO_ANSWER
    return taken, failed


def names_precondition(error: Value, *, bare: bool) -> bool:
    """Whether an error is about a precondition that was false. bare: whether to take no error (nil, false) for one."""
    if error is None or error is False:
        return bare
    if isinstance(error, tuple) and error:
        error = error[0]
    if not isinstance(error, str):
        return False
    words = error.lower().replace("_", "-").replace(" ", "-")
    return words == ErrorKind.PRECONDITION or words.startswith("precondition-failed")
