"""Rows of error tables: what a server says or a library raises, and what that means for an operation.

The first row that fits decides, and what no row knows is of unknown end. A row is definite only where the server
refuses before it begins, or where the request itself was rejected as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.client import TRANSPORT, ErrorTable, Rule
from splitbrain.harness.operation import ErrorKind


class ServerError(Exception):
    """An error that a server answered. code: its number or word in the protocol, if it has one."""

    def __init__(self, text: str, code: int | str | None = None) -> None:
        super().__init__(text)
        self.code = code


NO_ANSWER = (ServerError, OSError)
"""Errors of a node that does not answer, or says no; a TimeoutError is an OSError."""


@dataclass(frozen=True)
class Row(Rule):
    """A row of the table. text: a part of the error's message. where: attributes that the error has.

    raised: also the full name of an exception type ("httpx2.ReadTimeout"), so that a library is not imported for it; an
    error fits by any of its base classes.
    """

    text: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, error: BaseException) -> bool:
        names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
        return (
            (self.raised in names or super().fits(error))
            and self.text in str(error)
            and all(getattr(error, name, None) == value for name, value in self.where.items())
        )


def text(part: str, kind: ErrorKind, *, definite: bool = False) -> Row:
    """A row for errors that a server answers with such a text."""
    return Row(ServerError, kind, definite, text=part)


def raised(error: type[BaseException] | str, kind: ErrorKind, *, definite: bool = False, **where: Any) -> Row:
    """A row for exceptions of a type, or of the name of one, that have such attributes."""
    return Row(error, kind, definite, where=where)


def code(number: int | str, kind: ErrorKind, *, definite: bool = False) -> Row:
    """A row for errors with a code."""
    return Row(Exception, kind, definite, where={"code": number})


def table(*rows: Row) -> ErrorTable:
    """A server's error table: its rows, then what holds of every connection."""
    return ErrorTable((*rows, *TRANSPORT))
