"""Access to a cluster that exists: endpoints, TLS, a user; the password comes by an environment variable."""

import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option, Setting


@dataclass(frozen=True)
class Access:
    """Access to nodes: paths of PEM files for TLS; user and password where the cluster asks for them. scheme: of URLs
    with TLS."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    user: str = ""
    password: str = ""
    scheme: str = ""

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The context of TLS connections; loading certificates takes 30 ms, so it is made once."""
        context = ssl.create_default_context(cafile=self.ca or None)
        if self.cert:
            context.load_cert_chain(self.cert, self.key or None)
        return context

    def host_and_port(self, address: str, port: int) -> tuple[str, int, bool]:
        """Host, port and whether TLS is asked for, of an IP address or name, or of a URL."""
        if "://" not in address:
            return address, port, False
        parts = urlsplit(address)
        return parts.hostname or "", parts.port or port, parts.scheme == self.scheme


PLAIN = Access()
CONNECT_SECONDS = 2.0
"""A node that does not even accept a connection for so long was not reached."""


def access_options(owner: str) -> tuple[Option, ...]:
    """The options for reaching a cluster that exists."""
    return (
        Option("endpoints", "", "an existing cluster, as URL+URL+…; no faults are injected"),
        Option("ca", "", "for endpoints with TLS: file of the authority's certificate"),
        Option("cert", "", "likewise: file of the client's certificate"),
        Option("key", "", "likewise: file of the client's key"),
        Option("user", "", "for endpoints that ask for one: the user's name"),
        Option("password_env", f"{owner.upper()}_PASSWORD", "the environment variable that holds the password"),
    )


def endpoints(owner: str, settings: Mapping[str, Setting], schemes: Sequence[str]) -> tuple[str, ...]:
    """The URLs of the nodes, in order. UsageError if one is none, or holds a user or password: URLs are kept with every
    run, in reports and folder names."""
    urls = tuple(filter(None, str(settings["endpoints"]).split("+")))
    for url in urls:
        if "@" in url.partition("://")[2].partition("/")[0] or "@" in url.partition("://")[0]:
            raise UsageError(
                f"{owner}: option endpoints takes no user or password in a URL, as URLs are kept with every run: give "
                f"the name with user=NAME and the password in an environment variable, {owner}:password_env=VARIABLE"
            )
        if urlsplit(url).scheme not in schemes or not urlsplit(url).hostname:
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise UsageError(f"{owner}: option endpoints is URL+URL+… with {wanted}, not {url!r}")
    return urls


def access(owner: str, settings: Mapping[str, Setting], scheme: str) -> Access:
    """The access that the options give; UsageError if the password of a user is not there."""
    word = {name: str(settings[name]) for name in ("ca", "cert", "key", "user", "password_env")}
    password = os.environ.get(word["password_env"], "") if word["user"] else ""
    if word["user"] and not password:
        raise UsageError(f"{owner}: option user needs the password in the environment variable {word['password_env']}")
    return Access(word["ca"], word["cert"], word["key"], word["user"], password, scheme)
