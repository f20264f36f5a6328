"""The TOML file of hosts. Every mistake in it is one sentence with the file's name.

    user = "root"               # for all hosts: user, key, port, sudo, python, known_hosts; or in a host's own entry
    key = "id_ed25519"          # relative to this file

    [[host]]
    address = "198.51.100.11"
    host_key = "ssh-ed25519 AAAA…"

Pitfall: a host that is taken at its word could be any other. So its key has to be known before: given here, or by a
file such as `~/.ssh/known_hosts`.
"""

import ipaddress
import itertools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.errors import UsageError

KNOWN_HOSTS = "~/.ssh/known_hosts"
DEFAULTS: Mapping[str, object] = {
    "user": "root",
    "port": 22,
    "sudo": False,
    "python": "python3",
    "known_hosts": KNOWN_HOSTS,
}
COMMON = {**dict.fromkeys(("user", "key", "python", "known_hosts"), str), "port": int, "sudo": bool}
OWN = {**COMMON, **dict.fromkeys(("name", "address", "host_key"), str)}
KINDS = {str: "a text", int: "a number", bool: "true or false"}


@dataclass(frozen=True)
class RemoteHost:
    """A host as the file describes it.

    key: the file of our private key. host_keys: the keys by which the host may identify itself, as "type base64".
    sudo: whether to become root there. python: the interpreter there.
    """

    address: str
    port: int
    user: str
    key: Path
    host_keys: tuple[str, ...]
    sudo: bool = False
    python: str = "python3"
    name: str = ""

    def __str__(self) -> str:
        """The name in messages."""
        return f"{self.name} ({self.address})" if self.name else self.address


def read(file: str | Path, count: int | None = None) -> tuple[RemoteHost, ...]:
    """The first `count` hosts of a file, or all. UsageError if there are fewer, or anything is wrong with the file."""
    path = Path(file)
    try:
        whole = tomllib.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"--hosts {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--hosts {file}: this is no TOML: {error}") from None
    listed = whole.pop("host", None)
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise UsageError(f"--hosts {file}: expected a table [[host]] for each host, with its address")
    _typed(whole, COMMON, f"--hosts {file}")
    machines = [
        _machine({**DEFAULTS, **whole, **entry}, entry, f"--hosts {file}: host {number}", path.parent)
        for number, entry in enumerate(listed, 1)
    ]
    addresses = [machine.address for machine in machines]
    twice = next((address for address in addresses if addresses.count(address) > 1), None)
    if twice:
        raise UsageError(f"--hosts {file}: {twice} is there twice; each node needs a host of its own")
    if count is not None and len(machines) < count:
        raise UsageError(f"--hosts {file} has {len(machines)} hosts, and {count} nodes need as many: see --nodes")
    return tuple(machines if count is None else machines[:count])


def _typed(given: Mapping[str, Any], kinds: Mapping[str, type], where: str) -> None:
    for name, value in given.items():
        if name not in kinds:
            raise UsageError(f"{where}: there is no setting {name!r}; there are {', '.join(kinds)}")
        if type(value) is not kinds[name]:
            raise UsageError(f"{where}: {name} is {KINDS[kinds[name]]}, not {value!r}")


def _machine(given: Mapping[str, Any], own: Mapping[str, Any], where: str, exec_in_node: Path) -> RemoteHost:
    _typed(own, OWN, where)
    missing = next((name for name in ("address", "key") if name not in given), None)
    if missing:
        raise UsageError(f"{where}: {missing} is missing")
    address, port = given["address"], given["port"]
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise UsageError(f"{where}: address is an IPv4 address that its node can listen on, not {address!r}") from None
    if not 0 < port < 65536:
        raise UsageError(f"{where}: port is a number from 1 to 65535, not {port}")
    key = exec_in_node / Path(given["key"]).expanduser()
    private_key(key, where)
    if "host_key" in own:
        host_keys: Sequence[str] = [_host_key(own["host_key"], where)]
    else:
        host_keys = _known(exec_in_node / Path(given["known_hosts"]).expanduser(), address, port, where)
    return RemoteHost(
        address, port, given["user"], key, tuple(host_keys), given["sudo"], given["python"], given.get("name", "")
    )


def private_key(file: Path, where: str) -> Any:
    """Our key, for paramiko. UsageError if there is none in the file, or it asks for a passphrase."""
    import paramiko

    try:
        return paramiko.PKey.from_path(file)
    except FileNotFoundError:
        raise UsageError(f"{where}: there is no key {file}") from None
    except OSError as error:
        raise UsageError(f"{where}: key {file}: {error.strerror}") from None
    except (TypeError, paramiko.PasswordRequiredException):
        raise UsageError(
            f"{where}: key {file} asks for a passphrase, and nobody is there to type it: use one without"
        ) from None
    except Exception as error:  # noqa: BLE001 - the libraries underneath raise errors of many kinds for what is no key
        raise UsageError(f"{where}: {file} is no private key that can be used: {error}") from None


def _host_key(line: str, where: str) -> str:
    """ "type base64" out of a line of known_hosts, or of a `.pub` file."""
    words = line.split()
    for kind, data in itertools.pairwise(words):
        if data.startswith("AAAA"):
            found = f"{kind} {data}"
            public_key(found, where)
            return found
    raise UsageError(f"{where}: host_key is a line such as 'ssh-ed25519 AAAA…', not {line!r}")


def public_key(text: str, where: str) -> Any:
    """The key of "type base64", for paramiko. UsageError if it is none."""
    import base64

    import paramiko

    kind, _, data = text.partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(data, validate=True))
    except Exception as error:  # noqa: BLE001 - see above
        raise UsageError(f"{where}: {text[:40]!r} is no public key that can be used: {error}") from None


def _known(file: Path, address: str, port: int, where: str) -> list[str]:
    import paramiko

    advice = f"give host_key, or add the host to {file} (ssh-keyscan shows its keys: compare them)"
    try:
        found = paramiko.HostKeys(str(file)).lookup(address if port == 22 else f"[{address}]:{port}")
    except OSError as error:
        raise UsageError(f"{where}: {file}: {error.strerror}; {advice}") from None
    if not found:
        raise UsageError(f"{where}: the key of {address} port {port} is not known: {advice}")
    return [f"{kind} {key.get_base64()}" for kind, key in found.items()]
