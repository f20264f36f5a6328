"""SshConnection to a host: commands, files, and one program to talk to.

Nothing waits for ever: each call has its time, after which it is an InfrastructureError that names the host. The calls
block, so they are made in threads. Pitfall: an SSH server allows ten sessions at a time by default, and a session
counts until it is closed; so few are open at a time, and each is closed at once. And whoever answers must be known: a
host whose key is not the expected one is refused.
"""

import contextlib
import logging
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from splitbrain.harness.environments.ssh.hosts import RemoteHost, private_key, public_key
from splitbrain.harness.errors import InfrastructureError

T = TypeVar("T")

CONNECT_SECONDS = 10.0
CALL_SECONDS = 20.0
COPY_SECONDS = 120.0
SESSIONS = 3
"""Open at a time on one connection; servers allow ten unless told otherwise."""


class SshConnection:
    """A connection to a host. Its methods block, and raise InfrastructureError in one sentence."""

    def __init__(self, host: RemoteHost, client: Any) -> None:
        self.host = host
        self._client = client
        self._sessions = threading.BoundedSemaphore(SESSIONS)

    @staticmethod
    def connect(host: RemoteHost) -> "SshConnection":
        """A connection to a host that is the one expected."""
        import paramiko

        # Else the library's own words, with a traceback, would stand before ours.
        logging.getLogger("paramiko").addHandler(logging.NullHandler())
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        name = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
        for text in host.host_keys:
            client.get_host_keys().add(name, text.split()[0], public_key(text, str(host)))
        try:
            client.connect(
                host.address,
                host.port,
                host.user,
                pkey=private_key(host.key, str(host)),
                allow_agent=False,
                look_for_keys=False,
                timeout=CONNECT_SECONDS,
                banner_timeout=CONNECT_SECONDS,
                auth_timeout=CONNECT_SECONDS,
                channel_timeout=CONNECT_SECONDS,
            )
        except (paramiko.SSHException, OSError, EOFError) as error:
            client.close()
            raise InfrastructureError(refusal(host, error)) from None
        return SshConnection(host, client)

    @property
    def alive(self) -> bool:
        """Whether the connection is there, as far as can be told."""
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    def run(self, argv: Sequence[str], seconds: float = CALL_SECONDS) -> tuple[int, str, str]:
        """Run a command with nothing to read: (exit code, standard output, standard error)."""
        with self._session(seconds) as channel:
            # Not `shutdown_write`: its end of input may come after our answer to the end of the command, and a server
            # drops the connection for a message to a session that is over.
            channel.exec_command(f"{shlex.join(argv)} < /dev/null")
            ends = time.monotonic() + seconds
            out = _all(channel.recv, ends)
            err = _all(channel.recv_stderr, ends)
            if not channel.status_event.wait(max(0.0, ends - time.monotonic())):
                raise TimeoutError
            return channel.recv_exit_status(), out.decode(errors="replace"), err.decode(errors="replace")

    def talk(self, command: str) -> Any:
        """Start a program, by a line for the shell, and keep the session open: paramiko's channel to it."""
        with self._told(CALL_SECONDS):
            channel = self._opened(CALL_SECONDS)
            channel.settimeout(CALL_SECONDS)
            channel.exec_command(command)
            return channel

    def with_files(self, work: Callable[[Any], T], seconds: float = COPY_SECONDS) -> T:
        """Do something with paramiko's `SFTPClient`."""
        import paramiko

        with self._session(seconds) as channel:
            channel.invoke_subsystem("sftp")
            files = paramiko.SFTPClient(channel)
            try:
                return work(files)
            finally:
                files.close()

    def put(self, source: Path, goal: str) -> None:
        """Copy a file there; what is there already is overwritten in one step."""

        def work(files: Any) -> None:
            part = f"{goal}.part"
            files.put(str(source), part)
            files.chmod(part, 0o755)
            files.posix_rename(part, goal)

        self.with_files(work)

    def close(self) -> None:
        """Let go; safe to call twice."""
        self._client.close()

    def _opened(self, seconds: float) -> Any:
        """A new session."""
        transport = self._client.get_transport()
        if transport is None:
            raise EOFError
        return transport.open_session(timeout=seconds)

    @contextlib.contextmanager
    def _session(self, seconds: float) -> Iterator[Any]:
        with self._told(seconds):
            if not self._sessions.acquire(timeout=seconds):
                raise TimeoutError
            try:
                channel = self._opened(seconds)
                try:
                    channel.settimeout(seconds)
                    yield channel
                finally:
                    channel.close()
            finally:
                self._sessions.release()

    @contextlib.contextmanager
    def _told(self, seconds: float) -> Iterator[None]:
        """Context whose errors are told as InfrastructureErrors that name the host."""
        import paramiko

        try:
            yield
        except TimeoutError:
            raise InfrastructureError(f"{self.host} did not answer within {seconds:g} s") from None
        except paramiko.SFTPError as error:
            raise InfrastructureError(f"{self.host}: files: {error}") from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            if "Timeout" in str(error):  # the library's own word for a session that is not opened in time
                raise InfrastructureError(f"{self.host} did not answer within {seconds:g} s") from None
            what = str(error) or type(error).__name__ if self.alive else "the SSH connection is gone"
            raise InfrastructureError(f"{self.host}: {what}") from None


def _all(receive: Callable[[int], bytes], ends: float) -> bytes:
    """All that comes until the end; TimeoutError if that does not come in time."""
    found = b""
    while data := receive(1 << 16):
        found += data
        if time.monotonic() > ends:
            raise TimeoutError
    return found


def refusal(host: RemoteHost, error: Exception) -> str:
    """The reason that there is no connection, in one sentence with what to do."""
    import paramiko

    where = f"{host}, port {host.port}"
    if isinstance(error, paramiko.BadHostKeyException):
        return (
            f"{where}: its host key is {error.key.get_name()} {error.key.get_base64()}, which is not the one expected: "
            "this is another machine, or it was set up anew; if that is right, correct host_key or known_hosts"
        )
    if isinstance(error, paramiko.AuthenticationException):
        return f"{where}: user {host.user} was refused with key {host.key}: add it to that user's authorized_keys"
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        causes = {cause.strerror or str(cause) for cause in error.errors.values()}
        return f"{where}: {'; '.join(sorted(causes))}: is the SSH server running there?"
    if isinstance(error, TimeoutError):
        return f"{where}: no answer within {CONNECT_SECONDS:g} s: is the host up, and is the address right?"
    text = str(error) or type(error).__name__
    if "host key" in text.lower() or "known_hosts" in text or "key exchange" in text.lower():
        kinds = ", ".join(key.split()[0] for key in host.host_keys)
        return f"{where}: the host does not identify itself by a key that is known of it ({kinds}): {text}"
    return f"{where}: {text}"
