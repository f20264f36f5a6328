"""Machines for tests: containers that run an SSH server, with keys made for the occasion.

python machines.py: make their image beforehand.
"""

import contextlib
import fcntl
import functools
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.deployment import BuiltImage
from splitbrain.harness.environments.docker import network
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.images import Image, build, listed
from splitbrain.harness.environments.docker.orphans import LABEL, labels, remove
from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.etcd.target import SOFTWARE

PACKAGES = "openssh-server,iproute2,nftables,iptables,procps,strace,python3,sudo"
SUITE = "bookworm"
USER = "tester"
SUDOERS = f"{USER} ALL=(ALL) NOPASSWD: ALL\n"
RIGHTS = ("NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE")
"""Rights of root on a machine that it has not in a container."""
UP_SECONDS = 120.0
UNNEEDED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


def _fill(folder: Path) -> None:
    # One that is killed would leave /proc mounted in there, but for a mount namespace of its own.
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    command = [*apart, "debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InfrastructureError(f"debootstrap failed: {(done.stdout + done.stderr)[-500:]}")
    for name in UNNEEDED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for key in (folder / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (folder / "run/sshd").mkdir(parents=True, exist_ok=True)
    subprocess.run(["chroot", str(folder), "useradd", "--create-home", "--shell", "/bin/sh", USER], check=True)


IMAGE = BuiltImage("splitbrain/sshd:1", lambda: f"{SUITE} with {PACKAGES}", _fill)


@functools.cache
def lacking() -> str | None:
    """The reason that there can be no such machines here, None if there can."""
    if SOFTWARE.available(SOFTWARE.resolve("")) is None:
        return "there is no etcd here"
    try:
        daemon = Daemon.connect()
    except InfrastructureError as error:
        return str(error)
    with contextlib.closing(daemon):
        if not any(image.name == IMAGE.name for image in listed(daemon)) and shutil.which("debootstrap") is None:
            return "debootstrap not found: install debootstrap, which the image of an SSH server is made with"
    return None


reason = lacking()
needs_machines = pytest.mark.skipif(reason is not None, reason=reason or "")


@dataclass(frozen=True)
class Key:
    """A key pair: OpenSSH's form of both halves."""

    private: bytes
    public: str


def new_key() -> Key:
    """A new key pair."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made = Ed25519PrivateKey.generate()
    private = made.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    public = made.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    return Key(private, public.decode())


@dataclass
class SshMachine:
    """One machine. key: of its server."""

    daemon: Daemon
    container: str
    address: str
    key: Key

    def do(self, *words: str, expect: int | None = 0) -> str:
        """Run a command on it, not by way of SSH; what it says."""
        made = self.daemon.api.exec_create(self.container, list(words), stdin=False)
        said: str = self.daemon.api.exec_start(made["Id"]).decode()
        code = self.daemon.api.exec_inspect(made["Id"])["ExitCode"]
        assert expect is None or code == expect, (words, code, said)
        return said

    def put(self, path: str, contents: bytes | str, mode: int = 0o644) -> None:
        """Write a file on it."""
        buffer = io.BytesIO()
        data = contents if isinstance(contents, bytes) else contents.encode()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(data), mode, int(time.time())
            tar.addfile(entry, io.BytesIO(data))
        self.daemon.api.put_archive(self.container, "/", buffer.getvalue())

    def configure(self, name: str, contents: str | None) -> None:
        """Give its server a further file of configuration, None to take it away, and wait until that is in force."""
        path = f"/etc/ssh/sshd_config.d/{name}.conf"
        if contents is None:
            self.do("rm", path)
        else:
            self.put(path, contents)
        # It writes its process id anew once it listens with what it has read.
        again = "pid=$(cat /run/sshd.pid) && rm /run/sshd.pid && kill -HUP $pid"
        self.do("sh", "-c", again + " && timeout 60 sh -c 'until test -s /run/sshd.pid; do sleep 0.05; done'")

    def leftovers(self) -> str:
        """The traces of a run there: folders, processes, rules; empty if nothing."""
        folders = self.do("sh", "-c", "ls -d /var/tmp/splitbrain* 2>/dev/null || true")
        processes = self.do("sh", "-c", "grep -l SPLITBRAIN_RUN /proc/[0-9]*/environ 2>/dev/null || true")
        tables = self.do("nft", "list", "tables", "inet") + self.do("iptables-nft", "-t", "mangle", "-S")
        return folders + processes + "".join(line for line in tables.splitlines() if "splitbrain" in line)


@dataclass
class Machines:
    """Several machines, and our key to them in a folder."""

    all: Sequence[SshMachine]
    folder: Path

    def file(self, count: int | None = None, name: str = "hosts.toml", **common: object) -> Path:
        """A hosts file for them. common: settings for all, instead of root and our key."""
        given: dict[str, object] = {"user": "root", "key": "key", **common}
        lines = [
            f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in given.items()
        ]
        for machine in self.all[:count]:
            lines += ["", "[[host]]", f"address = {machine.address!r}", f"host_key = {machine.key.public!r}"]
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n")
        return path


@contextlib.contextmanager
def machines(count: int, folder: Path) -> Iterator[Machines]:
    """Machines, removed afterwards. folder: where our key goes."""
    import asyncio

    daemon = Daemon.connect()
    marks = labels(folder)
    ours = new_key()
    (folder / "key").write_bytes(ours.private)
    try:
        image = _image(daemon)
        names = [f"h{number + 1}" for number in range(count)]
        net = asyncio.run(network.create(daemon, names, marks))
        made = [_started(daemon, image.id, net, name, marks, ours) for name in names]
        _answer([machine.address for machine in made])
        yield Machines(made, folder)
    finally:
        remove(daemon, marks[LABEL])
        daemon.close()


def _image(daemon: Daemon) -> Image:
    """The image, made by one test process if it has to be, while the others wait."""
    with (Path(tempfile.gettempdir()) / f"splitbrain-sshd-image-{os.getuid()}").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return build(daemon, IMAGE)


def _started(
    daemon: Daemon, image: str, net: network.ContainerNetwork, name: str, marks: dict[str, str], ours: Key
) -> SshMachine:
    api = daemon.api
    host = api.create_host_config(
        network_mode=net.name,
        cap_add=list(RIGHTS),
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        init=True,
        devices=["/dev/fuse"] if Path("/dev/fuse").exists() else [],
        log_config={"Type": "none"},
    )
    endpoint: Any = api.create_networking_config(
        {net.name: api.create_endpoint_config(ipv4_address=net.addresses[name])}
    )
    made = api.create_container(
        image,
        ["/usr/sbin/sshd", "-D", "-e"],
        name=f"{net.name}-{name}",
        hostname=name,
        labels=dict(marks),
        host_config=host,
        networking_config=endpoint,
    )
    machine = SshMachine(daemon, made["Id"], net.addresses[name], new_key())
    machine.put("/etc/ssh/ssh_host_ed25519_key", machine.key.private, 0o600)
    machine.put("/root/.ssh/authorized_keys", ours.public + "\n", 0o600)
    machine.put(f"/home/{USER}/.ssh/authorized_keys", ours.public + "\n")
    machine.put("/etc/sudoers.d/tester", SUDOERS, 0o440)
    api.start(made["Id"])
    return machine


def _answer(addresses: Sequence[str]) -> None:
    """Wait until SSH servers answer."""
    import socket

    deadline = time.monotonic() + UP_SECONDS
    for address in addresses:
        while True:
            try:
                with socket.create_connection((address, 22), 2.0) as connection:
                    if connection.recv(4) == b"SSH-":
                        break
            except OSError:
                assert time.monotonic() < deadline, f"no SSH server at {address}"
                time.sleep(0.05)


if __name__ == "__main__":
    with contextlib.closing(Daemon.connect()) as there:
        print(build(there, IMAGE).words())
