"""Shape of a user's target: what its attributes and methods have to be, checked when it is made and when it is called.

What is wrong is a UsageError: what was expected, what came, and where in the user's code.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from splitbrain.checkers.claims import PROPERTIES
from splitbrain.checkers.lattice import lattice
from splitbrain.harness.client import ErrorTable, Shape
from splitbrain.harness.deployment import Deployment
from splitbrain.harness.errors import UsageError
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.logs import Pattern
from splitbrain.harness.options import Option
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.harness.target import Audited
from splitbrain.harness.verdict import Verdict

SEE = "see docs/your-own-target.md"
METHODS = ("client", "roles", "audit")
CLIENT_METHODS = ("open", "setup", "invoke", "teardown", "close")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _sequence_of(kind: Any) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, kind) for item in value)
    )


def _mapping_to(kind: Any) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(key, str) and isinstance(item, kind) for key, item in value.items())
    )


OF_CLASS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("a text", _is_text),
    "summary": ("a text", _is_text),
    "options": ("a sequence of Option", _sequence_of(Option)),
}
"""Attributes that are read from the class before it is made, in words and as a check. A property is looked at later."""
OF_TARGET: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **OF_CLASS,
    "settings": ("a mapping of the options' names to values", _mapping_to(object)),
    "claims": ("a sequence of texts", _sequence_of(str)),
    "operations": ("a mapping of names to Shape, as splitbrain.harness.client has it", _mapping_to(Shape)),
    "errors": ("an ErrorTable", lambda value: isinstance(value, ErrorTable)),
    "deployments": (
        "one Deployment or more, as splitbrain.harness.deployment has them",
        lambda value: _sequence_of(Deployment)(value) and len(value) > 0,
    ),
}


IF_THERE: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "program": ("a class, or a function that makes a program", callable),
    "default_workload": ("the name of a workload", lambda value: isinstance(value, str)),
    "log_patterns": ("a sequence of Pattern, as splitbrain.harness.logs has it", _sequence_of(Pattern)),
    "invariants": ("a sequence of Invariant, as splitbrain.harness.invariants has it", _sequence_of(Invariant)),
    **dict.fromkeys(("provide", "notices", "settle", "audit"), ("a method", callable)),
}
"""Attributes that a target may have, looked at where it does. An attribute that is used in some environments alone is
checked in all of them."""


def check_class(kind: Any, word: str) -> None:
    """UsageError for an attribute of the class that is of the wrong kind."""
    for name, (expected, fits) in OF_CLASS.items():
        value = inspect.getattr_static(kind, name)
        if not hasattr(type(value), "__get__") and not fits(value):
            raise _wrong(kind, name, expected, value, word)


AVAILABILITY = ("CP", "AP", "CA")
"""Claims of which no model speaks; `classify` judges them."""


def check_target(target: Any, word: str) -> None:
    """UsageError for an attribute of a target that is of the wrong kind, and for a claim that nothing could judge."""
    for name, (expected, fits) in OF_TARGET.items():
        value = getattr(target, name, None)
        if not fits(value):
            raise _wrong(type(target), name, expected, value, word)
    for name, (expected, fits) in IF_THERE.items():
        if hasattr(target, name) and not fits(getattr(target, name)):
            raise _wrong(type(target), name, expected, getattr(target, name), word)
    check_claims(target, word)


def check_claims(target: Any, word: str) -> None:
    """UsageError for a claim that nothing could judge."""
    known = (*lattice().models, *PROPERTIES, *AVAILABILITY)
    for claim in target.claims:
        if claim not in known:
            hint = did_you_mean(claim, known, f"claims are models, {', '.join((*PROPERTIES, *AVAILABILITY))}")
            raise UsageError(f"target {word}: nothing judges the claim {claim!r}{hint}")


def checked_class(kind: Any, word: str) -> Any:
    """A class as the user's, whose methods check what they return."""

    def client(self: Any, node: Any) -> Any:
        found = kind.client(self, node)
        lacking = [name for name in CLIENT_METHODS if not callable(getattr(found, name, None))]
        if lacking:
            raise _wrong(kind, "client", f"a client with {', '.join(CLIENT_METHODS)}", found, word)
        return found

    async def roles(self: Any, nodes: Any) -> Any:
        return await _awaited(kind, "roles", "a mapping of nodes' names to roles", _mapping_to(str), self, nodes, word)

    async def audit(self: Any, nodes: Any) -> Any:
        return await _awaited(kind, "audit", "a Verdict", lambda found: isinstance(found, Verdict), self, nodes, word)

    methods: dict[str, Any] = {"client": client, "roles": roles}
    if issubclass(kind, cast(type, Audited)):
        methods["audit"] = audit
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind)(kind.__name__, (kind,), methods | named)


async def _awaited(
    kind: Any, name: str, expected: str, fits: Callable[[Any], bool], target: Any, nodes: Any, word: str
) -> Any:
    found = getattr(kind, name)(target, nodes)
    if not inspect.isawaitable(found):
        raise _wrong(kind, name, f"{expected}, and be async", found, word)
    value = await found
    if not fits(value):
        raise _wrong(kind, name, expected, value, word)
    return value


def shown_path(filename: str) -> str:
    """A file as it is named from the working folder."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename


def _wrong(kind: Any, name: str, expected: str, value: Any, word: str) -> UsageError:
    came = repr(value)
    shown = came if len(came) <= 60 else type(value).__name__
    called = name in METHODS and callable(getattr(kind, name, None))
    has_to = f"{name}() has to return" if called else f"{name} has to be"
    return UsageError(f"target {word}: {has_to} {expected}, not {shown}{_defined(kind, name)}; {SEE}")


def _defined(kind: Any, name: str) -> str:
    """The place in the user's code at which something is defined: `, at store.py:12`; that of the class if it is no
    function."""
    found = inspect.getattr_static(kind, name, None)
    function = getattr(found, "fget", found)
    code = getattr(function, "__code__", None)
    if code is not None:
        return f", at {shown_path(code.co_filename)}:{code.co_firstlineno}"
    try:
        return f", at {shown_path(inspect.getsourcefile(kind) or '')}:{inspect.getsourcelines(kind)[1]}"
    except (OSError, TypeError):
        return ""
