"""AgentClient: requests to the agent on a host, replies matched by number, events handed on.

One thread per host reads. Pitfall: what a host says comes in that thread, and is handed to the event loop; and a host
that is cut off says nothing, so every order has its time.
"""

import asyncio
import contextlib
import getpass
import itertools
import json
import os
import secrets
import shlex
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from typing import Any

from splitbrain.harness.environments.ssh import upload
from splitbrain.harness.environments.ssh.agent import host_state
from splitbrain.harness.environments.ssh.connection import SshConnection
from splitbrain.harness.environments.ssh.hosts import RemoteHost
from splitbrain.harness.errors import InfrastructureError

OLDEST = (3, 11)
ANSWER_SECONDS = 20.0
BEAT_SECONDS = 5.0
THREADS = 32
VERSION = "import sys; print('splitbrain', *sys.version_info[:2])"

Event = dict[str, Any]


class AgentClient:
    """A host with our agent on it, until `close`. `about` is what it told of itself."""

    def __init__(self, connection: SshConnection, channel: Any, run: str) -> None:
        self.connection = connection
        self.run = run
        self.about: dict[str, Any] = {}
        self.on_event: Callable[[Event], object] = lambda event: None
        """Called with each event, in a thread of its own."""
        self._channel = channel
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._ready: Future[None] = Future()
        self._sending = threading.Lock()
        self._ended: str | None = None
        self._closing = False
        self._noise: list[str] = []
        threading.Thread(target=self._listen, name=f"ssh {self.host}", daemon=True).start()

    @property
    def host(self) -> RemoteHost:
        """The host."""
        return self.connection.host

    @staticmethod
    def open(host: RemoteHost, run: str, *, everything: bool = False) -> "AgentClient":
        """Connect, have our code there, start it, and take the host for a run. InfrastructureError in one sentence
        that names the host. everything: end other runs there."""
        connection = SshConnection.connect(host)
        try:
            prefix = _python(connection)
            words = shlex.join([*prefix, upload.upload_code(connection)])
            folder = shlex.quote(str(host_state.folder_of(run)))
            agent = AgentClient(connection, connection.talk(f'exec {words} "$SSH_CONNECTION" {folder}'), run)
            agent.wait(agent._ready, ANSWER_SECONDS)
            agent.about = agent.ask_now("own", owner=_me(), everything=everything)
        except BaseException:
            connection.close()
            raise
        return agent

    def order(self, do: str, **words: Any) -> "Future[Any]":
        """Send an order: its answer to be. Blocks as long as sending takes."""
        number, answer = next(self._numbers), Future[Any]()
        self._waiting[number] = answer
        line = json.dumps({"id": number, "do": do, "with": words}).encode() + b"\n"
        try:
            with self._sending:
                self._channel.sendall(line)
        except OSError as error:
            self._end(str(error))
        if self._ended is not None and not answer.done():
            answer.set_exception(InfrastructureError(f"{self.host}: {self._ended}"))
        return answer

    def wait(self, answer: "Future[Any]", seconds: float) -> Any:
        """An answer. InfrastructureError if it is a failure, or does not come in time."""
        try:
            return answer.result(seconds)
        except NoAnswer:
            raise InfrastructureError(f"{self.host} did not answer within {seconds:g} s") from None

    def ask_now(self, do: str, *, limit: float = ANSWER_SECONDS, **words: Any) -> Any:
        """The answer to an order; blocks."""
        return self.wait(self.order(do, **words), limit)

    async def ask(self, do: str, *, limit: float = ANSWER_SECONDS, **words: Any) -> Any:
        """The answer to an order, within so many seconds. InfrastructureError as `wait`."""
        answer = await call(self.order, do, **words)
        try:
            async with asyncio.timeout(limit):
                return await asyncio.wrap_future(answer)
        except TimeoutError:
            raise InfrastructureError(f"{self.host} did not answer within {limit:g} s") from None

    def close(self) -> None:
        """End the agent, which leaves the host as it was, and the connection. Safe to call twice. InfrastructureError
        if the agent does not end well and in time."""
        self._closing = True
        try:
            if self._ended is None:
                self._channel.shutdown_write()
                if not self._channel.status_event.wait(ANSWER_SECONDS):
                    raise InfrastructureError(f"{self.host}: the clean-up did not end within {ANSWER_SECONDS:g} s")
                if self._channel.recv_exit_status() != 0:
                    raise InfrastructureError(f"{self.host}: the clean-up failed: {self._last_words()}")
        except OSError as error:
            raise InfrastructureError(f"{self.host}: {error}") from None
        finally:
            self.connection.close()

    def _listen(self) -> None:
        """Read what the agent says, and let it know now and then that somebody is here."""
        buffer, beaten = b"", time.monotonic()
        self._channel.settimeout(BEAT_SECONDS)
        while True:
            if time.monotonic() - beaten >= BEAT_SECONDS:
                beaten = time.monotonic()
                self._beat()
            try:
                data = self._channel.recv(1 << 16)
            except TimeoutError:
                if not self.connection.alive:
                    break
                continue
            except OSError:
                break
            if not data:
                break
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._take(line)
        self._end("the SSH connection is gone" if not self.connection.alive else self._last_words())

    def _beat(self) -> None:
        # That the connection is gone is told by the next read.
        with contextlib.suppress(OSError), self._sending:
            self._channel.sendall(b'{"do": "beat"}\n')

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            self._noise.append(line.decode(errors="replace"))  # a shell's greeting, perhaps
        elif "splitbrain" in said:
            self._ready.set_result(None)
        elif "id" not in said:
            self.on_event(said)
        else:
            answer = self._waiting.pop(said["id"])
            with contextlib.suppress(InvalidStateError):  # nobody waits for it any more
                if "failed" in said:
                    answer.set_exception(InfrastructureError(f"{self.host}: {said['failed']}"))
                else:
                    answer.set_result(said["is"])

    def _last_words(self) -> str:
        """The end of standard error, when the agent has ended."""
        try:
            said = self._channel.recv_stderr(1 << 16).decode(errors="replace").strip()
        except OSError:
            said = ""
        lines = [*self._noise, *said.splitlines()]
        return f"the agent there ended: {lines[-1] if lines else 'it said nothing'}"

    def _end(self, why: str) -> None:
        if self._ended is None and not self._closing:
            self.on_event({"running": False, "lost": why})
        self._ended = self._ended or why
        for answer in (self._ready, *tuple(self._waiting.values())):
            with contextlib.suppress(InvalidStateError):
                answer.set_exception(InfrastructureError(f"{self.host}: {self._ended}"))
        self._waiting.clear()


