"""Calls to Docker by its SDK, imported when first needed, each in a thread and carried to its end.

Pitfall: a call that a cancellation left behind could make a container after everything was cleaned up; so a call is
awaited also then.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from splitbrain.harness.cleanup import shielded
from splitbrain.harness.errors import InfrastructureError

CALL_SECONDS = 60.0
THREADS = 16
CONNECTIONS = 256
"""More than nodes and threads together: a node's output keeps one."""
ELSE = "or use --env local"


def where() -> str:
    """The address of Docker, as the user set it or by default."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


class Daemon:
    """A connection to Docker."""

    def __init__(self, api: Any) -> None:
        self.api = api
        """The SDK's `APIClient`; what it raises is told by `trouble`."""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="docker")

    @staticmethod
    def connect() -> "Daemon":
        """A connection that was tried. InfrastructureError, in one sentence with what to do, if Docker does not
        answer."""
        import docker
        import docker.errors
        import docker.utils

        try:
            given = docker.utils.kwargs_from_env()
            given.setdefault("base_url", where())
            api = docker.APIClient(version="auto", timeout=CALL_SECONDS, max_pool_size=CONNECTIONS, **given)
            api.ping()
        except (docker.errors.DockerException, OSError, ValueError) as error:
            raise InfrastructureError(refusal(error)) from None
        return Daemon(api)

    async def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """The result of a blocking call, made in a thread. InfrastructureError with what Docker said if it fails."""
        loop = asyncio.get_running_loop()
        return await shielded(loop.run_in_executor(self._threads, lambda: attempt(function, *arguments, **named)))

    def close(self) -> None:
        """Let go; safe to call twice."""
        self._threads.shutdown(wait=False)
        self.api.close()


def attempt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A blocking call of the SDK. InfrastructureError with what Docker said if it fails."""
    import docker.errors
    import requests.exceptions

    try:
        return function(*arguments, **named)
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise InfrastructureError(f"Docker: {trouble(error)}") from error


def trouble(error: BaseException) -> str:
    """The message of an error of the SDK, in Docker's own words and on one line."""
    text = getattr(error, "explanation", None) or error
    return " ".join(str(text).split())


def absent(error: BaseException | None) -> bool:
    """Whether an error of `attempt` says that there is no such thing, or that it is being removed already."""
    cause = error.__cause__ if error is not None else None
    status = getattr(getattr(cause, "response", None), "status_code", None)
    return status == 404 or (status == 409 and "already in progress" in str(error))


def refusal(error: BaseException) -> str:
    """The reason that Docker cannot be used, in one sentence with what to do."""
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return (
            f"user {os.getuid()} may not speak to Docker at {where()}: add the user to the group docker "
            f"(usermod -aG docker USER, then log in again), run as root, {ELSE}"
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionError) for cause in causes):
        return (
            f"Docker does not answer at {where()}: install it (apt install docker.io), start it "
            f"(systemctl start docker), {ELSE}"
        )
    return f"Docker at {where()} cannot be used: {trouble(error)}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The errors behind an error: as causes, contexts and arguments, the way the SDK's libraries wrap them."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.append(one)
        yield one
        inside = (one.__cause__, one.__context__, *one.args, getattr(one, "reason", None))
        waiting += [other for other in inside if isinstance(other, BaseException)]
