"""CleanUp: the steps that undo a test, carried out in reverse order however it ends, each even if others fail.

Pitfall: a second Ctrl-C would cut a clean-up short, so it runs in a task of its own that no cancellation reaches. A
step that fails is reported, and never hides the error that ended the test.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from splitbrain.harness.errors import InfrastructureError

T = TypeVar("T")

STEP_SECONDS = 60.0
"""The time that one step may take before the next is tried all the same."""


async def shielded(awaitable: Awaitable[T]) -> T:
    """The result of an awaitable that a cancellation must not stop; CancelledError afterwards if there was one."""
    under_way = asyncio.ensure_future(awaitable)
    cancelled: asyncio.CancelledError | None = None
    while not under_way.done():
        try:
            await asyncio.shield(under_way)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: BLE001 - raised below, with everything else
            break
    if cancelled is not None and not under_way.cancelled():
        under_way.exception()
        raise cancelled
    return under_way.result()


class CleanUp:
    """`async with CleanUp() as cleaning:` carries out the steps that were added when the block ends.

    If a step fails: after success or an interruption InfrastructureError, since something may be left behind; after
    any other error a note on that.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[], Awaitable[object]]]] = []

    def add(self, what: str, step: Callable[[], Awaitable[object]]) -> None:
        """Add a step. what: its name in the message if it fails ("closing the clients")."""
        self._steps.append((what, step))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failures: list[str] = []
        try:
            await shielded(self._undo(failures))
        finally:
            if failures:
                text = "; ".join(failures)
                if error is None or isinstance(error, asyncio.CancelledError):
                    raise InfrastructureError(text) from error
                error.add_note(text)

    async def _undo(self, failures: list[str]) -> None:
        while self._steps:
            what, step = self._steps.pop()
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    await step()
            except TimeoutError as error:
                failures.append(f"{what} failed: {error or f'it took longer than {STEP_SECONDS:g} s'}")
            except Exception as error:  # noqa: BLE001 - the other steps must still be done; reported at the end
                failures.append(f"{what} failed: {error or type(error).__name__}")
