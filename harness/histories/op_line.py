"""One operation as Jepsen prints it: process, type, function, value and perhaps an error, `0 :invoke :write 1`.

Lines of `history.txt` and of Jepsen's logs both hold them. An error is free text, so a value ends at the first tab or,
without tabs, where the first form of EDN does.
"""

import re

from splitbrain.harness.histories.edn import forms_of, value_of
from splitbrain.harness.histories.loose import Loose
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.operation import Value

OPERATION = re.compile(r"(:?[\w.@-]+)\s+:(invoke|ok|fail|info)\s+:?(\S+)(?:\s+(\S.*))?")
EXPECTED = "process, type, function and value, as 0 :invoke :write 1"

_KEPT_MAX = 1 << 16
_ENDS_MAX = 64
"""The number of places that are tried for the end of a value before an error that is no EDN."""

Parts = tuple[Value, Value]
"""Value and error; None for no error."""


class OperationLines:
    """A reader of operations; values that were seen before are not read again."""

    def __init__(self) -> None:
        self._known: dict[str, Parts] = {}

    def event(self, found: re.Match[str]) -> Loose:
        """The event of a match of OPERATION. Unreadable if its value is no EDN."""
        process, kind, f, text = found.groups()
        if text is None:
            raise Unreadable("the operation has no value, not even nil")
        if text in self._known:
            value, error = self._known[text]
        else:
            value, error = value_and_error(text)
            if len(self._known) < _KEPT_MAX:
                self._known[text] = (value, error)
        event = Loose(process=process, type=kind, f=f, value=value)
        if error is not None:
            event.error = error
        return event


def value_and_error(text: str) -> Parts:
    """`4` and nothing, `[4 4]` and `:timeout`. Unreadable if the value is no EDN."""
    value, tab, error = text.rstrip().partition("\t")
    if tab:
        return value_of(value), _error(error.strip())
    try:
        forms = forms_of(text)
    except Unreadable as wrong:
        return _before_text(text, wrong)
    if not forms:
        raise Unreadable("the operation has no value, not even nil")
    return forms[0], None if len(forms) == 1 else forms[1] if len(forms) == 2 else text[:200]


def _before_text(text: str, wrong: Unreadable) -> Parts:
    """A value before an error that is no EDN."""
    for end in list(re.finditer(r"\s+", text))[:_ENDS_MAX]:
        try:
            return value_of(text[: end.start()]), text[end.end() :]
        except Unreadable:
            continue
    raise wrong


def _error(text: str) -> Value:
    try:
        return value_of(text)
    except Unreadable:
        return text
