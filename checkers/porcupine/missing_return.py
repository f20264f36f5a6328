"""Search for a missing `return`: whether a function of a user's own can come to its end without one.

It is asked only of a step that returned None where None may be a state. Pitfall: what a condition makes unreachable is
taken as reachable, as type checkers do it.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from types import FunctionType


def line_without_return(step: object) -> int | None:
    """The line of the last statement from which a function comes to its end; None if there is none, or no source."""
    function = inspect.unwrap(getattr(step, "__func__", step)) if callable(step) else step
    if not isinstance(function, FunctionType):
        return None
    try:
        lines, first = inspect.getsourcelines(function)
        body = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, SyntaxError, IndexError):
        return None
    if not isinstance(body, ast.FunctionDef) or body.name != function.__name__:  # a lambda inside of it
        return None
    return next((statement.lineno + first - 1 for statement in _open_ends(body.body)), None)


def _open_ends(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block after which it goes on to its end."""
    last = body[-1]
    match last:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            pass
        case ast.If(body=then, orelse=otherwise):
            yield from _open_ends(then)
            yield from _open_ends(otherwise) if otherwise else (last,)
        case ast.Match(cases=cases):
            for one in cases:
                yield from _open_ends(one.body)
            if not _takes_all(cases[-1]):
                yield last
        case ast.With(body=inner):
            yield from _open_ends(inner)
        case ast.Try(body=tried, handlers=handlers, orelse=otherwise, finalbody=final):
            if not final or any(_open_ends(final)):
                for block in ((*tried, *otherwise), *(handler.body for handler in handlers)):
                    yield from _open_ends(block)
        case ast.While(test=ast.Constant(value=value)) if value:
            if any(isinstance(inner, ast.Break) for inner in ast.walk(last)):
                yield last
        case _:
            yield last


def _takes_all(case: ast.match_case) -> bool:
    """Whether a case takes whatever comes to it."""
    return case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
