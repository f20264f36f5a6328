"""A node's copy of the data, for audits: what it holds, and up to which change."""

from collections.abc import Awaitable, Callable

from splitbrain.targets.servers.errors import ServerError


async def unmoved(version: Callable[[], Awaitable[str]], data: Callable[[], Awaitable[str]]) -> tuple[str, str]:
    """A node's version and data, see `same_data`, where they are told apart. ServerError if it went on meanwhile."""
    before, found = await version(), await data()
    if before != (after := await version()):
        raise ServerError(f"a node went on from {before} to {after} while it was read")
    return before, found