_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ssh")


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The result of a blocking call, made in one of our threads."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: function(*arguments, **named))


def open_all(hosts: Sequence[RemoteHost], *, everything: bool = False) -> list[AgentClient]:
    """Links to all hosts, at the same time, for one run. If one cannot be had, none is left open, and that host's
    InfrastructureError is raised."""
    run = secrets.token_hex(4)
    coming = [_threads.submit(AgentClient.open, host, run, everything=everything) for host in hosts]
    try:
        return [one.result() for one in coming]
    except BaseException:
        for one in coming:
            one.add_done_callback(_let_go)
        raise


def _let_go(coming: "Future[AgentClient]") -> None:
    """Close a connection that nobody wants any more; the agent then leaves the host as it was."""
    if coming.exception() is None:
        coming.result().connection.close()


def _me() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}, process {os.getpid()}"


def _python(connection: SshConnection) -> list[str]:
    """The command that runs Python there, as root if that was asked for. InfrastructureError says what is missing."""
    host = connection.host
    needs_sudo = host.sudo and host.user != "root"
    python = [*(["sudo", "-n", "--"] if needs_sudo else []), host.python, "-I"]
    code, out, err = connection.run([*python, "-c", VERSION])
    found = [line.split()[1:] for line in out.splitlines() if line.startswith("splitbrain ")]
    if code == 0 and found and tuple(map(int, found[0])) >= OLDEST:
        return python
    said = " ".join(err.split())[:200]
    if needs_sudo and ("password" in said or "sudoers" in said or "not allowed" in said):
        raise InfrastructureError(
            f"{host}: sudo asks user {host.user} for a password ({said}): allow it without one "
            "(NOPASSWD in sudoers), or log in as root"
        )
    if needs_sudo and "sudo" in said and "python" not in said.replace("sudo", ""):
        raise InfrastructureError(f"{host}: sudo cannot be used there: {said}")
    wanted = ".".join(map(str, OLDEST))
    if code == 0 and found:
        raise InfrastructureError(
            f"{host}: {host.python} there is Python {'.'.join(found[0])}, and {wanted} or newer is needed: "
            "install one, and name it by the setting python"
        )
    raise InfrastructureError(
        f"{host}: {host.python} cannot be run there ({said or f'exit code {code}'}): install Python {wanted} or "
        "newer (apt install python3), or name one by the setting python"
    )
